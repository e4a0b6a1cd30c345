/**
 * Bytes: a buffer that never outgrows its limit, and numbers.
 *
 * @module
 */

/** Collects bytes up to a limit; what is beyond is counted, not kept. */
export class ByteBuffer {
  #bytes = new Uint8Array(4096);
  #kept = 0;
  #total = 0;

  /** @param limit how many bytes are kept */
  constructor(readonly limit: number) {}

  /** How many bytes came in, kept or not. */
  get total(): number {
    return this.#total;
  }

  /** Adds bytes at the end. */
  append(bytes: Uint8Array): void {
    const room = Math.min(bytes.length, this.limit - this.#kept);
    this.#grow(this.#kept + room);
    this.#bytes.set(room === bytes.length ? bytes : bytes.subarray(0, room), this.#kept);
    this.#kept += room;
    this.#total += bytes.length;
  }

  /** Adds one byte `count` times. */
  fill(byte: number, count: number): void {
    const room = Math.min(count, this.limit - this.#kept);
    this.#grow(this.#kept + room);
    this.#bytes.fill(byte, this.#kept, this.#kept + room);
    this.#kept += room;
    this.#total += count;
  }

  /** What was kept; a view that holds until the next change. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#kept);
  }

  /** Forgets everything, and the memory of a large content. */
  clear(): void {
    this.#kept = 0;
    this.#total = 0;
    if (this.#bytes.length > 256 * 1024) this.#bytes = new Uint8Array(4096);
  }

  #grow(size: number): void {
    if (size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(size, this.#bytes.length * 2));
    larger.set(this.view());
    this.#bytes = larger;
  }
}

/**
 * The decimal number that begins at `at` and where it ends: `at` itself where there is none. At
 * most 11 digits are read, which as Unix seconds reach the year 5138.
 */
export function digits(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  let end = at;
  for (; end < at + 11; end++) {
    const digit = (bytes[end] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return { value, end };
}
