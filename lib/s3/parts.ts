/**
 * Cuts a stream into parts of one size.
 *
 * @module
 */
import { orAbort } from "../store/mod.ts";

/** Reads a stream part by part; holds one part at most. */
export class PartReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #partBytes: number;
  #rest: Uint8Array = new Uint8Array();
  #ended = false;

  /**
   * @param stream what to cut
   * @param partBytes size of every part but the last
   */
  constructor(stream: ReadableStream<Uint8Array>, partBytes: number) {
    this.#reader = stream.getReader();
    this.#partBytes = partBytes;
  }

  /** The next part; undefined at the end. Only the last one is shorter than the others. */
  async next(signal: AbortSignal | undefined): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const part = new Uint8Array(this.#partBytes);
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

  /** Gives the stream up. */
  cancel(reason: unknown): void {
    this.#reader.cancel(reason).catch(() => {});
  }

  async #refill(signal: AbortSignal | undefined): Promise<boolean> {
    if (this.#ended) return false;
    const { done, value } = await orAbort(this.#reader.read(), signal);
    this.#ended = done;
    this.#rest = value ?? new Uint8Array();
    return !done;
  }
}
