import { corrupt } from "../format/mod.ts";

/** What is made ready before anything has arrived, in bytes. */
const FIRST_BYTES = 64 * 1024;

/** Takes exact numbers of bytes from a stream of any chunks. */
export class ByteReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #limit: number;
  readonly #what: string;
  #rest: Uint8Array = new Uint8Array();
  #received = 0;
  #done = false;

  /**
   * @param limit most bytes that the stream may have
   * @param what what is being read, for errors
   */
  constructor(source: ReadableStream<Uint8Array>, limit: number, what: string) {
    this.#reader = source.getReader();
    this.#limit = limit;
    this.#what = what;
  }

  /** The next `count` bytes, or all that are left. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    // A header may claim 8 MiB of a frame for an object of 300 bytes: memory comes with the bytes.
    const first = await this.fill(new Uint8Array(Math.min(count, FIRST_BYTES)));
    if (first.length === count || await this.ended()) return first;
    const taken = new Uint8Array(count);
    taken.set(first);
    const rest = await this.fill(taken.subarray(first.length));
    return taken.subarray(0, first.length + rest.length);
  }

  /** The next bytes in memory of the caller, as many as it holds or are left: the part that is filled. */
  async fill(target: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    let size = 0;
    while (size < target.length && await this.#more()) {
      const part = this.#rest.subarray(0, target.length - size);
      this.#rest = this.#rest.subarray(part.length);
      target.set(part, size);
      size += part.length;
    }
    return target.subarray(0, size);
  }

  /** Whether nothing is left. */
  async ended(): Promise<boolean> {
    return !await this.#more();
  }

  /** Gives the source back, whatever state it is in. */
  cancel(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason).catch(() => {});
  }

  /** Makes sure that a byte is at hand; false at the end. */
  async #more(): Promise<boolean> {
    while (this.#rest.length === 0 && !this.#done) {
      const { done, value } = await this.#reader.read();
      if (done) {
        this.#done = true;
      } else {
        this.#rest = value;
        this.#received += value.length;
        if (this.#received > this.#limit) throw corrupt(this.#what, "it is too large");
      }
    }
    return this.#rest.length > 0;
  }
}
