/**
 * hx as a library: read and write the vaults of a shell history that is synced, end-to-end encrypted,
 * through a bucket or a folder.
 *
 * @example Seal an object and open it again
 * ```ts
 * import { deriveVaultKeys, generateMaster, openObject, sealObject, utf8, uuid4 } from "./mod.ts";
 *
 * const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
 * const vaultId = uuid4(random);
 * const keys = await deriveVaultKeys(generateMaster(random), vaultId);
 * const name = { type: "vault", vaultId } as const;
 * const createdAt = new Date(0).toISOString();
 * const sealed = await sealObject(
 *   { name, createdAt, compression: "none" },
 *   utf8('{"name":"history","created_by":"me"}'),
 *   keys,
 *   random,
 * );
 * const { payload } = await openObject(sealed, name, keys);
 * console.assert(payload.length === 36);
 * ```
 *
 * @module
 */
export * from "./lib/errors.ts";
export * from "./lib/format/mod.ts";
export * from "./lib/crypto/mod.ts";
export * from "./lib/store/mod.ts";
export * from "./lib/blobs/mod.ts";
export * from "./lib/s3/mod.ts";
export * from "./lib/manifest/mod.ts";
export { masterFromWords, wordsFromMaster } from "./lib/crypto/words.ts";
export { Database, newIdentity, openDatabase, type SqlValue, writeVault } from "./lib/db/mod.ts";
export { type EventFilter, exportEvents, type ExportRow, matchEvents } from "./lib/db/mod.ts";
export { lastEventId, type MatchedEvent } from "./lib/db/mod.ts";
export type { StoreCapabilities, VaultRow } from "./lib/db/mod.ts";
export { createVault, joinVault, openVault, pull, push, runSync } from "./lib/sync/mod.ts";
export { pullEvents, type VaultReader } from "./lib/sync/mod.ts";
export { type Forget, forget, type ImportCounts, importHistory } from "./lib/sync/mod.ts";
export { type ObjectKind, Recorder, type Rejection, type RunReport } from "./lib/sync/mod.ts";
export type { OpenedVault, Operation, RunReports, VaultToMake } from "./lib/sync/mod.ts";
export type { SyncContext, SyncEvent, VaultContext } from "./lib/sync/mod.ts";
export { repair, type RepairReport, verify, type VerifyReport } from "./lib/sync/mod.ts";
export type { DeleteQuestion, Inspection, Problem, Tally } from "./lib/sync/mod.ts";
