/**
 * Sync over a store: vault, push, pull, status, and what feeds them.
 *
 * @module
 */
export * from "./artifacts.ts";
export { blobRange, openBlob } from "./blob_get.ts";
export { checkedCopy } from "./blob_seal.ts";
export { twice } from "./blob_pull.ts";
export { freeBlobs, type FreedBlobs } from "./blob_gc.ts";
export * from "./context.ts";
export * from "./forget.ts";
export * from "./import_history.ts";
export { importPeer, type PeerCounts } from "./import_peer.ts";
export { type Copied, copyVault, type VaultCopy } from "./copy_vault.ts";
export { deletionText } from "./delete_guard.ts";
export { probeStore } from "./probe.ts";
export { pull } from "./pull.ts";
export { pullEvents, type VaultReader } from "./pull_events.ts";
export { push } from "./push.ts";
export { repair, type RepairReport, runRepair } from "./repair.ts";
export * from "./report.ts";
export * from "./run.ts";
export * from "./slots.ts";
export * from "./status.ts";
export * from "./vault.ts";
export { type Inspection, type Problem, type Tally, verify, type VerifyReport } from "./verify.ts";
