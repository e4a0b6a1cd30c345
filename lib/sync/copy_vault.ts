/** Copying a vault to another store, object by object, and reading every one back. */
import { openObject, openStream, startSha256, type VaultKeys } from "../crypto/mod.ts";
import { HxError, isCategory } from "../errors.ts";
import { compareBytes, LIMITS, type ObjectName, parseKey } from "../format/mod.ts";
import { openManifest } from "../manifest/mod.ts";
import { listAll, type StoreEntry, type SyncStore } from "../store/mod.ts";
import { fetchAhead } from "./fetch_ahead.ts";
import { readObject, readOwn } from "./read.ts";
import { findVaults, requireVault } from "./vault.ts";

/** What a copy works with. */
export interface VaultCopy {
  /** Where the vault lies; nothing is written there. */
  from: SyncStore;
  /** Where it is to lie as well. */
  to: SyncStore;
  /** The vault's keys. */
  keys: VaultKeys;
  /** Stops the work at the next safe point. */
  signal: AbortSignal;
  /** Told of progress, in bytes. */
  progress: (done: number, total: number) => void;
}

/** What became of the objects. */
export interface Copied {
  /** Sent, read back, and found the same. */
  copied: number;
  /** Were there, and are the same. */
  same: number;
  /** Are others there, which open: the copy is in use already. */
  kept: number;
}

/** Small objects under way at once: each may hold 16 MiB, twice. */
const SMALL_AT_ONCE = 4;
/** Others may publish meanwhile: so often what they changed is copied after. */
const MAX_ROUNDS = 10;

/**
 * In this order they go: a name never comes before the object that it names, and the vault itself last
 * of all, so that nobody joins half a copy.
 */
const STAGES: readonly (readonly ObjectName["type"][])[] = [
  ["blob"],
  ["segment", "tombstone"],
  ["manifest"],
];

/** An object of the vault, as its store lists it. */
interface Item extends StoreEntry {
  name: ObjectName;
}

/**
 * Copies the vault. Run again it goes on where it stopped: what is there and the same is not sent.
 *
 * @throws {HxError} `conflict` where the other store holds another vault, or other devices publish
 * faster than they are copied; `hash-mismatch` where an object reads back as another one;
 * `not-found` where the vault is gone; and as the stores
 */
export async function copyVault(context: VaultCopy): Promise<Copied> {
  const { from, to, keys, signal, progress } = context;
  await requireVault({ store: from, keys, signal });
  await refuseOthers(context);
  const copied: Copied = { copied: 0, same: 0, kept: 0 };
  const done = new Map<string, string>();
  let [bytes, total] = [0, 0];
  const sent = (more: number) => progress(bytes += more, total);
  let last: Item | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const items = await changedItems(context, done);
    const rest = items.filter(({ name }) => name.type !== "vault");
    last = items.find(({ name }) => name.type === "vault") ?? last;
    if (rest.length === 0 && last !== undefined) {
      await to.clearUploads?.({ signal });
      copied[await copySmall(context, last, await isListed(to, last.key, signal))]++;
      return copied;
    }
    const there = await keysAt(context);
    total += rest.reduce((sum, { size }) => sum + size, 0);
    const one = async (item: Item, signal: AbortSignal) => ({
      item,
      how: await copyOne({ ...context, signal }, item, there.has(item.key), sent),
    });
    for (const stage of STAGES) {
      const staged = rest.filter(({ name }) => stage.includes(name.type));
      const limit = stage.includes("blob") ? 1 : SMALL_AT_ONCE;
      for await (const { item, how } of fetchAhead(staged, { limit, signal, call: one })) {
        copied[how]++;
        done.set(item.key, item.etag);
      }
    }
  }
  throw new HxError("conflict", "other devices publish faster than the vault is copied", {
    hint: "run the command again when they are quiet; what was copied stays",
  });
}

async function refuseOthers({ to, keys, signal }: VaultCopy): Promise<void> {
  for await (const vaultId of findVaults(to, signal)) {
    if (vaultId === keys.vaultId) continue;
    throw new HxError("conflict", `${to.uri} holds another vault (${vaultId})`, {
      hint: "take another prefix or folder; nothing was copied",
    });
  }
}

/** What the vault holds, and is not copied as it is now. */
async function changedItems(
  { from, keys, signal }: VaultCopy,
  done: ReadonlyMap<string, string>,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const entry of listAll(from, `vaults/${keys.vaultId}/`, { signal })) {
    const name = parseKey(entry.key);
    if (name && done.get(entry.key) !== entry.etag) items.push({ ...entry, name });
  }
  return items;
}

