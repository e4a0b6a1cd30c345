/**
 * Zsh's history file, plain or extended (`: <start>:<elapsed>;<command>`), in zsh's own
 * "metafied" bytes.
 *
 * @module
 */

import { ByteBuffer, digits } from "./bytes.ts";
import { type Assembler, type Emit, MAX_RAW_BYTES, type RawLine } from "./types.ts";

const LF = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
const META = 0x83;

/**
 * As zsh reads it: a backslash before the line end stands for a line feed inside the command,
 * whatever is before it; a command that ends in a backslash (and spaces) was written with one
 * space more, which is taken off; a plain command that begins with a colon has a backslash
 * before it.
 */
export class ZshLines implements Assembler {
  readonly #emit: Emit;
  readonly #text = new ByteBuffer(MAX_RAW_BYTES);

  /** @param emit takes each command */
  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** Takes the next line. */
  line({ bytes, last, ended }: RawLine): void {
    if (ended && last === BACKSLASH) {
      this.#text.append(bytes.subarray(0, -1));
      this.#text.fill(LF, 1);
      return;
    }
    const end = withoutGuard(bytes);
    if (this.#text.total === 0) return this.#entry(end);
    this.#text.append(end);
    this.#flush(this.#text.view());
  }

  /** A file that ends within a command: what is there of it is kept. */
  end(): void {
    if (this.#text.total > 0) this.#flush(this.#text.view().subarray(0, -1));
  }

  #flush(bytes: Uint8Array): void {
    this.#entry(bytes);
    this.#text.clear();
  }

  #entry(bytes: Uint8Array): void {
    const header = extended(bytes);
    if (header) {
      const { started_at, elapsed, length } = header;
      // 0 s is also what zsh writes where it does not know (INC_APPEND_HISTORY): no duration.
      const known = started_at > 0 && elapsed > 0;
      const time = known ? { started_at, duration_ms: elapsed * 1000 } : { started_at };
      this.#emit(unmetafied(bytes.subarray(length)), time);
    } else {
      const escaped = bytes[0] === BACKSLASH && bytes[1] === COLON;
      this.#emit(unmetafied(escaped ? bytes.subarray(1) : bytes), { started_at: 0 });
    }
  }
}

/** Takes off the space that zsh puts behind a command that ends in a backslash and spaces. */
function withoutGuard(bytes: Uint8Array): Uint8Array {
  let at = bytes.length - 1;
  while (at >= 0 && bytes[at] === SPACE) at--;
  return at !== bytes.length - 1 && bytes[at] === BACKSLASH ? bytes.subarray(0, -1) : bytes;
}

interface Header {
  /** Unix seconds. */
  started_at: number;
  /** Seconds. */
  elapsed: number;
  /** Bytes before the command. */
  length: number;
}

/** The head of an extended line; undefined where the line does not begin with one. */
function extended(bytes: Uint8Array): Header | undefined {
  if (bytes[0] !== COLON) return undefined;
  let at = 1;
  while (bytes[at] === SPACE) at++;
  const start = digits(bytes, at);
  if (start.end === at || bytes[start.end] !== COLON) return undefined;
  at = start.end + 1;
  const negative = bytes[at] === 0x2d;
  if (negative) at++;
  const elapsed = digits(bytes, at);
  if (elapsed.end === at || bytes[elapsed.end] !== SEMICOLON) return undefined;
  return {
    started_at: start.value,
    elapsed: negative ? 0 : elapsed.value,
    length: elapsed.end + 1,
  };
}

/** Zsh writes NUL and the bytes 0x83 to 0xa2 as 0x83 and the byte with bit 5 turned over. */
function unmetafied(bytes: Uint8Array): Uint8Array {
  const first = bytes.indexOf(META);
  if (first < 0) return bytes;
  const plain = new Uint8Array(bytes.length);
  let to = 0;
  for (let from = 0; from < bytes.length; from++) {
    const byte = bytes[from] ?? 0;
    const next = bytes[from + 1];
    if (byte === META && next !== undefined) {
      plain[to++] = next ^ 0x20;
      from++;
    } else plain[to++] = byte;
  }
  return plain.subarray(0, to);
}
