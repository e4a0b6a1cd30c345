/**
 * Opening a part of an object: each frame authenticates by itself, with its place, so that a part can
 * be read without the rest (format, section 5). What only the whole can show, such as a blob's hash,
 * is not checked.
 */
import {
  corrupt,
  type Header,
  keyOf,
  LENGTH_BYTES,
  type ObjectName,
  TAG_BYTES,
} from "../format/mod.ts";
import { ByteReader } from "./byte_reader.ts";
import { openFrame } from "./frames.ts";
import type { VaultKeys } from "./keys.ts";
import { cipherFor, readHeader } from "./open.ts";

/** An object of which the header was read. */
export interface OpenedHead {
  /** The header. */
  header: Header;
  /** How many frames the object has. */
  frames: number;
  /** Plaintext bytes of a frame, compressed where the payload is; the last one may have fewer. */
  frameBytes: number;
  /** The payload's size in bytes, compressed where it is. */
  size: number;
  /** Where frames `first` to `last` lie in the object: both ends included. */
  span(first: number, last: number): { start: number; end: number };
  /**
   * Opens frames `first` to `last` from a stream of just their bytes, each as it was asked for.
   *
   * The stream errors with `corrupt` where a frame does not authenticate, and as the source does.
   */
  open(
    source: ReadableStream<Uint8Array>,
    first: number,
    last: number,
  ): ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * Reads the head of an object.
 *
 * @param head the object's first bytes: at least its header
 * @param storedSize the size of the whole object in bytes, as the store tells it. Whether that is true
 * shows when the last frame is opened
 * @throws {HxError} `corrupt`
 */
export async function openHead(
  head: Uint8Array<ArrayBuffer>,
  storedSize: number,
  name: ObjectName,
  keys: VaultKeys,
): Promise<OpenedHead> {
  const what = `opening ${keyOf(name)}`;
  const parsed = readHeader(head, what);
  const cipher = await cipherFor(parsed, name, keys, what);
  const bodyStart = LENGTH_BYTES + parsed.bytes.length;
  const bodyBytes = storedSize - bodyStart;
  const sealedFrame = cipher.frame + TAG_BYTES;
  const frames = Math.ceil(bodyBytes / sealedFrame);
  const size = bodyBytes - frames * TAG_BYTES;
  if (frames < 1 || size < 0) throw corrupt(what, "it ends within its first frame");
  const span = (first: number, last: number) => ({
    start: bodyStart + first * sealedFrame,
    end: Math.min(storedSize, bodyStart + (last + 1) * sealedFrame) - 1,
  });
  return {
    header: parsed.header,
    frames,
    frameBytes: cipher.frame,
    size,
    span,
    open(source, first, last) {
      const { start, end } = span(first, last);
      const reader = new ByteReader(source, end - start + 1, what);
      let index = first;
      return new ReadableStream({
        async pull(out) {
          try {
            const sealed = await reader.take(sealedFrame);
            const plain = await openFrame(cipher, index, index === frames - 1, sealed);
            if (plain.length > 0) out.enqueue(plain);
            if (index++ === last) {
              out.close();
              await reader.cancel(undefined);
            }
          } catch (error) {
            await reader.cancel(error);
            throw error;
          }
        },
        cancel: (reason) => reader.cancel(reason),
      }, { highWaterMark: 0 });
    },
  };
}
