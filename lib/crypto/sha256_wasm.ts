/**
 * SHA-256 piece by piece (FIPS 180-4), as a WebAssembly module that is put together here: WebCrypto
 * takes its input only as a whole, and the same in JavaScript is half as fast again.
 *
 * The module has one function, which works off 64-byte blocks of its memory with the state at address
 * 0; its 64 rounds are written out, so that all 16 words and 8 variables stay in locals.
 *
 * @module
 */

/** Bytes of a block. */
const BLOCK = 64;

/** Where input lies in the module's memory, and how much of it at once: as much as stays in caches. */
const INPUT = 64;
const INPUT_BYTES = 65_536 - INPUT;

// Opcodes of WebAssembly.
const [LOOP, END, BR_IF] = [0x03, 0x0b, 0x0d];
const [LOCAL_GET, LOCAL_SET, LOCAL_TEE] = [0x20, 0x21, 0x22];
const [LOAD, STORE, CONST] = [0x28, 0x36, 0x41];
const [LESS_THAN, ADD, AND, OR, XOR, SHIFT_RIGHT, ROTATE_RIGHT] = [
  0x49,
  0x6a,
  0x71,
  0x72,
  0x73,
  0x76,
  0x78,
];
const [VOID, I32] = [0x40, 0x7f];

// Locals: two parameters, the 16 words of the schedule, the 8 variables, and one to put things in.
const [AT, STOP, WORDS, VARIABLES, TEMP] = [0, 1, 2, 18, 26];

/** A whole number in LEB128: WebAssembly's form of them. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    if (value === (low & 0x40 ? -1 : 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

const get = (local: number) => [LOCAL_GET, local];
const constant = (value: number) => [CONST, ...signed(value | 0)];
const load = (address: number[], offset: number) => [...address, LOAD, 2, ...unsigned(offset)];
const rotated = (local: number, by: number) => [...get(local), ...constant(by), ROTATE_RIGHT];
const xor3 = (a: number[], b: number[], c: number[]) => [...a, ...b, XOR, ...c, XOR];

/** FIPS 180-4's constants: 32 bits behind the point of a root of the n-th prime. */
function rootBits(prime: number, power: 2n | 3n): number {
  const target = BigInt(prime) << (32n * power);
  let root = 0n;
  for (let bit = 1n << 36n; bit > 0n; bit >>= 1n) {
    if ((root + bit) ** power <= target) root += bit;
  }
  return Number(BigInt.asUintN(32, root));
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime)) found.push(n);
  return found;
}

/** Word `i` of the block, turned from big-endian. */
function readWord(i: number): number[] {
  const half = (rotation: number, mask: number) => [
    ...rotated(TEMP, rotation),
    ...constant(mask),
    AND,
  ];
  return [
    ...load(get(AT), 4 * i),
    LOCAL_SET,
    TEMP,
    ...half(24, 0x00ff00ff),
    ...half(8, 0xff00ff00),
    OR,
    LOCAL_SET,
    WORDS + i,
  ];
}

/** Word `i` of the schedule, in the place of word `i - 16`. */
function extend(i: number): number[] {
  const word = (back: number) => WORDS + ((i - back) & 15);
  const sigma = (local: number, a: number, b: number, shift: number) =>
    xor3(rotated(local, a), rotated(local, b), [...get(local), ...constant(shift), SHIFT_RIGHT]);
  return [
    ...get(word(16)),
    ...get(word(7)),
    ADD,
    ...sigma(word(15), 7, 18, 3),
    ADD,
    ...sigma(word(2), 17, 19, 10),
    ADD,
    LOCAL_SET,
    word(16),
  ];
}

/** Round `i`: the variables stay where they are, and their names move on. */
function round(i: number, k: number): number[] {
  const [a, b, c, d, e, f, g, h] = Array.from(
    { length: 8 },
    (_, n) => VARIABLES + ((n - i) & 7),
  ) as [number, number, number, number, number, number, number, number];
  const sum = (local: number, x: number, y: number, z: number) =>
    xor3(rotated(local, x), rotated(local, y), rotated(local, z));
  const choice = [...get(f), ...get(g), XOR, ...get(e), AND, ...get(g), XOR];
  const majority = [...get(a), ...get(b), OR, ...get(c), AND, ...get(a), ...get(b), AND, OR];
  return [
    ...[...get(h), ...sum(e, 6, 11, 25), ADD, ...choice, ADD],
    ...[...constant(k), ADD, ...get(WORDS + (i & 15)), ADD, LOCAL_TEE, TEMP],
    ...[...get(d), ADD, LOCAL_SET, d],
    ...[...get(TEMP), ...sum(a, 2, 13, 22), ADD, ...majority, ADD, LOCAL_SET, h],
  ];
}

