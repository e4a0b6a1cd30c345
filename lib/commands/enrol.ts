/**
 * Enrolling this device: making a vault, or taking one that another device made.
 *
 * @module
 */
import { generateMaster } from "../crypto/mod.ts";
import { newIdentity, readVault, takeSyncLock, writeVault } from "../db/mod.ts";
import { HxError, isCategory } from "../errors.ts";
import { uuid4 } from "../format/mod.ts";
import { createVault, type OpenedVault, type VaultContext } from "../sync/mod.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, OpenStoreOptions } from "./app.ts";
import { type Device, deviceLabel } from "./device.ts";
import { readKey, removeKey, type VaultKey, writeKey } from "./key_file.ts";

/** What a new vault is made of. */
export interface NewVault {
  /** Where it is to lie. */
  location: unknown;
  /** Its name. */
  name: string;
  /** Make it even where the store holds another one. */
  beside: boolean;
}

/** What making or opening a vault needs of the machine. */
export function vaultContext(app: App, store: VaultContext["store"]): VaultContext {
  return { store, clock: app.clock, random: app.random, signal: app.signal };
}

/** @throws {HxError} `config` where this device is in a vault already */
export function requireNotEnrolled(app: App, device: Device): void {
  const vault = readVault(device.db);
  if (!vault) return;
  throw new HxError("config", `this device is in the vault "${vault.name}" already`, {
    hint:
      "if that one goes on from it under a new key, paste the code of `hx sync invite`; to go " +
      `into any other one, move ${app.dataDir} away first`,
  });
}

/**
 * Makes a vault and enrols this device in it.
 *
 * The key file comes first and the database last, so that a crash in between never leaves a vault that
 * nobody can open: run again, it goes on with the key that it finds.
 */
export async function makeVault(
  app: App,
  ui: Ui,
  device: Device,
  made: NewVault,
  options: OpenStoreOptions,
): Promise<OpenedVault> {
  const lock = takeSyncLock(device.lockPath);
  try {
    requireNotEnrolled(app, device);
    const opened = await app.openStore(made.location, { ...options, create: true });
    try {
      const found = await readKey(app, ui);
      const key = found ?? { vaultId: uuid4(app.random), master: generateMaster(app.random) };
      if (!found) await writeKey(app, ui, key);
      const nodeId = uuid4(app.random);
      const vault = await createKept(app, vaultContext(app, opened.store), made, {
        key,
        isNew: !found,
        nodeId,
      });
      enrol(app, device, vault, opened.location(), nodeId);
      return vault;
    } finally {
      opened.close();
    }
  } finally {
    lock.release();
  }
}

/** Makes the vault object; where the store refuses it for another vault, a new key goes again. */
async function createKept(
  app: App,
  context: VaultContext,
  made: NewVault,
  { key, isNew, nodeId }: { key: VaultKey; isNew: boolean; nodeId: string },
): Promise<OpenedVault> {
  try {
    return await createVault(context, { ...key, name: made.name, nodeId }, { beside: made.beside });
  } catch (error) {
    if (isNew && isCategory(error, "conflict")) await removeKey(app);
    throw error;
  }
}

/** Writes down that this device is in a vault, as a new node. */
export function enrol(
  app: App,
  device: Device,
  vault: OpenedVault,
  location: unknown,
  nodeId: string,
): void {
  const { vaultId, name, capabilities } = vault;
  device.db.transaction(() => {
    writeVault(device.db, { vaultId, name, location, capabilities });
    newIdentity(device.db, nodeId, deviceLabel(app, device.db));
  });
}
