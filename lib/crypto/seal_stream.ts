/** Sealing payloads of any size as they stream by (format, sections 3 to 5). */
import {
  type Compression,
  frameHeader,
  keyOf,
  type ObjectName,
  parseHeader,
  type RandomBytes,
  TAG_BYTES,
} from "../format/mod.ts";
import { ByteReader } from "./byte_reader.ts";
import { type FrameCipher, sealFrame } from "./frames.ts";
import type { VaultKeys } from "./keys.ts";
import { cipherFor } from "./open.ts";
import { newCipher, type SealMeta } from "./seal.ts";

/** Seals one payload under one key. */
export interface Sealer {
  /** The header's exact bytes, which is all that {@link resealer} takes to seal the same again. */
  header: Uint8Array<ArrayBuffer>;
  /** What the header says of compression. */
  compression: Compression;
  /**
   * Seals the payload; memory is bounded by a few frames. The object's bytes come out, and the stream
   * errors where the source does. The same key must never seal another payload.
   */
  seal(payload: ReadableStream<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Size of the sealed object in bytes, by that of the compressed payload. */
  sealedSize(bytes: number): number;
}

/**
 * Begins an object with a key of its own.
 *
 * @throws {HxError} `corrupt` where `meta` makes a header that no reader takes
 */
export async function sealer(
  meta: SealMeta,
  keys: VaultKeys,
  random: RandomBytes,
): Promise<Sealer> {
  return sealerWith(await newCipher(meta, keys, random), meta.compression);
}

/**
 * Begins an object once more, with the header that it had: the same payload gives the same bytes. The
 * caller has checked that it is the same (format, section 5), and compressed by the same program.
 *
 * @throws {HxError} `corrupt` where the header is not one of this name and vault
 */
export async function resealer(
  header: Uint8Array<ArrayBuffer>,
  name: ObjectName,
  keys: VaultKeys,
): Promise<Sealer> {
  const what = `sealing ${keyOf(name)}`;
  const parsed = parseHeader(header, what);
  return sealerWith(
    await cipherFor(parsed, name, keys, what, "encrypt"),
    parsed.header.compression,
  );
}

/**
 * Seals a payload as it streams by, with a key of its own.
 *
 * @returns the object's bytes; the stream errors where the source does
 * @throws {HxError} `corrupt` where `meta` makes a header that no reader takes
 */
export async function sealStream(
  meta: SealMeta,
  source: ReadableStream<Uint8Array>,
  keys: VaultKeys,
  random: RandomBytes,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  return (await sealer(meta, keys, random)).seal(source);
}

type Transform = ReadableWritablePair<Uint8Array, Uint8Array>;

function sealerWith(cipher: FrameCipher, compression: Compression): Sealer {
  return {
    header: cipher.header,
    compression,
    seal(payload) {
      const body = compression === "gzip"
        ? payload.pipeThrough(new CompressionStream("gzip") as Transform)
        : payload;
      return sealFrames(cipher, body);
    },
    sealedSize(bytes) {
      const frames = Math.max(1, Math.ceil(bytes / cipher.frame));
      return frameHeader(cipher.header).length + bytes + frames * TAG_BYTES;
    },
  };
}

/** Frames that are being sealed while the next one is read. */
const AHEAD = 2;

/** Cuts a stream into frames and seals them. A frame is sealed once it is known whether it is the last. */
function sealFrames(
  cipher: FrameCipher,
  source: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = new ByteReader(source, Infinity, cipher.what);
  // Each has the memory of one frame, and is free again when that frame has come out.
  const buffers = Array.from({ length: AHEAD }, () => new Uint8Array(cipher.frame));
  const sealing: Promise<Uint8Array<ArrayBuffer>>[] = [];
  const stop = async (reason: unknown) => {
    await reader.cancel(reason);
    await Promise.allSettled(sealing);
  };
  let rest = frameHeader(cipher.header);
  let index = 0;
  let ended = false;
  /** Makes sure that there are bytes to give; false at the end. */
  const more = async (): Promise<boolean> => {
    while (!ended && sealing.length < AHEAD) {
      const plain = await reader.fill(buffers[index % AHEAD]!);
      ended = await reader.ended();
      const frame = sealFrame(cipher, index++, ended, plain);
      frame.catch(() => {}); // awaited below
      sealing.push(frame);
    }
    rest = rest.length > 0 ? rest : await sealing.shift() ?? rest;
    return rest.length > 0;
  };
  return new ReadableStream({
    type: "bytes",
    async pull(out) {
      try {
        if (await more()) rest = give(out, rest);
        else close(out);
      } catch (error) {
        await stop(error);
        throw error;
      }
    },
    cancel: stop,
  });
}

/** Gives bytes, into the reader's own memory if it has brought some; answers with what is left of them. */
function give(
  out: ReadableByteStreamController,
  bytes: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const request = out.byobRequest;
  const view = request?.view;
  if (!view) {
    out.enqueue(bytes);
    return new Uint8Array();
  }
  const part = bytes.subarray(0, view.byteLength);
  new Uint8Array(view.buffer, view.byteOffset).set(part);
  request.respond(part.length);
  if (part.length < bytes.length) return bytes.subarray(part.length);
  // Given back at once: the garbage collector comes late for what it hardly sees.
  bytes.buffer.transfer(0);
  return new Uint8Array();
}

function close(out: ReadableByteStreamController): void {
  out.close();
  out.byobRequest?.respond(0);
}
