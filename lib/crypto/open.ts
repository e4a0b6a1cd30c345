/** Opening objects: everything of section 8 that can be checked before the payload's own rules. */
import {
  checkHeaderMatches,
  corrupt,
  fromHex,
  type Header,
  headerLength,
  keyOf,
  LENGTH_BYTES,
  LIMITS,
  type ObjectName,
  type ParsedHeader,
  parseHeader,
  storedLimit,
  TAG_BYTES,
} from "../format/mod.ts";
import { type FrameCipher, openFrame, unwrapObjectKey } from "./frames.ts";
import { gunzip } from "./gzip.ts";
import { checkBlobHash, sha256Hex } from "./hash.ts";
import type { VaultKeys } from "./keys.ts";

/** What opening takes besides the object. */
export interface OpenOptions {
  /** Largest payload in bytes; of a blob the `byte_len` of its record. @default the type's limit */
  maxPlain?: number;
}

/** An object that was opened whole. */
export interface OpenedBytes {
  /** The header. */
  header: Header;
  /** The payload. */
  payload: Uint8Array<ArrayBuffer>;
}

/**
 * Reads the header of an object, before any key is known.
 *
 * @throws {HxError} `corrupt`
 */
export function readHeader(bytes: Uint8Array<ArrayBuffer>, what = "header"): ParsedHeader {
  const end = LENGTH_BYTES + headerLength(bytes, what);
  if (bytes.length < end) throw corrupt(what, "it ends within its header");
  return parseHeader(bytes.slice(LENGTH_BYTES, end), what);
}

/**
 * Opens an object that is whole in memory.
 *
 * @param name what the object's key says; everything in it has to agree
 * @throws {HxError} `corrupt`; `hash-mismatch` for a blob whose content is not what its name says
 * @throws {TypeError} for a blob without {@link OpenOptions.maxPlain}
 */
export async function openObject(
  bytes: Uint8Array<ArrayBuffer>,
  name: ObjectName,
  keys: VaultKeys,
  options: OpenOptions = {},
): Promise<OpenedBytes> {
  const maxPlain = plainLimit(name, options);
  const what = `opening ${keyOf(name)}`;
  if (bytes.length > storedLimit(name.type, maxPlain)) throw corrupt(what, "it is too large");
  const parsed = readHeader(bytes, what);
  const cipher = await cipherFor(parsed, name, keys, what);
  const body = await openBody(bytes.subarray(LENGTH_BYTES + parsed.bytes.length), cipher);
  const { header } = parsed;
  const payload = header.compression === "gzip" ? gunzip(body, maxPlain, what) : body;
  if (payload.length > maxPlain) throw corrupt(what, `it holds more than ${maxPlain} bytes`);
  if (name.type === "blob") await checkBlobHash(await sha256Hex(payload), name, keys, what);
  return { header, payload };
}

async function openBody(
  body: Uint8Array<ArrayBuffer>,
  cipher: FrameCipher,
): Promise<Uint8Array<ArrayBuffer>> {
  const sealedFrame = cipher.frame + TAG_BYTES;
  const frames = Math.max(1, Math.ceil(body.length / sealedFrame));
  if (frames === 1) return await openFrame(cipher, 0, true, body);
  const plain = new Uint8Array(body.length);
  let size = 0;
  for (let i = 0; i < frames; i++) {
    const sealed = body.subarray(i * sealedFrame, (i + 1) * sealedFrame);
    const part = await openFrame(cipher, i, i === frames - 1, sealed);
    plain.set(part, size);
    size += part.length;
  }
  return plain.subarray(0, size);
}

/** Largest payload. A blob has no limit of its own, so not to name one is a mistake of the caller. */
export function plainLimit(name: ObjectName, { maxPlain }: OpenOptions): number {
  if (name.type === "blob" && maxPlain === undefined) {
    throw new TypeError("opening a blob takes maxPlain, the byte_len of its record");
  }
  return maxPlain ?? LIMITS[name.type].plain;
}

/** Checks a header against the key and unwraps the object's key (section 8, steps 3 to 5). */
export async function cipherFor(
  { header, bytes }: ParsedHeader,
  name: ObjectName,
  keys: VaultKeys,
  what: string,
  usage: "encrypt" | "decrypt" = "decrypt",
): Promise<FrameCipher> {
  checkHeaderMatches(header, name, what);
  const key = await unwrapObjectKey(header, keys.wrap, what, usage);
  const { nonce, frame } = header.crypto;
  return { key, nonce: fromHex(nonce)!, header: bytes, frame, what };
}
