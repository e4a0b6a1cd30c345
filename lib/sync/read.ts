/** Reading whole objects from a store, bounded. */
import { isCategory } from "../errors.ts";
import { collect, type SyncStore } from "../store/mod.ts";

/** An object read whole. */
export interface ReadObject {
  bytes: Uint8Array<ArrayBuffer>;
  etag: string;
}

/**
 * Reads an object whole.
 *
 * @param maxBytes the limit of its type (format, section 7); more is `corrupt`
 * @returns undefined where there is none
 */
export async function readObject(
  store: SyncStore,
  key: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<ReadObject | undefined> {
  try {
    const object = await store.get(key, { maxBytes, signal });
    return { bytes: await collect(object.body, { maxBytes, signal }), etag: object.etag };
  } catch (error) {
    if (isCategory(error, "not-found")) return undefined;
    throw error;
  }
}

/**
 * Reads what lies under a key of our own. What is larger than an object of ours could be comes as no
 * bytes at all: it is damage like any other.
 */
export async function readOwn(
  store: SyncStore,
  key: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<ReadObject | undefined> {
  try {
    return await readObject(store, key, maxBytes, signal);
  } catch (error) {
    if (!isCategory(error, "corrupt")) throw error;
    return { bytes: new Uint8Array(), etag: (await store.head(key, { signal })).etag };
  }
}