/** The function: works off the blocks from its first argument up to its second. */
function body(): number[] {
  const zero = constant(0);
  const variables = [0, 1, 2, 3, 4, 5, 6, 7];
  const constants = primes(64).map((prime) => rootBits(prime, 3n));
  return [
    ...[LOOP, VOID],
    ...variables.flatMap((i) => [...load(zero, 4 * i), LOCAL_SET, VARIABLES + i]),
    ...Array.from({ length: 16 }, (_, i) => readWord(i)).flat(),
    ...constants.flatMap((k, i) => [...(i < 16 ? [] : extend(i)), ...round(i, k)]),
    ...variables.flatMap((i) => [
      ...[...zero, ...load(zero, 4 * i), ...get(VARIABLES + i), ADD],
      ...[STORE, 2, ...unsigned(4 * i)],
    ]),
    ...[...get(AT), ...constant(BLOCK), ADD, LOCAL_TEE, AT, ...get(STOP), LESS_THAN, BR_IF, 0],
    ...[END, END],
  ];
}

let compiled: WebAssembly.Module | undefined;

function compile(): WebAssembly.Module {
  const section = (id: number, ...bytes: number[]) => [id, ...unsigned(bytes.length), ...bytes];
  const code = [1, 25, I32, ...body()]; // one group of locals beside the parameters
  return new WebAssembly.Module(
    new Uint8Array([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
      ...section(1, 1, 0x60, 2, I32, I32, 0), // a type: two numbers, no result
      ...section(3, 1, 0),
      ...section(5, 1, 0, 1), // one page of memory
      ...section(7, 2, 1, 0x6d, 2, 0, 1, 0x66, 0, 0), // exports "m", the memory, and "f"
      ...section(10, 1, ...unsigned(code.length), ...code),
    ]),
  );
}

/** A SHA-256 under way. */
export class Sha256 {
  readonly #memory: Uint8Array;
  readonly #state: DataView;
  readonly #work: (at: number, stop: number) => void;
  /** Bytes at the start of the input that wait for the rest of their block. */
  #waiting = 0;
  #length = 0;

  /** Nothing hashed yet. */
  constructor() {
    compiled ??= compile();
    const { m, f } = new WebAssembly.Instance(compiled).exports;
    const { buffer } = m as WebAssembly.Memory;
    this.#memory = new Uint8Array(buffer);
    this.#state = new DataView(buffer, 0, 32);
    this.#work = f as (at: number, stop: number) => void;
    for (const [i, prime] of primes(8).entries()) {
      this.#state.setUint32(4 * i, rootBits(prime, 2n), true);
    }
  }

  /** Takes the next piece. */
  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + INPUT_BYTES - this.#waiting);
      this.#memory.set(piece, INPUT + this.#waiting);
      at += piece.length;
      this.#take(this.#waiting + piece.length);
    }
  }

  /** The hash, 32 bytes; nothing more may follow. */
  digest(): Uint8Array<ArrayBuffer> {
    const bits = 8 * this.#length;
    const end = Math.ceil((this.#waiting + 9) / BLOCK) * BLOCK;
    this.#memory.fill(0, INPUT + this.#waiting, INPUT + end);
    this.#memory[INPUT + this.#waiting] = 0x80;
    const length = new DataView(this.#memory.buffer, INPUT + end - 8, 8);
    length.setUint32(0, Math.floor(bits / 2 ** 32));
    length.setUint32(4, bits >>> 0);
    this.#take(end);
    const digest = new DataView(new ArrayBuffer(32));
    for (let at = 0; at < 32; at += 4) digest.setUint32(at, this.#state.getUint32(at, true));
    return new Uint8Array(digest.buffer);
  }

  /** Works off the whole blocks of the first `size` bytes of input. */
  #take(size: number): void {
    const whole = size - size % BLOCK;
    if (whole > 0) this.#work(INPUT, INPUT + whole);
    this.#memory.copyWithin(INPUT, INPUT + whole, INPUT + size);
    this.#waiting = size - whole;
  }
}
