/** The keys of a vault, all derived from one master key (format, section 4). */
import { fromHex, type RandomBytes, toHex, utf8, uuidBytes } from "../format/mod.ts";

/** What a device needs to read and write a vault. No key in it can be exported. */
export interface VaultKeys {
  /** The vault: a lower-case UUID. */
  vaultId: string;
  /** K_wrap: wraps the key of each object. */
  wrap: CryptoKey;
  /** K_blob: names blobs. */
  blob: CryptoKey;
  /** K_forget: digests of forgotten lines. */
  forget: CryptoKey;
}

/** Length of K_master and of K_obj, in bytes. */
export const KEY_BYTES = 32;

/** A new K_master. */
export function generateMaster(random: RandomBytes): Uint8Array<ArrayBuffer> {
  return random(KEY_BYTES);
}

/**
 * Derives the keys of a vault.
 *
 * @param master K_master, 32 bytes
 * @param vaultId the vault's UUID: the same master gives other keys in another vault
 * @param forgetKey K_forget where the vault brings its own (its `forget_key`), 32 bytes
 */
export async function deriveVaultKeys(
  master: Uint8Array<ArrayBuffer>,
  vaultId: string,
  forgetKey?: Uint8Array<ArrayBuffer>,
): Promise<VaultKeys> {
  if (master.length !== KEY_BYTES) throw new TypeError("the master key is not 32 bytes");
  const ikm = await crypto.subtle.importKey("raw", master, "HKDF", false, ["deriveKey"]);
  const salt = uuidBytes(vaultId);
  const derive = (info: string, type: AesKeyGenParams | HmacKeyGenParams, usages: KeyUsage[]) =>
    crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt, info: utf8(info) },
      ikm,
      type,
      false,
      usages,
    );
  const aes = { name: "AES-KW", length: 256 };
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  const [wrap, blob, forget] = await Promise.all([
    derive("hx/v0 key-wrap", aes, ["wrapKey", "unwrapKey"]),
    derive("hx/v0 blob-name", hmac, ["sign"]),
    forgetKey
      ? crypto.subtle.importKey("raw", forgetKey, hmac, false, ["sign"])
      : derive(FORGET_INFO, hmac, ["sign"]),
  ]);
  return { vaultId, wrap, blob, forget };
}

const FORGET_INFO = "hx/v0 forget";

/** The 32 bytes of K_forget, for a vault that goes on from this one to bring along. */
export async function deriveForgetKey(
  master: Uint8Array<ArrayBuffer>,
  vaultId: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const ikm = await crypto.subtle.importKey("raw", master, "HKDF", false, ["deriveBits"]);
  const salt = uuidBytes(vaultId);
  const params = { name: "HKDF", hash: "SHA-256", salt, info: utf8(FORGET_INFO) };
  return new Uint8Array(await crypto.subtle.deriveBits(params, ikm, 256));
}

/** Hex of HMAC-SHA-256(K_forget, cmd): tells a forgotten line without telling the line. */
export async function forgetDigest(keys: VaultKeys, cmd: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", keys.forget, utf8(cmd))));
}

/**
 * The name of a blob in the store: hex of HMAC-SHA-256(K_blob, the 32 bytes of its hash).
 *
 * @param blobHash SHA-256 of the content: 64 lower-case hex digits
 */
export async function blobId(keys: VaultKeys, blobHash: string): Promise<string> {
  const hash = fromHex(blobHash);
  if (hash?.length !== 32) throw new TypeError("a blob's hash is 64 hex digits");
  return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", keys.blob, hash)));
}