async function keysAt({ to, keys, signal }: VaultCopy): Promise<Set<string>> {
  const there = new Set<string>();
  for await (const { key } of listAll(to, `vaults/${keys.vaultId}/`, { signal })) there.add(key);
  return there;
}

async function isListed(store: SyncStore, key: string, signal: AbortSignal): Promise<boolean> {
  try {
    await store.head(key, { signal });
    return true;
  } catch (error) {
    if (isCategory(error, "not-found")) return false;
    throw error;
  }
}

async function copyOne(
  context: VaultCopy,
  item: Item,
  isThere: boolean,
  sent: (bytes: number) => void,
): Promise<keyof Copied> {
  if (item.name.type === "blob") return await copyBlob(context, item, isThere, sent);
  const how = await copySmall(context, item, isThere);
  sent(item.size);
  return how;
}

/** Copies an object that fits in memory. */
async function copySmall(
  context: VaultCopy,
  { key, name }: Item,
  isThere: boolean,
): Promise<keyof Copied> {
  const { from, to, signal } = context;
  const limit = LIMITS[name.type].stored;
  const source = await readObject(from, key, limit, signal);
  if (!source) return "same"; // removed since it was listed
  const other = isThere ? await readOwn(to, key, limit, signal) : undefined;
  if (other && compareBytes(other.bytes, source.bytes) === 0) return "same";
  if (other && await isBetter(context, name, other.bytes, source.bytes)) return "kept";
  await to.putAtomic(key, source.bytes, { signal });
  const back = await readObject(to, key, limit, signal);
  if (!back || compareBytes(back.bytes, source.bytes) !== 0) throw differs(to, key);
  return "copied";
}

/** Whether what is at the other store is to stay: it opens, and is no older than the source's. */
async function isBetter(
  { keys }: VaultCopy,
  name: ObjectName,
  theirs: Uint8Array<ArrayBuffer>,
  ours: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  try {
    if (name.type !== "manifest") {
      await openObject(theirs, name, keys);
      return true;
    }
    const { payload } = await openManifest(theirs, name.nodeId, keys);
    const source = await openManifest(ours, name.nodeId, keys).catch(() => undefined);
    return source === undefined || payload.manifest_seq >= source.payload.manifest_seq;
  } catch (error) {
    if (isCategory(error, "corrupt")) return false;
    throw error;
  }
}

/** Copies a content of any size. */
async function copyBlob(
  context: VaultCopy,
  { key, name, size }: Item,
  isThere: boolean,
  sent: (bytes: number) => void,
): Promise<keyof Copied> {
  const { from, to, signal } = context;
  const same = isThere && await hashAt(from, key, signal) === await hashAt(to, key, signal);
  if (same || isThere && await opens(context, key, name)) {
    sent(size);
    return same ? "same" : "kept";
  }
  const { body } = await from.get(key, { signal });
  const hash = await startSha256();
  const watched = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, out) {
        hash.update(chunk);
        sent(chunk.length);
        out.enqueue(chunk);
      },
    }),
  );
  // What an earlier run has sent of it was the same: the object never changes.
  await to.putAtomic(key, watched, { size, resume: true, signal });
  if (await hashAt(to, key, signal) !== hash.hex()) throw differs(to, key);
  return "copied";
}

/** gzip packs no more than so many bytes into one. */
const MAX_RATIO = 1032;

/** Whether a content at the other store is whole, and what its name says. */
async function opens(
  { to, keys, signal }: VaultCopy,
  key: string,
  name: ObjectName,
): Promise<boolean> {
  try {
    const { body, size } = await to.get(key, { signal });
    const opened = await openStream(body, name, keys, { maxPlain: MAX_RATIO * size });
    for await (const _ of opened.body);
    return true;
  } catch (error) {
    if (isCategory(error, "corrupt") || isCategory(error, "hash-mismatch")) return false;
    throw error;
  }
}

async function hashAt(store: SyncStore, key: string, signal: AbortSignal): Promise<string> {
  const { body } = await store.get(key, { signal });
  const hash = await startSha256();
  for await (const chunk of body) hash.update(chunk);
  return hash.hex();
}

function differs(store: SyncStore, key: string): HxError {
  return new HxError("hash-mismatch", `${key} reads back from ${store.uri} as another object`, {
    hint: "run the command again; this device was not moved",
  });
}
