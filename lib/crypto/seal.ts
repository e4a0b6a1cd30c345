/** Sealing objects: header, then encrypted frames (format, sections 3 to 5). */
import { HxError } from "../errors.ts";
import {
  checkHeaderMatches,
  type Compression,
  concatBytes,
  encodeHeader,
  FRAME_BYTES,
  frameHeader,
  type Header,
  keyOf,
  type KeySlot,
  LIMITS,
  type ObjectName,
  parseHeader,
  type RandomBytes,
  storedLimit,
  toHex,
} from "../format/mod.ts";
import { type FrameCipher, sealFrame } from "./frames.ts";
import { gzip } from "./gzip.ts";
import { KEY_BYTES, type VaultKeys } from "./keys.ts";

/** What an object says of itself in the clear. */
export interface SealMeta {
  /** Its name. */
  name: ObjectName;
  /** The node that writes it. Only a tombstone's name does not tell it. */
  nodeId?: string;
  /** RFC 3339 with milliseconds and `Z`. */
  createdAt: string;
  /** How to compress the payload. */
  compression: Compression;
  /** Of a vault. */
  keySlots?: readonly KeySlot[];
  /** Bytes of plaintext in a frame. @default 1 MiB */
  frame?: number;
}

/**
 * Seals a payload that is whole in memory, with a key of its own.
 *
 * @throws {HxError} `corrupt` where `meta` makes a header that no reader takes; `unexpected` where the
 * payload is larger than readers take
 */
export async function sealObject(
  meta: SealMeta,
  payload: Uint8Array<ArrayBuffer>,
  keys: VaultKeys,
  random: RandomBytes,
): Promise<Uint8Array<ArrayBuffer>> {
  checkSize(meta, payload.length, LIMITS[meta.name.type].plain);
  const cipher = await newCipher(meta, keys, random);
  const body = meta.compression === "gzip" ? gzip(payload) : payload;
  const frames = Math.max(1, Math.ceil(body.length / cipher.frame));
  const parts: Uint8Array[] = [frameHeader(cipher.header)];
  for (let i = 0; i < frames; i++) {
    const plain = body.subarray(i * cipher.frame, (i + 1) * cipher.frame);
    parts.push(await sealFrame(cipher, i, i === frames - 1, plain));
  }
  const object = concatBytes(...parts);
  checkSize(meta, object.length, storedLimit(meta.name.type, payload.length));
  return object;
}

/** What is too large to be read is better not written: its number could never be filled again. */
function checkSize({ name }: SealMeta, size: number, limit: number): void {
  if (size <= limit) return;
  throw new HxError("unexpected", `sealing ${keyOf(name)}: ${size} bytes are more than ${limit}`);
}

/** Makes the header of a new object, and the key in it. */
export async function newCipher(
  meta: SealMeta,
  keys: VaultKeys,
  random: RandomBytes,
): Promise<FrameCipher> {
  const what = `sealing ${keyOf(meta.name)}`;
  const raw = random(KEY_BYTES);
  const usages: KeyUsage[] = ["encrypt"];
  // Extractable only here, to be wrapped; what encrypts can't leave.
  const leaving = await crypto.subtle.importKey("raw", raw, "AES-GCM", true, usages);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, usages);
  raw.fill(0);
  const wrapped = await crypto.subtle.wrapKey("raw", leaving, keys.wrap, "AES-KW");
  const nonce = random(7);
  const frame = meta.frame ?? FRAME_BYTES;
  const header: Header = {
    magic: "HXOBJ",
    version: 0,
    object_type: meta.name.type,
    ...idsOf(meta),
    created_at: meta.createdAt,
    compression: meta.compression,
    crypto: {
      enc: "A256GCM-STREAM",
      kw: "A256KW",
      frame,
      nonce: toHex(nonce),
      wrapped_key: toHex(new Uint8Array(wrapped)),
    },
    ...(meta.name.type === "vault" && { key_slots: [...(meta.keySlots ?? [])] }),
  };
  const bytes = encodeHeader(header);
  checkHeaderMatches(parseHeader(bytes, what).header, meta.name, what);
  return { key, nonce, header: bytes, frame, what };
}

function idsOf({ name, nodeId }: SealMeta): Pick<Header, "vault_id"> & Partial<Header> {
  return {
    vault_id: name.vaultId,
    ...("nodeId" in name ? { node_id: name.nodeId } : nodeId !== undefined && { node_id: nodeId }),
    ...("segmentId" in name && { segment_id: name.segmentId }),
    ...("tombstoneId" in name && { tombstone_id: name.tombstoneId }),
    ...("blobId" in name && { blob_id: name.blobId }),
  };
}
