/** The passphrases of a vault: slots in the header of its one object that changes (format, section 6). */
import { openObject, openSlot, readHeader, sealObject, type VaultKeys } from "../crypto/mod.ts";
import { HxError, isCategory } from "../errors.ts";
import { compareBytes, keyOf, type KeySlot, LIMITS, type RandomBytes } from "../format/mod.ts";
import type { SyncStore } from "../store/mod.ts";
import { readObject } from "./read.ts";
import {
  damaged,
  findVaults,
  type OpenedVault,
  openVault,
  type VaultContext,
  vaultGone,
  vaultName,
} from "./vault.ts";

/** Most slots that a vault can have. */
const MAX_SLOTS = 8;
/** So often others may be faster. */
const MAX_TRIES = 5;

/** What changing slots takes. */
export interface SlotContext {
  /** Where the vault lies. */
  store: SyncStore;
  /** Its keys. */
  keys: VaultKeys;
  /** The store obeys the conditions of writes. */
  conditionalWrites: boolean;
  /** Source of randomness. */
  random: RandomBytes;
  /** Stops the work at the next safe point. */
  signal: AbortSignal;
}

/**
 * Changes the slots of the vault, and nothing else of it. Where another device changes them meanwhile,
 * what that one made of them is read and changed.
 *
 * @param change gives the new slots, or the same array for no change; may be called more than once
 * @returns the slots that the vault has now
 * @throws {HxError} `conflict` where others were faster again and again; `config` for more slots than a
 * vault can have; `not-found`, `corrupt`
 */
export async function changeSlots(
  context: SlotContext,
  change: (slots: readonly KeySlot[]) => Promise<readonly KeySlot[]>,
): Promise<readonly KeySlot[]> {
  const { store, keys, random, signal } = context;
  const name = vaultName(keys.vaultId);
  const key = keyOf(name);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const found = await readObject(store, key, LIMITS.vault.stored, signal);
    if (!found) throw vaultGone(store, keys.vaultId);
    const { header, payload } = await openObject(found.bytes, name, keys);
    const before = header.key_slots ?? [];
    const keySlots = await change(before);
    if (keySlots === before) return before;
    if (keySlots.length > MAX_SLOTS) throw tooMany();
    // The payload as it is, whatever else it holds; the header is bound to it, so it is sealed anew.
    const { created_at: createdAt, compression } = header;
    const bytes = await sealObject(
      { name, createdAt, compression, keySlots },
      payload,
      keys,
      random,
    );
    if (await replace(context, key, bytes, found.etag)) return keySlots;
  }
  throw new HxError("conflict", "the passphrases of the vault were changed by others meanwhile", {
    hint: "run the command again",
  });
}

/** Puts `bytes` in the place of the object with this ETag; false where another one is there. */
async function replace(
  { store, conditionalWrites, signal }: SlotContext,
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
  etag: string,
): Promise<boolean> {
  try {
    if (!conditionalWrites && (await store.head(key, { signal })).etag !== etag) return false;
    await store.putAtomic(key, bytes, conditionalWrites ? { ifMatch: etag, signal } : { signal });
    if (conditionalWrites) return true;
  } catch (error) {
    // Also where the first try did arrive and only its answer was lost.
    if (!isCategory(error, "conflict")) throw error;
  }
  const back = await readObject(store, key, LIMITS.vault.stored, signal);
  return back !== undefined && compareBytes(back.bytes, bytes) === 0;
}

function tooMany(): HxError {
  return new HxError("config", `the vault has ${MAX_SLOTS} passphrases, and can have no more`, {
    hint: "`hx key passphrase remove` takes one away",
  });
}

/** The slots that a passphrase opens, with the key in them. */
export async function slotsOpenedBy(
  slots: readonly KeySlot[],
  passphrase: string,
): Promise<ReadonlySet<KeySlot>> {
  const opened = new Set<KeySlot>();
  for (const slot of slots) if (await openSlot(slot, passphrase)) opened.add(slot);
  return opened;
}

/** A vault, with the key that opened it. */
export interface Unlocked {
  /** The vault. */
  vault: OpenedVault;
  /** K_master. */
  master: Uint8Array<ArrayBuffer>;
}

/**
 * Finds the vault that a passphrase opens.
 *
 * @param only look at this vault alone
 * @throws {HxError} `not-found` where the store holds no vault, `auth` where the passphrase opens none,
 * `corrupt` where all that is there is damaged
 */
export async function unlockVault(
  context: VaultContext,
  passphrase: string,
  only?: string,
): Promise<Unlocked> {
  let vaults = 0;
  let slots = 0;
  for await (const { vaultId, keySlots } of slotsInStore(context, only)) {
    vaults++;
    for (const slot of keySlots) {
      slots++;
      const master = await openSlot(slot, passphrase);
      if (master) return { vault: await openVault(context, vaultId, master), master };
    }
  }
  if (vaults === 0) throw damaged(context.store);
  throw new HxError("auth", `the passphrase opens no vault at ${context.store.uri}`, {
    hint: slots > 0
      ? "check it; the 24 words of `hx key show` and the code of `hx sync invite` do as well"
      : "no vault there has one: it takes the 24 words of `hx key show`, or an invite code",
  });
}

/**
 * Whether any vault of a store has a passphrase.
 *
 * @throws {HxError} `not-found` where the store holds no vault
 */
export async function hasSlots(context: VaultContext, only?: string): Promise<boolean> {
  for await (const { keySlots } of slotsInStore(context, only)) {
    if (keySlots.length > 0) return true;
  }
  return false;
}

/** The slots of each vault whose header can be read. */
async function* slotsInStore(
  context: VaultContext,
  only: string | undefined,
): AsyncGenerator<{ vaultId: string; keySlots: readonly KeySlot[] }> {
  const { store, signal } = context;
  let found = false;
  for await (const vaultId of findVaults(store, signal)) {
    if (only !== undefined && vaultId !== only) continue;
    const key = keyOf(vaultName(vaultId));
    const object = await readObject(store, key, LIMITS.vault.stored, signal);
    if (!object) continue;
    found = true;
    const keySlots = readable(object.bytes)?.header.key_slots;
    if (keySlots) yield { vaultId, keySlots };
  }
  if (found) return;
  if (only !== undefined) throw vaultGone(store, only);
  throw new HxError("not-found", `there is no vault at ${store.uri}`, {
    hint: "check the store's address and prefix, or make a vault with `hx sync init`",
  });
}

function readable(bytes: Uint8Array<ArrayBuffer>): ReturnType<typeof readHeader> | undefined {
  try {
    return readHeader(bytes);
  } catch {
    return undefined;
  }
}
