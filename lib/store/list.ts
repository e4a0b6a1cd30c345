/**
 * Whole listings, page by page.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import type { StoreEntry, SyncStore } from "./types.ts";

/** What {@link listAll} takes beside the prefix. */
export interface ListAllOptions {
  /** Largest page to ask for. */
  pageSize?: number;
  /** Stops the listing. */
  signal?: AbortSignal;
}

/**
 * Every object whose key starts with `prefix`, one page in memory at a time.
 *
 * @throws {HxError} `server` where the store gives a continuation twice (it would never end); and
 * what {@link SyncStore.list} throws
 */
export async function* listAll(
  store: SyncStore,
  prefix: string,
  options: ListAllOptions = {},
): AsyncGenerator<StoreEntry> {
  const seen = new Set<string>();
  let continuation: string | undefined;
  do {
    const page = await store.list(prefix, { ...options, continuation });
    yield* page.entries;
    continuation = page.continuation;
    if (continuation === undefined) return;
    if (seen.has(continuation)) {
      throw new HxError("server", `listing ${prefix || "everything"}: a page came round again`, {
        hint: "the storage repeats its continuation tokens; its listing cannot be trusted",
      });
    }
    seen.add(continuation);
  } while (true);
}
