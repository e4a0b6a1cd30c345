/**
 * `hx doctor` on the database, its lock, and what the last syncs left in it.
 *
 * @module
 */
import {
  asDatabaseError,
  countEvents,
  type Database,
  readVault,
  takeSyncLock,
  type VaultRow,
} from "../../db/mod.ts";
import { HxError, isCategory } from "../../errors.ts";
import { readStatus, type SyncStatus } from "../../sync/mod.ts";
import { bytes, counted, localTime, printable } from "../../ui/text.ts";
import type { App } from "../app.ts";
import { databasePath, readDevice } from "../device.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** A log that has grown to this was not written back for long: something keeps it open. */
const LARGE_LOG_BYTES = 64 * 1024 * 1024;
/** Commands of other devices may come from clocks that are a little ahead. */
const FUTURE_MS = 24 * 3600 * 1000;

/** What the database tells. */
export interface DatabaseReport {
  findings: Finding[];
  /** The vault that this device is in, if any; `unknown` where that could not be read. */
  vault: VaultRow | "unknown" | undefined;
}

/** Looks at the database; where it does not even open, that is the one finding. */
export async function databaseReport(app: App): Promise<DatabaseReport> {
  const findings: Finding[] = [];
  let path = "hx.db";
  try {
    path = databasePath(app);
    // Before it is opened: whoever closes it last empties the log.
    const logBytes = await sizeOf(`${path}-wal`);
    const size = await sizeOf(path);
    using device = readDevice(app);
    const { db, lockPath } = device;
    findings.push(...contentFindings(db, size, logBytes), ...await lockFindings(lockPath));
    if (size !== undefined) findings.push(...timeFindings(db, app.clock()));
    const vault = readVault(db);
    const store = vault && await app.formatStore(vault.location);
    findings.push(
      enrolment(vault, store),
      ...statusFindings(await readStatus(db, store, app.platform)),
    );
    return { findings, vault };
  } catch (error) {
    const failure = fail("database", asDatabaseError(error, path));
    return { findings: [...findings, failure], vault: "unknown" };
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).size;
  } catch {
    return undefined;
  }
}

function contentFindings(db: Database, size?: number, logBytes = 0): Finding[] {
  if (size === undefined) return [ok("database", "not there yet; hx makes it when it is needed")];
  const problems = db.all<{ quick_check: string }>("PRAGMA quick_check(3)")
    .map((row) => row.quick_check).filter((line) => line !== "ok");
  if (problems.length > 0) throw damaged(problems.join("; "));
  const { user_version: schema } = db.get<{ user_version: number }>("PRAGMA user_version")!;
  const log = `${bytes(logBytes)} log`;
  const found = [ok(
    "database",
    `${counted(countEvents(db), "command")}, ${bytes(size)}, ${log}, schema ${schema}, checked`,
  )];
  if (logBytes > LARGE_LOG_BYTES) {
    found.push(warn("database", `its log has grown to ${bytes(logBytes)}`, "end other runs of hx"));
  }
  return found;
}

function damaged(found: string): HxError {
  return new HxError("corrupt", `the database is damaged: ${printable(found, 200)}`, {
    hint: "move hx.db away; `hx sync join` with the recovery words and `hx import` fill a new one",
  });
}

/** It is asked for by taking it, and given back at once. */
async function lockFindings(path: string): Promise<Finding[]> {
  if (await sizeOf(path) === undefined) return [ok("lock", "no sync is running")];
  try {
    takeSyncLock(path).release();
    return [ok("lock", "no sync is running")];
  } catch (error) {
    if (!isCategory(error, "busy")) throw error;
    return [warn("lock", "a sync of this device is running", "wait for it to finish")];
  }
}

function timeFindings(db: Database, now: number): Finding[] {
  const newest = db.get<{ at: number | null }>("SELECT max(started_at) AS at FROM event")?.at ?? 0;
  if (newest * 1000 <= now + FUTURE_MS) return [];
  return [warn(
    "clock",
    `the newest command here is of ${localTime(newest * 1000)}, which is yet to come`,
    "is this clock right? if so, that of the device which recorded it was not",
  )];
}

function enrolment(vault?: VaultRow, store?: string): Finding {
  if (vault) return ok("vault", `"${printable(vault.name)}" at ${printable(store ?? "-")}`);
  return warn(
    "vault",
    "this device is in no vault",
    "`hx sync` for one on this machine, `hx sync init` at a store, `hx sync join` for another's",
  );
}

/** What waits, what is missing, and an error that no good run has followed. */
export function statusFindings(status: SyncStatus): Finding[] {
  if (!status.vault) return [];
  const { pending, holes, last_error: error, last_pull: pull, last_push: push } = status;
  const waiting = Object.values(pending).reduce((sum, n) => sum + n, 0);
  const found = [
    waiting === 0 ? ok("pending", "nothing waits to be published") : ok(
      "pending",
      `${counted(waiting, "thing")} to publish with the next \`hx sync\``,
    ),
  ];
  if (holes > 0) {
    const hint = "sync on the other devices; if they stay, `hx sync repair` there, then here";
    found.push(
      warn("pending", `${counted(holes, "object")} announced, not in the store yet`, hint),
    );
  }
  if (error && [pull, push].some((run) => run?.ok === false)) {
    const what = `the last ${error.operation} failed (${error.category}): ${
      printable(error.message)
    }`;
    found.push(warn("last-run", what, error.hint ?? undefined));
  }
  return found;
}
