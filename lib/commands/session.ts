/**
 * What a sync of this device works with.
 *
 * @module
 */
import type { VaultKeys } from "../crypto/mod.ts";
import { type Database, readVault, uploadJournal, type VaultRow, writeVault } from "../db/mod.ts";
import type { RequestNote } from "../store/mod.ts";
import type { SyncContext, SyncEvent } from "../sync/mod.ts";
import { duration, printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import { blobsOf } from "./artifact_ref.ts";
import {
  type App,
  DEFAULT_TIMEOUT_S,
  type OpenStore,
  type OpenStoreOptions,
  type StoreOptions,
} from "./app.ts";
import { type Device, requireVaultRow } from "./device.ts";
import { requireKeys } from "./key_file.ts";

/** How stores are opened with these options. */
export function storeOptions(ui: Ui, options: StoreOptions): OpenStoreOptions {
  return {
    timeoutMs: (options.timeout ?? DEFAULT_TIMEOUT_S) * 1000,
    note: (note) => ui.detail(requestLine(note)),
  };
}

/**
 * Runs `work` with the store of this device's vault open.
 *
 * @throws {HxError} `config` where this device is in no vault, its key is missing, or the folder of
 * the store is not there or empty
 */
export async function withSync<T>(
  app: App,
  ui: Ui,
  device: Device,
  options: StoreOptions,
  work: (context: SyncContext) => Promise<T>,
): Promise<T> {
  const vault = requireVaultRow(device.db);
  const keys = await requireKeys(app, ui, vault.vaultId);
  const opened = await app.openStore(vault.location, {
    ...storeOptions(ui, options),
    expectVault: true,
    journal: uploadJournal(device.db, JSON.stringify(vault.location)),
  });
  try {
    return await work({
      db: device.db,
      store: opened.store,
      keys,
      conditionalWrites: vault.capabilities.conditionalPut === "yes",
      conditionalComplete: vault.capabilities.conditionalComplete === "yes",
      blobs: blobsOf(app),
      runtime: app.runtime,
      clock: app.clock,
      random: app.random,
      device: { platform: app.platform, hxVersion: app.version },
      signal: app.signal,
      meter: opened.meter,
      notify: (event) => tell(ui, event),
      confirmDeletes: async (question) => {
        const { confirmDeletes } = await import("./confirm_deletes.ts");
        return await confirmDeletes(app, ui, question);
      },
    });
  } finally {
    ui.done();
    opened.close();
    keepFindings(ui, device.db, vault, opened);
  }
}

/** Clocks further apart than this make S3 servers refuse requests, in milliseconds. */
export const MAX_SKEW_MS = 5 * 60 * 1000;

/** Remembers where the vault was really found, and tells of a clock that is wrong. */
function keepFindings(ui: Ui, db: Database, vault: VaultRow, opened: OpenStore): void {
  const location = opened.location();
  if (JSON.stringify(location) !== JSON.stringify(vault.location)) {
    writeVault(db, { ...readVault(db) ?? vault, location });
    ui.note("The bucket is in another region than was said; this device remembers the right one.");
  }
  const skewMs = opened.skewMs?.() ?? 0;
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return;
  const which = skewMs > 0 ? "behind" : "ahead of";
  ui.warn(
    `this machine's clock is ${duration(Math.abs(skewMs))} ${which} the storage's`,
    "requests were signed by the storage's clock; set this one right, new commands get its time",
  );
}

/** The vault's keys where this device is enrolled; a device without a vault has none to need. */
export async function keysIfEnrolled(
  app: App,
  ui: Ui,
  db: Database,
): Promise<VaultKeys | undefined> {
  const vault = readVault(db);
  return vault && await requireKeys(app, ui, vault.vaultId);
}

function tell(ui: Ui, event: SyncEvent): void {
  if (event.type === "progress") ui.progress(event.phase, event.done, event.total);
  else if (event.type === "transfer") ui.progress(event.phase, event.done, event.total, "bytes");
  else ui.warn(event.message, event.hint);
}

function requestLine({ operation, key, attempt, outcome, milliseconds }: RequestNote): string {
  const again = attempt > 1 ? ` (try ${attempt})` : "";
  const what = key === "" ? operation : `${operation} ${printable(key)}`;
  return `${what}: ${outcome} in ${duration(milliseconds)}${again}`;
}
