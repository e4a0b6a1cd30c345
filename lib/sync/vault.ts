/** Making a vault, and finding one that a key opens. */
import {
  deriveVaultKeys,
  openObject,
  readHeader,
  sealObject,
  type VaultKeys,
} from "../crypto/mod.ts";
import { HxError, isCategory } from "../errors.ts";
import {
  encodeVault,
  fromHex,
  keyOf,
  LIMITS,
  type ObjectName,
  parseKey,
  parseVault,
  type RandomBytes,
  rfc3339,
  toHex,
  VAULTS_PREFIX,
} from "../format/mod.ts";
import type { StoreCapabilities } from "../db/mod.ts";
import { listAll, type SyncStore } from "../store/mod.ts";
import { probeStore } from "./probe.ts";
import { readObject } from "./read.ts";

/** A vault that was made or found. */
export interface OpenedVault {
  /** The vault: a lower-case UUID. */
  vaultId: string;
  /** Its name. */
  name: string;
  /** Its keys. */
  keys: VaultKeys;
  /** What its writer can read. */
  capabilities: StoreCapabilities;
  /** The vaults that it goes on from; the newest last. */
  movedFrom: readonly string[];
  /** K_forget where it brings its own: 32 bytes. */
  forgetKey?: Uint8Array<ArrayBuffer>;
}

/** A vault to be made. */
export interface VaultToMake extends Partial<Pick<OpenedVault, "movedFrom" | "forgetKey">> {
  /** The vault: a lower-case UUID. */
  vaultId: string;
  /** K_master. */
  master: Uint8Array<ArrayBuffer>;
  /** Its name. */
  name: string;
  /** The node that makes it. */
  nodeId: string;
}

/** What making or finding a vault needs. */
export interface VaultContext {
  /** Where the vault lies. */
  store: SyncStore;
  /** Unix milliseconds. */
  clock: () => number;
  /** Source of randomness. */
  random: RandomBytes;
  /** Stops the work at the next safe point. */
  signal: AbortSignal;
  /** Nothing is written, so what the store does with conditions is not found out. @default false */
  readOnly?: boolean;
}

/** What a store is taken to do where it was not tried. */
const UNTRIED: StoreCapabilities = { conditionalPut: "refused", conditionalComplete: "refused" };

/** The name of the vault object. */
export function vaultName(vaultId: string): ObjectName {
  return { type: "vault", vaultId };
}

/** The ids of the vaults that a store holds anything of, each as soon as it is seen. */
export async function* findVaults(store: SyncStore, signal: AbortSignal): AsyncGenerator<string> {
  const seen = new Set<string>();
  for await (const { key } of listAll(store, VAULTS_PREFIX, { signal })) {
    const vaultId = parseKey(key)?.vaultId;
    if (vaultId === undefined || seen.has(vaultId)) continue;
    seen.add(vaultId);
    yield vaultId;
  }
}

/**
 * Makes a vault, and finds out what the store can do.
 *
 * Run again with the same `vaultId` and `master` after a crash it completes what was begun.
 *
 * @throws {HxError} `conflict` where the store holds a vault already and `options.beside` is not set
 */
export async function createVault(
  context: VaultContext,
  made: VaultToMake,
  options: { beside?: boolean } = {},
): Promise<OpenedVault> {
  if (!options.beside) await refuseOtherVaults(context, made.vaultId);
  const keys = await deriveVaultKeys(made.master, made.vaultId);
  const meta = {
    name: vaultName(made.vaultId),
    createdAt: rfc3339(context.clock()),
    compression: "none" as const,
    keySlots: [],
  };
  const { movedFrom, forgetKey } = made;
  const payload = encodeVault({
    name: made.name,
    created_by: made.nodeId,
    ...(movedFrom && { moved_from: [...movedFrom] }),
    ...(forgetKey && { forget_key: toHex(forgetKey) }),
  });
  const bytes = await sealObject(meta, payload, keys, context.random);
  const key = keyOf(vaultName(made.vaultId));
  await putFirst(context, key, bytes);
  // Read back: an earlier try may have made it, and nothing counts before it opens.
  return await openVault(context, made.vaultId, made.master);
}

/** Puts the vault object unless it is there, also where the storage refuses to be asked that. */
async function putFirst(
  { store, signal }: VaultContext,
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  try {
    await store.putAtomic(key, bytes, { ifNoneMatch: "*", signal });
  } catch (error) {
    if (isCategory(error, "conflict")) return;
    if (!isCategory(error, "config")) throw error;
    if (await readObject(store, key, LIMITS.vault.stored, signal)) return;
    await store.putAtomic(key, bytes, { signal });
  }
}

async function refuseOtherVaults(context: VaultContext, own: string): Promise<void> {
  for await (const vaultId of findVaults(context.store, context.signal)) {
    if (vaultId === own) continue;
    throw new HxError("conflict", `${context.store.uri} holds a vault already (${vaultId})`, {
      hint: "run `hx sync join` to use it; `--new-vault` makes another one beside it",
    });
  }
}

