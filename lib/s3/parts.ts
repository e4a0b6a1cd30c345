/**
 * Cuts a stream into parts of one size.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { orAbort } from "../store/mod.ts";

const MIB = 1024 * 1024;

/** Bytes of every part but the last, where nothing asks for more. */
export const PART_BYTES = 8 * MIB;

/** S3's limit. */
export const MAX_PARTS = 10_000;

/** The size of parts for an object of `size` bytes, or of an unknown number of them. */
export function partBytesOf(size: number | undefined): number {
  return Math.max(PART_BYTES, Math.ceil((size ?? 0) / MAX_PARTS));
}

/** Reads a stream part by part; holds one part at most. */
export class PartReader {
  /** Size of every part but the last. */
  readonly partBytes: number;
  /** Of a byte stream: it writes into our memory. */
  readonly #filler: ReadableStreamBYOBReader | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | ReadableStreamBYOBReader;
  #rest: Uint8Array = new Uint8Array();
  #ended = false;
  /** Memory of parts that were given back. */
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];

  /**
   * @param stream what to cut
   * @param partBytes size of every part but the last
   */
  constructor(stream: ReadableStream<Uint8Array>, partBytes: number) {
    this.#filler = fillerOf(stream);
    this.#reader = this.#filler ?? stream.getReader();
    this.partBytes = partBytes;
  }

  /** The next part; undefined at the end. Only the last one is shorter than the others. */
  async next(signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const part = this.#spare.pop() ?? new Uint8Array(this.partBytes);
    if (this.#filler) return await fill(this.#filler, part, signal);
    let filled = 0;
    while (filled < part.length) {
      if (this.#rest.length === 0 && !await this.#refill(signal)) break;
      const taken = this.#rest.subarray(0, part.length - filled);
      part.set(taken, filled);
      filled += taken.length;
      this.#rest = this.#rest.subarray(taken.length);
    }
    return filled === 0 ? undefined : part.subarray(0, filled);
  }

  /**
   * Gives back a part that is not needed any more: a later one takes its memory. Left to the garbage
   * collector, which hardly sees them, parts pile up to many times what is in use.
   */
  recycle(part: Uint8Array<ArrayBuffer>): void {
    // What another one made is of another size, and may still be in use.
    if (part.buffer.byteLength === this.partBytes) this.#spare.push(new Uint8Array(part.buffer));
  }

  /** Gives the stream up. */
  cancel(reason: unknown): void {
    this.#reader.cancel(reason).catch(() => {});
  }

  /** The `config` error for a stream of more parts than an upload holds. */
  tooLarge(): HxError {
    const gib = Math.floor(this.partBytes * MAX_PARTS / 1024 / MIB);
    return new HxError("config", `the object is larger than the ${gib} GiB that its parts hold`, {
      hint: "parts are larger where the size is told beforehand",
    });
  }

  async #refill(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#ended) return false;
    const reader = this.#reader as ReadableStreamDefaultReader<Uint8Array>;
    const { done, value } = await orAbort(reader.read(), signal);
    this.#ended = done;
    this.#rest = value ?? new Uint8Array();
    return !done;
  }
}

/** The reader that a byte stream has for memory of the caller; undefined where it is none. */
function fillerOf(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return undefined; // the stream stays as it is
  }
}

/** Fills a part; its memory moves to the array that comes back. */
async function fill(
  reader: ReadableStreamBYOBReader,
  part: Uint8Array<ArrayBuffer>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { length } = part; // none is left of it once its memory has moved
  let buffer = part.buffer;
  let filled = 0;
  while (filled < length) {
    const view = new Uint8Array(buffer, filled, length - filled);
    const { done, value } = await orAbort(reader.read(view), signal);
    if (value === undefined) break;
    buffer = value.buffer as ArrayBuffer;
    filled += value.length;
    if (done) break;
  }
  return filled === 0 ? undefined : new Uint8Array(buffer, 0, filled);
}
