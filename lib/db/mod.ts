/**
 * The database of a device: events, deletions, and the state of its sync.
 *
 * @module
 */
export * from "./artifacts.ts";
export * from "./blobs.ts";
export * from "./change_vault.ts";
export * from "./events.ts";
export * from "./interner.ts";
export * from "./lock.ts";
export * from "./open.ts";
export * from "./outbox.ts";
export * from "./own_objects.ts";
export * from "./query.ts";
export * from "./runs.ts";
export * from "./search.ts";
export * from "./sessions.ts";
export * from "./sqlite_errors.ts";
export * from "./stats.ts";
export * from "./sync_state.ts";
export * from "./text_index.ts";
export * from "./toll.ts";
export * from "./tombstones.ts";
export * from "./twins.ts";
export * from "./uploads.ts";
export * from "./waiting.ts";
