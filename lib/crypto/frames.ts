/**
 * The body of an object: AES-256-GCM over frames in the manner of STREAM (format, section 5). The
 * nonce holds the frame's number and whether it is the last, so frames can't be cut off, moved,
 * doubled or added.
 */
import { corrupt, fromHex, type Header, TAG_BYTES } from "../format/mod.ts";

/** What seals and opens the frames of one object. */
export interface FrameCipher {
  /** K_obj. */
  key: CryptoKey;
  /** 7 bytes. */
  nonce: Uint8Array<ArrayBuffer>;
  /** The header's exact bytes. */
  header: Uint8Array<ArrayBuffer>;
  /** Bytes of plaintext in a frame. */
  frame: number;
  /** What is being read, for errors. */
  what: string;
}

/** Most frames that one nonce can number. */
const MAX_FRAMES = 2 ** 32;

/** Unwraps an object's key. @throws {HxError} `corrupt` where K_wrap does not fit */
export async function unwrapObjectKey(
  header: Header,
  wrap: CryptoKey,
  what: string,
  usage: "encrypt" | "decrypt" = "decrypt",
): Promise<CryptoKey> {
  const wrapped = fromHex(header.crypto.wrapped_key)!;
  try {
    return await crypto.subtle.unwrapKey("raw", wrapped, wrap, "AES-KW", "AES-GCM", false, [
      usage,
    ]);
  } catch (cause) {
    throw corrupt(what, "its key does not open with this vault's key", cause);
  }
}

/** Seals frame `index`. */
export async function sealFrame(
  cipher: FrameCipher,
  index: number,
  last: boolean,
  plain: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { key, header } = cipher;
  const iv = frameNonce(cipher, index, last);
  return new Uint8Array(
    await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: header }, key, plain),
  );
}

/** Opens frame `index`. @throws {HxError} `corrupt` */
export async function openFrame(
  cipher: FrameCipher,
  index: number,
  last: boolean,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { key, header, what } = cipher;
  if (sealed.length < TAG_BYTES) throw corrupt(what, `frame ${index} is cut off`);
  if (last && index > 0 && sealed.length === TAG_BYTES) {
    throw corrupt(what, `frame ${index} is an empty last frame after data`);
  }
  const iv = frameNonce(cipher, index, last);
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: header }, key, sealed),
    );
  } catch (cause) {
    throw corrupt(what, `frame ${index} does not authenticate`, cause);
  }
}

function frameNonce(cipher: FrameCipher, index: number, last: boolean): Uint8Array<ArrayBuffer> {
  if (index >= MAX_FRAMES) throw corrupt(cipher.what, "it has more frames than can be numbered");
  const iv = new Uint8Array(12);
  iv.set(cipher.nonce);
  new DataView(iv.buffer).setUint32(7, index);
  iv[11] = last ? 1 : 0;
  return iv;
}
