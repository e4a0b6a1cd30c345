/**
 * `hx sync join`: takes this device into the vault of another one.
 *
 * @module
 */
import type { Invite } from "../crypto/invite.ts";
import { masterFromWords } from "../crypto/words.ts";
import { readVault, takeSyncLock, type VaultRow, writeVault } from "../db/mod.ts";
import { HxError, isCategory } from "../errors.ts";
import { uuid4 } from "../format/mod.ts";
import { hasSlots, joinVault, openVault, type Unlocked, unlockVault } from "../sync/mod.ts";
import type { VaultContext } from "../sync/mod.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, OpenStore, StoreChoice, StoreOptions } from "./app.ts";
import { askInvite, askKey, type VaultSecret } from "./ask_key.ts";
import { type Device, openDevice } from "./device.ts";
import { enrol, requireNotEnrolled, vaultContext } from "./enrol.ts";
import { goOver, keyOf } from "./go_over.ts";
import { readKey, writeKey } from "./key_file.ts";
import { storeOptions } from "./session.ts";

/** What `hx sync join` takes. */
export interface JoinOptions extends StoreOptions, StoreChoice {
  /** The store's URI; without it an invite code has to say where the vault is. */
  store?: string;
}

/** Where to join, and with what. */
interface Target {
  location: unknown;
  /** The code that said so. */
  invite?: Invite;
}

/** A join under way. */
interface Joining extends Target {
  app: App;
  ui: Ui;
  device: Device;
  context: VaultContext;
}

/**
 * Enrols this device with the recovery words, a passphrase, or an invite code. One that is in the vault
 * already takes the store's address from here: that is how a vault that was moved, copied or mounted
 * elsewhere is found again.
 */
export async function runJoin(app: App, ui: Ui, options: JoinOptions): Promise<number> {
  const target = await targetOf(app, options);
  const opened = await openTarget(app, ui, target, options);
  try {
    using device = openDevice(app);
    const lock = takeSyncLock(device.lockPath);
    try {
      const row = readVault(device.db);
      const context = vaultContext(app, opened.store);
      const joining = { ...target, app, ui, device, context };
      const { vaultId: id, name } = row
        ? await readdress(joining, row, opened.location)
        : await join(joining, opened.location);
      const store = await app.formatStore(target.location);
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

/** What was typed goes before what the code says: a bucket may have another endpoint from here. */
async function targetOf(app: App, options: JoinOptions): Promise<Target> {
  if (options.store !== undefined) {
    return { location: await app.parseStore(options.store, options) };
  }
  const invite = await askInvite(app);
  const { uri, ...said } = invite.store;
  const { region, endpoint, pathStyle, profile } = options;
  const choice = {
    ...said,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(pathStyle !== undefined && { pathStyle }),
    ...(profile !== undefined && { profile }),
  };
  return { location: await app.parseStore(uri, choice, { whole: true }), invite };
}

async function openTarget(
  app: App,
  ui: Ui,
  { location, invite }: Target,
  options: JoinOptions,
): Promise<OpenStore> {
  try {
    return await app.openStore(location, storeOptions(ui, options));
  } catch (error) {
    const uri = invite?.store.uri;
    if (!uri?.startsWith("folder:") || !isCategory(error, "config")) throw error;
    throw new HxError(
      "config",
      `the vault of this invite is in ${uri}, which is not on this machine`,
      {
        hint: "mount or sync that folder, and if it is elsewhere here, add --store folder:/PATH",
        cause: error,
      },
    );
  }
}

/** The key is proven against the vault before anything is written. */
async function join(joining: Joining, location: () => unknown): Promise<Unlocked["vault"]> {
  const { app, ui, device, context } = joining;
  const { vault, master } = await unlock(joining);
  await writeKey(app, ui, keyOf({ vault, master }));
  enrol(app, device, vault, location(), uuid4(context.random));
  return vault;
}

/** Opens a vault of the store with what the user gives; only the one named, if one is. */
async function unlock({ app, ui, context, invite }: Joining, only?: string): Promise<Unlocked> {
  const secret: VaultSecret = invite
    ? { kind: "invite", invite }
    : await askKey(app, ui, () => hasSlots(context, only));
  switch (secret.kind) {
    case "invite": {
      const { vaultId, master } = secret.invite;
      if (only !== undefined && vaultId !== only) throw otherVault();
      return { vault: await openVault(context, vaultId, master), master };
    }
    case "passphrase":
      return await unlockVault(context, secret.text, only);
    case "words": {
      const master = masterFromWords(secret.text);
      const vault = only === undefined
        ? await joinVault(context, master)
        : await openVault(context, only, master);
      return { vault, master };
    }
  }
}

function otherVault(): HxError {
  return new HxError("config", "this invite is to another vault than the one this device is in", {
    hint: "move hx's data folder away to go into another one; nothing was changed",
  });
}

/**
 * Gives the vault that this device is in another address, or its lost key back; or goes over to one that
 * goes on from it, under a new key.
 */
async function readdress(
  joining: Joining,
  row: VaultRow,
  location: () => unknown,
): Promise<Unlocked["vault"]> {
  const { app, ui, device, context, invite } = joining;
  if (invite && invite.vaultId !== row.vaultId) return await follow(joining, row, location);
  const key = await readKey(app, ui).catch(() => undefined);
  const own = key?.vaultId === row.vaultId ? key : undefined;
  try {
    const { vault, master } = own
      ? { vault: await openVault(context, row.vaultId, own.master), master: own.master }
      : await unlock(joining, row.vaultId);
    if (!own) await writeKey(app, ui, keyOf({ vault, master }));
    const { vaultId, name, capabilities } = vault;
    writeVault(device.db, { vaultId, name, location: location(), capabilities });
    return vault;
  } catch (error) {
    if (isCategory(error, "not-found")) requireNotEnrolled(app, device); // another vault is there
    throw error;
  }
}

/** Goes over to the vault that this device's own was moved to under a new key, and to no other one. */
async function follow(
  joining: Joining,
  row: VaultRow,
  location: () => unknown,
): Promise<Unlocked["vault"]> {
  const { app, ui, device } = joining;
  const unlocked = await unlock(joining);
  if (!unlocked.vault.movedFrom.includes(row.vaultId)) requireNotEnrolled(app, device);
  await goOver(app, ui, device, unlocked, location());
  return unlocked.vault;
}
