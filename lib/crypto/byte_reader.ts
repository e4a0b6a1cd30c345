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
    // Grows with what arrives: a header may claim 8 MiB of a frame for an object of 300 bytes.
    let taken = new Uint8Array(Math.min(count, FIRST_BYTES));
    let size = 0;
    while (size < count && await this.#fill()) {
      const part = this.#rest.subarray(0, count - size);
      this.#rest = this.#rest.subarray(part.length);
      if (size + part.length > taken.length) {
        const larger = new Uint8Array(Math.min(count, Math.max(2 * size, size + part.length)));
        larger.set(taken.subarray(0, size));
        taken = larger;
      }
      taken.set(part, size);
      size += part.length;
    }
    return taken.subarray(0, size);
  }

  /** Whether nothing is left. */
  async ended(): Promise<boolean> {
    return !await this.#fill();
  }

  /** Gives the source back, whatever state it is in. */
  cancel(reason: unknown): Promise<void> {
    return this.#reader.cancel(reason).catch(() => {});
  }

  /** Makes sure that a byte is at hand; false at the end. */
  async #fill(): Promise<boolean> {
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
