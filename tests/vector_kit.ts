/** Crafting objects by hand, right or wrong in one place, and the file format of the test vectors. */
import { deriveVaultKeys, type VaultKeys } from "../lib/crypto/mod.ts";
import { sealFrame } from "../lib/crypto/frames.ts";
import { concatBytes, fromHex, type RandomBytes, toHex, utf8 } from "../lib/format/mod.ts";
import { gzipStored } from "./gzip_kit.ts";

/** One vector as its file has it. */
export interface Vector {
  /** What is special about it, in one sentence. */
  about: string;
  /** K_master in hex. */
  master: string;
  /** The object's key. */
  key: string;
  /** The node whose manifest names a tombstone. */
  node_id?: string;
  /** Of a blob: the `byte_len` of its record. */
  max_plain?: number;
  /** The object in base64. */
  object: string;
  /** The payload in base64 where it opens; the category of the failure where it does not. */
  expect: { payload: string } | { category: Failure };
}

/** What an object that does not open fails with. */
export type Failure = "corrupt" | "hash-mismatch";

export const MASTER = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
export const VAULT = "6f1c1e0a-4d1b-4d55-9f0b-2f6f0c9a1b01";
export const NODE = "0b54d7a2-3c35-4a7f-8f65-6f3f4b2a9c02";
export const OTHER = "9d3f6c11-7f0e-4f7b-8a39-0d1e2f3a4b03";
export const CREATED = "2026-01-02T03:04:05.678Z";

export const vectorKeys = (): Promise<VaultKeys> => deriveVaultKeys(fromHex(MASTER)!, VAULT);

type Json = Record<string, unknown>;

/** What to do otherwise than right. */
export interface Craft {
  /** Changes the header before it is encoded. */
  header?: (header: Json) => unknown;
  /** Changes the header's bytes before anything is sealed with them. */
  headerBytesBefore?: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  /** Changes the header's bytes after the frames were sealed with the right ones. */
  headerBytesAfter?: (bytes: Uint8Array) => Uint8Array;
  /** The length field. */
  length?: (length: number) => number;
  /** Bytes of plaintext in a frame. @default 4096 */
  frame?: number;
  compression?: "none" | "gzip";
  /** Turns the payload into what is encrypted; right gzip where compression says so. */
  pack?: (payload: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  /** Frames as (index, last, plaintext); the right ones are given. */
  frames?: (frames: Frame[]) => Frame[];
  /** Sealed frames. */
  sealed?: (sealed: Uint8Array<ArrayBuffer>[]) => Uint8Array[];
  /** The whole object. */
  object?: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  /** Wraps K_obj with this key instead. */
  wrap?: CryptoKey;
  /** Bytes of K_obj. @default 32 */
  keyBytes?: number;
  /** Changes the nonce that header and frames have. */
  nonce?: (nonce: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
}

/** A frame before it is sealed. */
export interface Frame {
  index: number;
  last: boolean;
  plain: Uint8Array<ArrayBuffer>;
}

/** Makes an object's bytes. */
export async function craft(
  keys: VaultKeys,
  random: RandomBytes,
  fields: Json,
  payload: Uint8Array<ArrayBuffer>,
  how: Craft = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const frame = how.frame ?? 4096;
  const raw = random(how.keyBytes ?? 32);
  const objectKey = await crypto.subtle.importKey("raw", raw, "AES-GCM", true, ["encrypt"]);
  const wrapped = await crypto.subtle.wrapKey("raw", objectKey, how.wrap ?? keys.wrap, "AES-KW");
  const nonce = how.nonce ? how.nonce(random(7)) : random(7);
  const header: Json = {
    magic: "HXOBJ",
    version: 0,
    ...fields,
    created_at: CREATED,
    compression: how.compression ?? "none",
    crypto: {
      enc: "A256GCM-STREAM",
      kw: "A256KW",
      frame,
      nonce: toHex(nonce),
      wrapped_key: toHex(new Uint8Array(wrapped)),
    },
  };
  const encoded = utf8(JSON.stringify(how.header ? how.header(header) : header));
  const bytes = how.headerBytesBefore ? how.headerBytesBefore(encoded) : encoded;
  const right = how.compression === "gzip" ? gzipStored(payload) : payload;
  const body = how.pack ? how.pack(payload) : right;
  const frames = how.frames ? how.frames(cut(body, frame)) : cut(body, frame);
  const cipher = { key: objectKey, nonce, header: bytes, frame, what: "vector" };
  const sealed = await Promise.all(
    frames.map(({ index, last, plain }) => sealFrame(cipher, index, last, plain)),
  );
  const stored = how.headerBytesAfter ? how.headerBytesAfter(bytes) : bytes;
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, how.length ? how.length(stored.length) : stored.length);
  const object = concatBytes(length, stored, ...(how.sealed ? how.sealed(sealed) : sealed));
  return how.object ? how.object(object) : object;
}

function cut(body: Uint8Array<ArrayBuffer>, size: number): Frame[] {
  const count = Math.max(1, Math.ceil(body.length / size));
  return Array.from({ length: count }, (_, index) => ({
    index,
    last: index === count - 1,
    plain: body.slice(index * size, (index + 1) * size),
  }));
}
