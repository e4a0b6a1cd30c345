/**
 * Keys, sealing and opening, all by WebCrypto.
 *
 * @module
 */
export { deriveVaultKeys, forgetDigest, generateMaster, type VaultKeys } from "./keys.ts";
export { blobId, KEY_BYTES, sha256Hex } from "./keys.ts";
export { type OpenedBytes, type OpenedStream, openObject, openStream, readHeader } from "./open.ts";
export { type SealMeta, sealObject, sealStream } from "./seal.ts";
export { makeSlot, openSlot } from "./slots.ts";
