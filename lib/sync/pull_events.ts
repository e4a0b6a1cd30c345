/** Reading a vault from a program that has no use for a device of its own. */
import { type Database, exportEvents, type ExportRow, lastEventId } from "../db/mod.ts";
import { newIdentity, openDatabase, readIdentity, readVault, writeVault } from "../db/mod.ts";
import { HxError } from "../errors.ts";
import { uuid4 } from "../format/mod.ts";
import { Meter, type SyncStore } from "../store/mod.ts";
import type { SyncEvent } from "./context.ts";
import { pull } from "./pull.ts";
import type { RunReport } from "./report.ts";
import { joinVault } from "./vault.ts";

/** What reading a vault takes. */
export interface VaultReader {
  /** Where the vault lies; nothing is written there, so credentials that only read will do. */
  store: SyncStore;
  /** K_master, 32 bytes: {@link masterFromWords} makes it of the 24 words. */
  master: Uint8Array<ArrayBuffer>;
  /**
   * What was read before, from {@link openDatabase}: with the same one in the next run, only what is new
   * is fetched and given. @default one in memory, which takes about as much as the history
   */
  db?: Database;
  /** Stops the work at the next safe point. */
  signal?: AbortSignal;
  /** Told of progress, and of objects that could not be read, which stop no others. */
  notify?: (event: SyncEvent) => void;
}

/**
 * Pulls a vault, and gives each event that is new, in time order. All checks of the format are made, and
 * deletions are obeyed: what a tombstone covers is not given. Of an event that was given in an earlier
 * run and was forgotten since nothing is told; it is gone from `db`, which {@link exportEvents} reads.
 *
 * @example Count what was run where
 * ```ts
 * import { createVault, generateMaster, MemoryStore, pullEvents, uuid4 } from "../../mod.ts";
 *
 * const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
 * const store = new MemoryStore();
 * const master = generateMaster(random);
 * const made = { vaultId: uuid4(random), master, name: "history", nodeId: uuid4(random) };
 * const { signal } = new AbortController();
 * await createVault({ store, clock: Date.now, random, signal }, made);
 *
 * const runs = new Map<string, number>();
 * const report = await pullEvents({ store, master }, ({ host }) => {
 *   runs.set(host ?? "?", (runs.get(host ?? "?") ?? 0) + 1);
 * });
 * console.assert(report.ok && runs.size === 0);
 * ```
 *
 * @param take gets the events one by one; what it throws ends the run
 * @returns what was fetched, and what was rejected, by kind and category
 * @throws {HxError} `not-found`, `auth` and `corrupt` as {@link joinVault}; `config` where `db` is of
 * another vault; whatever the store fails with
 */
export async function pullEvents(
  reader: VaultReader,
  take: (event: ExportRow) => void | Promise<void>,
): Promise<RunReport> {
  const { store, master, notify = () => {}, signal = new AbortController().signal } = reader;
  const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
  const here = { store, clock: Date.now, random, signal };
  const vault = await joinVault({ ...here, readOnly: true }, master);
  const db = reader.db ?? openDatabase(":memory:");
  try {
    enrol(db, vault, uuid4(random));
    const before = lastEventId(db);
    const report = await pull({
      ...here,
      db,
      keys: vault.keys,
      conditionalWrites: false, // nothing is written
      device: { platform: "library", hxVersion: "0" },
      meter: new Meter(),
      notify,
    });
    for (const event of exportEvents(db, before)) {
      signal.throwIfAborted();
      await take(event);
    }
    return report;
  } finally {
    if (!reader.db) db.close();
  }
}

/** Pulling asks who this is; a reader is nobody that ever publishes. */
function enrol(
  db: Database,
  { vaultId, name, capabilities }: Awaited<ReturnType<typeof joinVault>>,
  nodeId: string,
): void {
  const known = readVault(db);
  if (known && known.vaultId !== vaultId) {
    throw new HxError("config", `the database is of the vault ${known.vaultId}, not ${vaultId}`, {
      hint: "take another file for this vault",
    });
  }
  if (known && readIdentity(db)) return;
  db.transaction(() => {
    writeVault(db, { vaultId, name, location: null, capabilities });
    newIdentity(db, nodeId, "reader");
  });
}
