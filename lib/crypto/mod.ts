/**
 * Keys, sealing and opening, all by WebCrypto.
 *
 * @module
 */
export {
  deriveForgetKey,
  deriveVaultKeys,
  forgetDigest,
  generateMaster,
  type VaultKeys,
} from "./keys.ts";
export { blobId, KEY_BYTES } from "./keys.ts";
export { type RunningHash, sha256Hex, startSha256 } from "./hash.ts";
export { type HashBeside, hashBeside } from "./hash_beside.ts";
export { type OpenedBytes, openObject, type OpenOptions, readHeader } from "./open.ts";
export { type OpenedStream, openStream } from "./open_stream.ts";
export { type OpenedHead, openHead } from "./open_range.ts";
export { type SealMeta, sealObject } from "./seal.ts";
export { resealer, type Sealer, sealer, sealStream } from "./seal_stream.ts";
export { makeSlot, measureIterations, openSlot } from "./slots.ts";
