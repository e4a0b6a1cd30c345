/**
 * This device's own data: the database, and the folder that it lies in.
 *
 * @module
 */
import {
  type Database,
  openDatabase,
  readMeta,
  readVault,
  type VaultRow,
  writeMeta,
} from "../db/mod.ts";
import { HxError } from "../errors.ts";
import type { App } from "./app.ts";

/** The open data of this device. */
export interface Device extends Disposable {
  /** The database. */
  db: Database;
  /** The sync lock's file. */
  lockPath: string;
}

/** The database's file. */
export function databasePath(app: Pick<App, "dataDir">): string {
  return `${app.dataDir}/hx.db`;
}

function lockPathOf(app: App): string {
  return `${app.dataDir}/lock.db`;
}

/** Opens the database; makes it, its folder (0700) and its files (0600) where they are missing. */
export function openDevice(app: App): Device {
  const lockPath = lockPathOf(app);
  try {
    Deno.mkdirSync(app.dataDir, { recursive: true, mode: 0o700 });
    // SQLite gives the files it makes beside the database the database's mode.
    for (const path of [databasePath(app), lockPath]) makePrivate(path);
  } catch (cause) {
    throw new HxError("config", `the data folder ${app.dataDir} can't be used`, {
      hint: "check the disk, owner and mode, or point HX_DATA_DIR elsewhere",
      cause,
    });
  }
  return deviceOf(openDatabase(databasePath(app)), lockPath);
}

/** Opens the database to read it; where there is none yet, an empty one that leaves no trace. */
export function readDevice(app: App): Device {
  const path = databasePath(app);
  const lockPath = lockPathOf(app);
  return deviceOf(openDatabase(isThere(path) ? path : ":memory:"), lockPath);
}

function deviceOf(db: Database, lockPath: string): Device {
  return { db, lockPath, [Symbol.dispose]: () => db.close() };
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

function makePrivate(path: string): void {
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/** The vault that this device is enrolled in. @throws {HxError} `config` where there is none */
export function requireVaultRow(db: Database): VaultRow {
  const vault = readVault(db);
  if (vault) return vault;
  throw new HxError("config", "this device is not in a vault yet", {
    hint: "run `hx sync` for one on this machine, `hx sync init` for a new one at a store, or " +
      "`hx sync join` for that of another device",
  });
}

/**
 * The name that this device's imports go under: the host's name, or the one that was given, when it was
 * first asked for.
 */
export function deviceLabel(app: App, db: Database, given?: string): string {
  const known = readMeta(db, "import_label");
  if (known !== undefined) return known;
  const label = given ?? app.hostname();
  writeMeta(db, "import_label", label);
  return label;
}
