/** Finding out, once, what a store does with the conditions of writes. */
import { isCategory } from "../errors.ts";
import type { StoreCapabilities } from "../db/mod.ts";
import type { ConditionSupport, PutOptions, SyncStore } from "../store/mod.ts";

/** A token that no store gives: its form is that of an MD5, so that a strict server takes it. */
const STALE_ETAG = `"${"0".repeat(32)}"`;

/**
 * Writes an object again with the bytes that it has, under conditions that do not hold: a store that
 * obeys conditions refuses, and the others change nothing.
 *
 * @param bytes the content of `key`, as just read
 * @throws {HxError} as the store, where it can't be reached or refuses to be written to at all
 */
export async function probeStore(
  { store, signal }: { store: SyncStore; signal: AbortSignal },
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<StoreCapabilities> {
  const put = (condition: PutOptions) => probePut(store, key, bytes, { ...condition, signal });
  const created = await put({ ifNoneMatch: "*" });
  const conditionalPut = created === "yes" ? await put({ ifMatch: STALE_ETAG }) : created;
  const conditionalComplete = await store.probeLongPut?.(key, bytes, { signal }) ?? conditionalPut;
  return { conditionalPut, conditionalComplete };
}

async function probePut(
  store: SyncStore,
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
  options: PutOptions,
): Promise<ConditionSupport> {
  try {
    await store.putAtomic(key, bytes, options);
    return "ignored";
  } catch (error) {
    if (isCategory(error, "conflict")) return "yes";
    if (isCategory(error, "config")) return "refused";
    throw error;
  }
}
