/**
 * Opening another tool's SQLite database so that nothing is written to it or next to it.
 *
 * To read a database in WAL mode, SQLite makes a `-wal` and a `-shm` file beside it where they are
 * not there already. (`immutable=1` would keep it from that, but takes a URI, which Deno allows only
 * with all permissions.)
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { basename, join } from "node:path";
import { HxError } from "../../errors.ts";

/** How long another process's write is waited for, in milliseconds. */
const BUSY_MS = 10_000;
/** Where a database says how it is to be read, and what says WAL (sqlite.org/fileformat.html, 1.3). */
const READ_VERSION_AT = 19;
const WAL_VERSION = 2;
/** How often a file is copied again that changes while it is copied. */
const TRIES = 5;

/** A database that is open for reading. */
export interface Snapshot extends Disposable {
  /** The handle. */
  sqlite: DatabaseSync;
}

/**
 * Opens a database to read it: in its place, under SQLite's locks, where that leaves nothing beside
 * it; a copy otherwise.
 *
 * @param scratch a folder of one's own, for such a copy
 * @throws {HxError} `busy` where it changes all the time
 */
export function openSnapshot(path: string, scratch: string): Snapshot {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const inUse = isThere(`${path}-wal`) && isThere(`${path}-shm`);
    if (inUse || !usesLog(path)) return snapshotOf(path);
    const copy = copied(path, scratch);
    if (copy) return copy;
  }
  throw new HxError("busy", `importing from ${path}: it changes all the time`, {
    hint: "import when its tool has finished, or import a copy of the file",
  });
}

function snapshotOf(path: string, close = () => {}): Snapshot {
  const sqlite = new DatabaseSync(path, {
    readOnly: true,
    timeout: BUSY_MS,
    enableForeignKeyConstraints: false,
    enableDoubleQuotedStringLiterals: false,
  });
  // What a schema defines calls no function that could do harm.
  sqlite.exec("PRAGMA trusted_schema = OFF");
  return {
    sqlite,
    [Symbol.dispose]: () => {
      sqlite.close();
      close();
    },
  };
}

/** A copy of a database with its log; undefined where one of them changed meanwhile. */
function copied(path: string, scratch: string): Snapshot | undefined {
  const folder = Deno.makeTempDirSync({ dir: scratch, prefix: "import-" });
  const remove = () => Deno.removeSync(folder, { recursive: true });
  try {
    const before = stamp(path);
    const copy = join(folder, basename(path));
    Deno.copyFileSync(path, copy);
    if (isThere(`${path}-wal`)) Deno.copyFileSync(`${path}-wal`, `${copy}-wal`);
    if (stamp(path) === before) return snapshotOf(copy, remove);
  } catch (error) {
    remove();
    throw error;
  }
  remove();
}

function usesLog(path: string): boolean {
  using file = Deno.openSync(path);
  const header = new Uint8Array(READ_VERSION_AT + 1);
  return file.readSync(header) === header.length && header[READ_VERSION_AT] === WAL_VERSION;
}

/** What changes when a database or its log does. */
function stamp(path: string): string {
  return [path, `${path}-wal`].filter(isThere).map((one) => {
    const { ino, size, mtime } = Deno.statSync(one);
    return `${ino} ${size} ${mtime?.getTime()}`;
  }).join(", ");
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
