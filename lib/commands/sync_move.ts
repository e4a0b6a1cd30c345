/**
 * `hx sync move`: takes the vault to another store.
 *
 * @module
 */
import { takeSyncLock, uploadJournal, writeVault } from "../db/mod.ts";
import { HxError } from "../errors.ts";
import { type Copied, copyVault, type OpenedVault, openVault } from "../sync/mod.ts";
import { counted } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, OpenStore, StoreChoice, StoreOptions } from "./app.ts";
import { type Device, openDevice, requireVaultRow } from "./device.ts";
import { vaultContext } from "./enrol.ts";
import { requireKey } from "./key_file.ts";
import { storeOptions, withSync } from "./session.ts";

/** What `hx sync move` takes. */
export interface MoveOptions extends StoreOptions, StoreChoice {
  /** The URI of the other store. */
  store: string;
  /** Everything is sealed anew, in a new vault with a new key. */
  newKey?: boolean;
}

/** Copies the vault, checks the copy, and goes over to it. The old one stays as it is. */
export async function runMove(app: App, ui: Ui, options: MoveOptions): Promise<number> {
  const location = await app.parseStore(options.store, options);
  using device = openDevice(app);
  const row = requireVaultRow(device.db);
  const from = await app.formatStore(row.location);
  const to = await app.formatStore(location);
  const isSame = await isSamePlace(app, row.location, location);
  if (isSame && !options.newKey) throw isThere(to);
  const lock = takeSyncLock(device.lockPath);
  try {
    const opened = await app.openStore(location, {
      ...storeOptions(ui, options),
      create: true,
      journal: uploadJournal(device.db, JSON.stringify(location)),
    });
    try {
      if (options.newKey) {
        const { moveToNewKey } = await import("./sync_new_key.ts");
        const places = { from, to, isSame };
        return await moveToNewKey(app, ui, device, options, { opened, places });
      }
      const { vault, copied } = await copy(app, ui, device, options, opened);
      const { vaultId, name, capabilities } = vault;
      writeVault(device.db, { vaultId, name, location: opened.location(), capabilities });
      if (options.json) await ui.json({ vault: { id: vaultId, name }, store: to, from, ...copied });
      else await ui.summary(`moved the vault "${name}" to ${to}: ${inWords(copied)}`);
    } finally {
      opened.close();
    }
  } finally {
    lock.release();
  }
  sayWhatIsLeft(ui, from, joinCommand(options));
  return 0;
}

async function isSamePlace(app: App, old: unknown, fresh: unknown): Promise<boolean> {
  const [a, b] = await Promise.all([app.describeStore(old), app.describeStore(fresh)]);
  return a.uri === b.uri && a.endpoint === b.endpoint;
}

function isThere(uri: string): HxError {
  return new HxError("usage", `the vault is at ${uri} already`, {
    hint: "--store names the place that it is to go to; `--new-key` can seal it anew in its place",
  });
}

async function copy(
  app: App,
  ui: Ui,
  device: Device,
  options: MoveOptions,
  opened: OpenStore,
): Promise<{ vault: OpenedVault; copied: Copied }> {
  const { vaultId } = requireVaultRow(device.db);
  const { master } = await requireKey(app, ui, vaultId);
  return await withSync(app, ui, device, options, async ({ store, keys, signal }) => {
    const copied = await copyVault({
      from: store,
      to: opened.store,
      keys,
      signal,
      progress: (done, total) => ui.progress("copying", done, total, "bytes"),
    });
    return { vault: await openVault(vaultContext(app, opened.store), vaultId, master), copied };
  });
}

function inWords({ copied, same, kept }: Copied): string {
  const parts = [`${counted(copied, "object")} copied and checked`];
  if (same > 0) parts.push(`${same} there already`);
  if (kept > 0) parts.push(`${kept} newer there`);
  return parts.join(", ");
}

/** The join of the other devices, as it is typed. */
function joinCommand({ store, region, endpoint, pathStyle }: MoveOptions): string {
  const words = ["hx sync join --store", /[^\w:/.+-]/.test(store) ? `'${store}'` : store];
  if (region !== undefined) words.push("--region", region);
  if (endpoint !== undefined) words.push("--endpoint", endpoint);
  if (pathStyle) words.push("--path-style");
  return words.join(" ");
}

function sayWhatIsLeft(ui: Ui, from: string, join: string): void {
  ui.note(
    `Every other device has to be told, and asks for no words then:\n\n  ${join}\n\n` +
      "One that synced to the old place in the meantime runs `hx sync repair` after that.\n" +
      `The old copy at ${from} was not touched: remove it once all devices have gone over.`,
  );
}
