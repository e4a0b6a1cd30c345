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
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();
  #ended = false;
  /** Memory of parts that were given back. */
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];

  /**
   * @param stream what to cut
   * @param partBytes size of every part but the last
   */
  constructor(stream: ReadableStream<Uint8Array>, partBytes: number) {
    this.#reader = stream.getReader();
    this.partBytes = partBytes;
  }

  /** The next part; undefined at the end. Only the last one is shorter than the others. */
  async next(signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const part = this.#spare.pop() ?? new Uint8Array(this.partBytes);
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
    const { done, value } = await orAbort(this.#reader.read(), signal);
    this.#ended = done;
    this.#rest = value ?? new Uint8Array();
    return !done;
  }
}
