/** Reading the contents of artifacts: this device's copy, or from the store, whole or in part. */
import { blobId, type OpenedHead, openHead, openStream } from "../crypto/mod.ts";
import type { Blob } from "../db/mod.ts";
import { HxError, isCategory } from "../errors.ts";
import { headerLength, keyOf, LENGTH_BYTES, type ObjectName, storedLimit } from "../format/mod.ts";
import { collect, type GetOptions, type StoredObject } from "../store/mod.ts";
import type { SyncContext } from "./context.ts";

/** What reading takes of a {@link SyncContext}. */
export type BlobContext = Pick<SyncContext, "store" | "keys" | "signal">;

type Bytes = Uint8Array<ArrayBuffer>;

/** The head of an object that is read first, in bytes: headers of ours have a few hundred. */
const HEAD_BYTES = 4096;

/**
 * A content from the store. Each piece has been authenticated; that it is the content of this name, and
 * whole, is known only at the end, before which the stream errors otherwise.
 *
 * @throws {HxError} `not-found`, `corrupt`, and as the store; the stream also with `hash-mismatch`
 */
export async function openBlob(context: BlobContext, blob: Blob): Promise<ReadableStream<Bytes>> {
  const name = await nameOf(context, blob);
  const maxBytes = storedLimit("blob", blob.size);
  const { body } = await get(context, blob, name, { maxBytes });
  return (await openStream(body, name, context.keys, { maxPlain: blob.size })).body;
}

/**
 * The bytes of a content from `start` up to, not including, `stop`, from the store. Only the frames
 * that hold them are read, of a compressed content all from the first. Each piece has been
 * authenticated in its place; whether the rest of the content is whole is not looked at.
 *
 * @throws {HxError} `not-found`; `corrupt` also where the content ends before `stop`; and as the store
 */
export async function* blobRange(
  context: BlobContext,
  blob: Blob,
  start: number,
  stop: number,
): AsyncGenerator<Bytes> {
  if (stop <= start) return;
  const name = await nameOf(context, blob);
  const head = await readHead(context, blob, name);
  const compressed = head.header.compression !== "none";
  const first = compressed ? 0 : Math.floor(start / head.frameBytes);
  let at = first * head.frameBytes;
  for await (
    const chunk of compressed
      ? await openBlob(context, blob)
      : await openFrames(context, { blob, name, head, first, stop })
  ) {
    const piece = chunk.subarray(Math.max(0, start - at), Math.max(0, stop - at));
    at += chunk.length;
    if (piece.length > 0) yield piece;
    if (at >= stop) return;
  }
  throw new HxError("corrupt", `opening ${keyOf(name)}: it ends before byte ${stop}`);
}

/** An object's head, with the version of the object that it is of. */
export interface BlobHead extends OpenedHead {
  etag: string;
}

/** Reads the head of a content's object. @throws {HxError} `not-found`, `corrupt`, and as the store */
export async function readHead(
  context: BlobContext,
  blob: Blob,
  name: ObjectName & { type: "blob" },
): Promise<BlobHead> {
  let found = await readStart(context, blob, name, HEAD_BYTES);
  const length = LENGTH_BYTES + headerLength(found.bytes, `opening ${keyOf(name)}`);
  if (length > found.bytes.length) found = await readStart(context, blob, name, length);
  const opened = await openHead(found.bytes, found.size, name, context.keys);
  if (opened.header.compression === "none" && opened.size > blob.size) {
    throw new HxError("corrupt", `opening ${keyOf(name)}: it holds more than ${blob.size} bytes`);
  }
  return { ...opened, etag: found.etag };
}

async function readStart(
  context: BlobContext,
  blob: Blob,
  name: ObjectName & { type: "blob" },
  bytes: number,
): Promise<{ bytes: Bytes; size: number; etag: string }> {
  const range = { start: 0, end: bytes - 1 };
  const { body, size, etag } = await get(context, blob, name, { range, maxBytes: bytes });
  return { bytes: await collect(body, { maxBytes: bytes, signal: context.signal }), size, etag };
}

/** The frames of an uncompressed content from frame `first` to the one that holds byte `stop - 1`. */
async function openFrames(
  context: BlobContext,
  { blob, name, head, first, stop }: {
    blob: Blob;
    name: ObjectName & { type: "blob" };
    head: BlobHead;
    first: number;
    stop: number;
  },
): Promise<ReadableStream<Bytes>> {
  const last = Math.min(head.frames, Math.ceil(stop / head.frameBytes)) - 1;
  if (first > last) {
    throw new HxError("corrupt", `opening ${keyOf(name)}: it ends before byte ${stop}`);
  }
  const range = head.span(first, last);
  const maxBytes = range.end - range.start + 1;
  const { body } = await get(context, blob, name, { range, maxBytes, ifMatch: head.etag });
  return head.open(body, first, last);
}

/**
 * Whether the store holds the object of this content to its end: its head and its last frame open, and
 * agree with the content's size.
 *
 * @throws {HxError} as the store
 */
export async function isStored(context: BlobContext, blob: Blob): Promise<boolean> {
  const name = await nameOf(context, blob);
  try {
    const head = await readHead(context, blob, name);
    const last = head.frames - 1;
    const { body } = await get(context, blob, name, {
      range: head.span(last, last),
      ifMatch: head.etag,
    });
    const tail = await collect(head.open(body, last, last), { signal: context.signal });
    if (head.header.compression === "none") return head.size === blob.size;
    // gzip ends with the size of what it holds, modulo 2^32 (RFC 1952).
    if (tail.length < 4) return false;
    const view = new DataView(tail.buffer, tail.byteOffset);
    return view.getUint32(tail.length - 4, true) === blob.size % 2 ** 32;
  } catch (error) {
    if (isCategory(error, "not-found") || isCategory(error, "corrupt")) return false;
    throw error;
  }
}

async function nameOf(
  { keys }: BlobContext,
  { hash }: Blob,
): Promise<ObjectName & { type: "blob" }> {
  return { type: "blob", vaultId: keys.vaultId, blobId: await blobId(keys, hash) };
}

async function get(
  { store, signal }: BlobContext,
  { hash }: Blob,
  name: ObjectName,
  options: GetOptions,
): Promise<StoredObject> {
  try {
    return await store.get(keyOf(name), { ...options, signal });
  } catch (error) {
    if (!isCategory(error, "not-found")) throw error;
    throw new HxError("not-found", `the store does not have the content ${hash}`, {
      hint: "the device that attached it may not have pushed it yet, or the store has lost it",
      cause: error,
    });
  }
}
