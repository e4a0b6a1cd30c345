/**
 * Fish's history file: items of `- cmd: <command>`, `  when: <epoch>` and `  paths:`.
 *
 * @module
 */

import { ByteBuffer, digits } from "./bytes.ts";
import { type Assembler, type Emit, MAX_RAW_BYTES, type RawLine } from "./types.ts";

const SPACE = 0x20;
const BACKSLASH = 0x5c;
const CMD = new TextEncoder().encode("- cmd:");
const WHEN = new TextEncoder().encode("when:");

/** The file looks like YAML and is none; it is read as fish reads it. */
export class FishLines implements Assembler {
  readonly #emit: Emit;
  readonly #cmd = new ByteBuffer(MAX_RAW_BYTES);
  #when = 0;

  /** @param emit takes each command */
  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** Takes the next line. */
  line({ bytes }: RawLine): void {
    if (startsWith(bytes, CMD, 0)) {
      this.end();
      this.#cmd.append(value(bytes, CMD.length));
    } else if (bytes[0] === SPACE) {
      let at = 0;
      while (bytes[at] === SPACE) at++;
      if (startsWith(bytes, WHEN, at)) this.#when = seconds(value(bytes, at + WHEN.length));
    }
  }

  /** The item is over. */
  end(): void {
    if (this.#cmd.total > 0) this.#emit(unescaped(this.#cmd.view()), { started_at: this.#when });
    this.#cmd.clear();
    this.#when = 0;
  }
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array, at: number): boolean {
  for (let i = 0; i < prefix.length; i++) {
    if (bytes[at + i] !== prefix[i]) return false;
  }
  return true;
}

/** What is behind a colon and the one space after it. */
function value(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.subarray(bytes[at] === SPACE ? at + 1 : at);
}

/** Unix seconds; 0 where it is no number. */
function seconds(bytes: Uint8Array): number {
  const { value, end } = digits(bytes, 0);
  return end === bytes.length ? value : 0;
}

/** `\\` is a backslash and `\n` a line feed; before anything else a backslash is itself. */
function unescaped(bytes: Uint8Array): Uint8Array {
  if (bytes.indexOf(BACKSLASH) < 0) return bytes;
  const plain = new Uint8Array(bytes.length);
  let to = 0;
  for (let from = 0; from < bytes.length; from++) {
    const byte = bytes[from] ?? 0;
    const next = bytes[from + 1];
    if (byte === BACKSLASH && (next === BACKSLASH || next === 0x6e)) {
      plain[to++] = next === BACKSLASH ? BACKSLASH : 0x0a;
      from++;
    } else plain[to++] = byte;
  }
  return plain.subarray(0, to);
}
