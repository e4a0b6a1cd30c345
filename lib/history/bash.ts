/**
 * Bash's history file: a command a line, or `#<epoch>` lines with a command after each.
 *
 * @module
 */

import { ByteBuffer, digits } from "./bytes.ts";
import { type Assembler, type Emit, MAX_RAW_BYTES, type RawLine } from "./types.ts";

const HASH = 0x23;
const LF = 0x0a;

/**
 * Before the first `#<epoch>` line, a line is a command. From there on everything up to the next
 * `#<epoch>` line is one command, as bash reads a file whose first line is one. Deciding from
 * where the first time stands, not from the first line, keeps the keys when the head is cut.
 *
 * Empty lines around a command are dropped; those inside (of a here-document) are kept.
 */
export class BashLines implements Assembler {
  readonly #emit: Emit;
  readonly #text = new ByteBuffer(MAX_RAW_BYTES);
  #dated = false;
  #time = 0;
  #emptyLines = 0;

  /** @param emit takes each command */
  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** Takes the next line. */
  line({ bytes }: RawLine): void {
    const time = timestamp(bytes);
    if (time !== undefined) {
      this.end();
      this.#dated = true;
      this.#time = time;
    } else if (!this.#dated) {
      this.#emit(bytes, { started_at: 0 });
    } else if (bytes.length === 0) {
      this.#emptyLines++;
    } else {
      if (this.#text.total > 0) this.#text.fill(LF, this.#emptyLines + 1);
      this.#emptyLines = 0;
      this.#text.append(bytes);
    }
  }

  /** The lines since the last time are a command. */
  end(): void {
    if (this.#text.total > 0) this.#emit(this.#text.view(), { started_at: this.#time });
    this.#text.clear();
  }
}

/**
 * Unix seconds of a `#1700000000` line. Bash takes any line of `#` and a digit for one and loses
 * its text; a comment such as `#1 first try` stays a command here.
 */
function timestamp(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== HASH) return undefined;
  const { value, end } = digits(bytes, 1);
  return end > 1 && end === bytes.length ? value : undefined;
}