/**
 * Opens a vault with its master key, proves the key, and finds out what the store can do.
 *
 * @throws {HxError} `not-found` where the vault is not there, `auth` where the key does not open it,
 * `corrupt` where it is damaged
 */
export async function openVault(
  context: VaultContext,
  vaultId: string,
  master: Uint8Array<ArrayBuffer>,
): Promise<OpenedVault> {
  const opened = await tryVault(context, vaultId, master);
  switch (opened) {
    case "absent":
      throw vaultGone(context.store, vaultId);
    case "locked":
      throw wrongKey(context.store);
    case "damaged":
      throw damaged(context.store);
    default:
      return opened;
  }
}

/**
 * Finds the vault that a master key opens.
 *
 * @throws {HxError} `not-found` where the store holds none, `auth` where the key opens none, `corrupt`
 * where all that is there is damaged
 */
export async function joinVault(
  context: VaultContext,
  master: Uint8Array<ArrayBuffer>,
): Promise<OpenedVault> {
  const found = new Set<string>();
  for await (const vaultId of findVaults(context.store, context.signal)) {
    const opened = await tryVault(context, vaultId, master);
    if (typeof opened !== "string") return opened;
    found.add(opened);
  }
  if (found.has("locked")) throw wrongKey(context.store);
  if (found.has("damaged")) throw damaged(context.store);
  throw new HxError("not-found", `there is no vault at ${context.store.uri}`, {
    hint: "check the store's address and prefix, or make a vault with `hx sync init`",
  });
}

type Tried = OpenedVault | "absent" | "locked" | "damaged";

/** Tries a key on a vault; what does not open is fetched once more: a bit may have flipped on the way. */
async function tryVault(
  context: VaultContext,
  vaultId: string,
  master: Uint8Array<ArrayBuffer>,
): Promise<Tried> {
  const tried = await tryOnce(context, vaultId, master);
  return tried === "locked" || tried === "damaged"
    ? await tryOnce(context, vaultId, master)
    : tried;
}

async function tryOnce(
  context: VaultContext,
  vaultId: string,
  master: Uint8Array<ArrayBuffer>,
): Promise<Tried> {
  const key = keyOf(vaultName(vaultId));
  const found = await readObject(context.store, key, LIMITS.vault.stored, context.signal);
  if (!found) return "absent";
  if (!isReadable(found.bytes)) return "damaged"; // in the clear part: not a matter of the key
  try {
    const derived = await deriveVaultKeys(master, vaultId);
    const { payload } = await openObject(found.bytes, vaultName(vaultId), derived);
    const { name, moved_from: movedFrom = [], forget_key: hex } = parseVault(payload);
    const forgetKey = hex === undefined ? undefined : fromHex(hex)!;
    const keys = forgetKey ? await deriveVaultKeys(master, vaultId, forgetKey) : derived;
    const capabilities = context.readOnly ? UNTRIED : await probeStore(context, key, found.bytes);
    return { vaultId, name, keys, capabilities, movedFrom, ...(forgetKey && { forgetKey }) };
  } catch (error) {
    if (isCategory(error, "corrupt")) return "locked";
    throw error;
  }
}

/**
 * Makes sure that the vault in the store is still ours, before anything is written where it seems gone.
 *
 * @throws {HxError} `not-found`; `auth` where another key's vault has taken its place; `corrupt` where
 * it is damaged
 */
export async function requireVault(
  context: { store: SyncStore; keys: VaultKeys; signal: AbortSignal },
): Promise<void> {
  const { store, keys, signal } = context;
  const name = vaultName(keys.vaultId);
  for (let attempt = 1;; attempt++) {
    const found = await readObject(store, keyOf(name), LIMITS.vault.stored, signal);
    if (!found) throw vaultGone(store, keys.vaultId);
    try {
      return void parseVault((await openObject(found.bytes, name, keys)).payload);
    } catch (error) {
      if (!isCategory(error, "corrupt")) throw error;
      if (attempt === 1) continue; // a bit may have flipped on the way
      throw isReadable(found.bytes) ? vaultReplaced(store, keys.vaultId) : damaged(store);
    }
  }
}

function isReadable(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    readHeader(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The vault is there, and can't be read by anyone. */
export function damaged(store: SyncStore): HxError {
  return new HxError("corrupt", `the vault at ${store.uri} is damaged: its header can't be read`, {
    hint: "put vault.hxvault back from a copy of the store; the history in it is not affected",
  });
}

/** The vault is not where it should be. */
export function vaultGone(store: SyncStore, vaultId: string): HxError {
  return new HxError("not-found", `the vault ${vaultId} is not at ${store.uri}`, {
    hint: "is the share mounted, the bucket the right one? nothing was written to it",
  });
}

function vaultReplaced(store: SyncStore, vaultId: string): HxError {
  return new HxError("auth", `the vault ${vaultId} at ${store.uri} is not the one joined here`, {
    hint:
      "its vault.hxvault has another key or is damaged; put it back from a copy of the store. " +
      "Nothing was written to it",
  });
}

function wrongKey(store: SyncStore): HxError {
  return new HxError("auth", `the key opens no vault at ${store.uri}`, {
    hint: "check the words: `hx key show` prints them on a device that is enrolled",
  });
}
