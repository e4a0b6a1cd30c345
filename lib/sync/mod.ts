/**
 * Sync over a store: vault, push, pull, status, and what feeds them.
 *
 * @module
 */
export * from "./artifacts.ts";
export { blobRange, openBlob } from "./blob_get.ts";
export { checkedCopy } from "./blob_seal.ts";
export { twice } from "./blob_pull.ts";
export { type FreedBlobs, freeBlobs } from "./blob_gc.ts";
export * from "./context.ts";
export * from "./forget.ts";
export * from "./import_history.ts";
export { pull } from "./pull.ts";
export { push } from "./push.ts";
export * from "./report.ts";
export * from "./run.ts";
export * from "./status.ts";
export * from "./vault.ts";
