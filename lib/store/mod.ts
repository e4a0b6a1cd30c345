/**
 * Where opaque bytes lie: the store interface, stores in memory and in a folder, and wrappers that
 * are stores themselves.
 *
 * @module
 */
export * from "./types.ts";
export { abortError, orAbort, sleep, throwIfAborted } from "./abort.ts";
export { CountingStore } from "./counting.ts";
export { FolderStore, type FolderStoreOptions } from "./folder.ts";
export { checkKey, checkPrefix, MAX_KEY_BYTES } from "./keys.ts";
export { listAll, type ListAllOptions } from "./list.ts";
export { MemoryStore, type MemoryStoreOptions } from "./memory.ts";
export { type Counts, emptyCounts, Meter, type RequestNote } from "./meter.ts";
export type { StoreObserver, StoreOperation } from "./meter.ts";
export { beyond, checkRange, type Span, spanOf } from "./range.ts";
export { collect, concat, guard, type GuardOptions, streamOf, tooLong } from "./streams.ts";
export type { OpenUpload, UploadedPart, UploadJournal } from "./uploads.ts";
