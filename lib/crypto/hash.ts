/** SHA-256, and what it says of a blob (format, sections 2 and 8). */
import { HxError } from "../errors.ts";
import { fromHex, type ObjectName, toHex } from "../format/mod.ts";
import { blobId, type VaultKeys } from "./keys.ts";

/** Hex of SHA-256. */
export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** A SHA-256 that takes its input piece by piece, which WebCrypto's does not. */
export interface RunningHash {
  /** Takes the next piece. */
  update(bytes: Uint8Array): void;
  /** The hash in hex; nothing more may follow. */
  hex(): string;
}

/** Begins a {@link RunningHash}. */
export async function startSha256(): Promise<RunningHash> {
  // Loaded where it is needed: most runs of the program hash nothing this way.
  const { createSHA256 } = await import("hash-wasm");
  const hash = (await createSHA256()).init();
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest("hex") };
}

/**
 * Checks that a blob's content is what its name says (section 8, step 5).
 *
 * @param hash SHA-256 of the content, in hex
 * @throws {HxError} `hash-mismatch`
 */
export async function checkBlobHash(
  hash: string,
  name: ObjectName & { type: "blob" },
  keys: VaultKeys,
  what: string,
): Promise<void> {
  if (fromHex(hash)?.length === 32 && await blobId(keys, hash) === name.blobId) return;
  throw new HxError("hash-mismatch", `${what}: its content is not what its name says`, {
    hint: "the other objects are not affected; it is read again at the next sync",
  });
}
