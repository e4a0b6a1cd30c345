/**
 * Cuts a stream of bytes into lines, however the stream is cut into chunks.
 *
 * @module
 */

import { ByteBuffer } from "./bytes.ts";
import { MAX_RAW_BYTES, type RawLine } from "./types.ts";

const LF = 0x0a;
const CR = 0x0d;

/**
 * Splits at line feeds. One carriage return before a line feed, or at the very end of the file,
 * belongs to the line end, line by line, as bash itself reads a file: a decision over the whole
 * file would change the keys of old lines when the file grows.
 */
export class LineSplitter {
  /** The start of a line that a chunk ended in; one byte more than is used, for a CR. */
  readonly #carry = new ByteBuffer(MAX_RAW_BYTES + 1);
  /** The last two bytes of what is carried; -1 where there are none. */
  #last = -1;
  #beforeLast = -1;

  /** @param onLine called for each line, in order */
  constructor(readonly onLine: (line: RawLine) => void) {}

  /** Takes the next bytes of the file. */
  push(chunk: Uint8Array): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LF, start);
      if (end < 0) break;
      if (this.#carry.total === 0) this.#whole(chunk.subarray(start, end));
      else {
        this.#keep(chunk.subarray(start, end));
        this.#carried(true);
      }
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  /** The file is over: a last line without a line feed is a line too. */
  end(): void {
    if (this.#carry.total > 0) this.#carried(false);
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#beforeLast = bytes.length > 1 ? bytes[bytes.length - 2] ?? -1 : this.#last;
    this.#last = bytes[bytes.length - 1] ?? -1;
    this.#carry.append(bytes);
  }

  #carried(ended: boolean): void {
    const total = this.#carry.total;
    this.#emit(this.#carry.view(), total, this.#last, this.#beforeLast, ended);
    this.#carry.clear();
    this.#last = this.#beforeLast = -1;
  }

  #whole(bytes: Uint8Array): void {
    const n = bytes.length;
    this.#emit(bytes, n, bytes[n - 1] ?? -1, bytes[n - 2] ?? -1, true);
  }

  #emit(kept: Uint8Array, total: number, last: number, before: number, ended: boolean): void {
    const length = last === CR ? total - 1 : total;
    const size = Math.min(length, MAX_RAW_BYTES);
    this.onLine({
      bytes: size === kept.length ? kept : kept.subarray(0, size),
      last: last === CR ? before : last,
      ended,
    });
  }
}
