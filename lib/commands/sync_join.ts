/**
 * `hx sync join`: takes this device into the vault of another one.
 *
 * @module
 */
import { masterFromWords } from "../crypto/words.ts";
import { readVault, takeSyncLock, type VaultRow, writeVault } from "../db/mod.ts";
import { isCategory } from "../errors.ts";
import { uuid4 } from "../format/mod.ts";
import { joinVault, type OpenedVault, openVault, type VaultContext } from "../sync/mod.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, StoreChoice, StoreOptions } from "./app.ts";
import { type Device, openDevice } from "./device.ts";
import { enrol, requireNotEnrolled, vaultContext } from "./enrol.ts";
import { readKey, writeKey } from "./key_file.ts";
import { storeOptions } from "./session.ts";
import { askWords } from "./words.ts";

/** What `hx sync join` takes. */
export interface JoinOptions extends StoreOptions, StoreChoice {
  /** The store's URI. */
  store: string;
}

/**
 * Enrols this device with the recovery words. One that is in the vault already takes the store's
 * address from here: that is how a vault that was copied or mounted elsewhere is found again.
 */
export async function runJoin(app: App, ui: Ui, options: JoinOptions): Promise<number> {
  const location = await app.parseStore(options.store, options);
  const opened = await app.openStore(location, storeOptions(ui, options));
  try {
    using device = openDevice(app);
    const lock = takeSyncLock(device.lockPath);
    try {
      const context = vaultContext(app, opened.store);
      const row = readVault(device.db);
      const vault = row
        ? await readdress(app, ui, device, context, { row, location: opened.location })
        : await join(app, ui, device, context, opened.location);
      const store = await app.formatStore(location);
      const { vaultId: id, name } = vault;
      if (options.json) await ui.json({ vault: { id, name }, store });
      else await ui.summary(row ? `the vault "${name}" is now at ${store}` : joined(name, store));
    } finally {
      lock.release();
    }
  } finally {
    opened.close();
  }
  ui.note("`hx sync` fetches the history, and publishes that of this device.");
  return 0;
}

function joined(name: string, store: string): string {
  return `joined the vault "${name}" at ${store}`;
}

/** The key is proven against the vault before anything is written. */
async function join(
  app: App,
  ui: Ui,
  device: Device,
  context: VaultContext,
  location: () => unknown,
): Promise<OpenedVault> {
  const master = masterFromWords(await askWords(app, ui));
  const vault = await joinVault(context, master);
  await writeKey(app, ui, { vaultId: vault.vaultId, master });
  enrol(app, device, vault, location(), uuid4(app.random));
  return vault;
}

/** Gives the vault that this device is in another address, or its lost key back. */
async function readdress(
  app: App,
  ui: Ui,
  device: Device,
  context: VaultContext,
  { row, location }: { row: VaultRow; location: () => unknown },
): Promise<OpenedVault> {
  const key = await readKey(app, ui).catch(() => undefined);
  const own = key?.vaultId === row.vaultId ? key : undefined;
  const master = own?.master ?? masterFromWords(await askWords(app, ui));
  const vault = await openOwn(app, device, context, row, master);
  if (!own) await writeKey(app, ui, { vaultId: row.vaultId, master });
  const { vaultId, name, capabilities } = vault;
  writeVault(device.db, { vaultId, name, location: location(), capabilities });
  return vault;
}

async function openOwn(
  app: App,
  device: Device,
  context: VaultContext,
  row: VaultRow,
  master: Uint8Array<ArrayBuffer>,
): Promise<OpenedVault> {
  try {
    return await openVault(context, row.vaultId, master);
  } catch (error) {
    if (isCategory(error, "not-found")) requireNotEnrolled(app, device); // this store holds another vault
    throw error;
  }
}
