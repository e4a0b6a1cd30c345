/**
 * gzip made by hand (RFC 1951, 1952): the same bytes from every version of every library, so that the
 * test vectors can be made again anywhere.
 */
import { crc32 } from "node:zlib";
import { concatBytes } from "../lib/format/mod.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A member around a deflate stream. */
export function gzipMember(
  deflated: Uint8Array,
  plain: Uint8Array,
  flags = 0,
  extra: number[] = [],
): Bytes {
  const trailer = new DataView(new ArrayBuffer(8));
  trailer.setUint32(0, crc32(plain), true);
  trailer.setUint32(4, plain.length, true);
  const head = Uint8Array.of(0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255, ...extra);
  return concatBytes(head, deflated, new Uint8Array(trailer.buffer));
}

/** The low half of CRC-32 over a gzip header, as FHCRC has it. */
export function headerSum(header: Uint8Array): number[] {
  const sum = crc32(header);
  return [sum & 255, (sum >> 8) & 255];
}

/** gzip in stored blocks. */
export function gzipStored(payload: Uint8Array, flags = 0, extra: number[] = []): Bytes {
  const parts: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += 65_535) {
    const block = payload.subarray(at, at + 65_535);
    const last = at + 65_535 >= payload.length ? 1 : 0;
    const size = block.length;
    parts.push(Uint8Array.of(last, size & 255, size >> 8, ~size & 255, (~size >> 8) & 255), block);
  }
  return gzipMember(concatBytes(...parts), payload, flags, extra);
}

/** `head`, `unit` so many times, `tail`. */
export interface Run {
  head: Uint8Array;
  unit: Uint8Array;
  times: number;
  tail: Uint8Array;
}

/** The bytes that a run stands for. */
export function runBytes({ head, unit, times, tail }: Run): Bytes {
  const repeated = new Uint8Array(unit.length * times);
  for (let i = 0; i < times; i++) repeated.set(unit, i * unit.length);
  return concatBytes(head, repeated, tail);
}

/** gzip of a run in one block with fixed codes: the unit once, then matches at its distance. */
export function gzipRun(run: Run): Bytes {
  const bits = new BitWriter();
  bits.put(1, 1); // the last block
  bits.put(1, 2); // fixed codes
  const literals = (bytes: Uint8Array) => bytes.forEach((byte) => bits.literal(byte));
  literals(run.head);
  literals(run.unit);
  const repeated = run.unit.length * (run.times - 1);
  for (let at = 0; at < repeated;) {
    if (repeated - at >= 258) {
      bits.longestMatch(run.unit.length);
      at += 258;
    } else {
      bits.literal(run.unit[at++ % run.unit.length]!);
    }
  }
  literals(run.tail);
  bits.code(0, 7); // end of block
  return gzipMember(bits.bytes(), runBytes(run));
}

class BitWriter {
  readonly #bytes: number[] = [];
  #pending = 0;
  #count = 0;

  /** A number, its lowest bit first. */
  put(value: number, count: number): void {
    for (let i = 0; i < count; i++) {
      this.#pending |= ((value >> i) & 1) << this.#count++;
      if (this.#count < 8) continue;
      this.#bytes.push(this.#pending);
      this.#pending = this.#count = 0;
    }
  }

  /** A Huffman code, its highest bit first. */
  code(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i--) this.put(value >> i, 1);
  }

  literal(byte: number): void {
    if (byte < 144) this.code(0x30 + byte, 8);
    else this.code(0x190 + byte - 144, 9);
  }

  /** 258 bytes from `distance` back. */
  longestMatch(distance: number): void {
    this.code(0xc0 + 285 - 280, 8);
    if (distance <= 4) return this.code(distance - 1, 5);
    const extra = 30 - Math.clz32(distance - 1);
    const half = ((distance - 1) >> extra) & 1;
    this.code(2 * extra + 2 + half, 5);
    this.put((distance - 1) & ((1 << extra) - 1), extra);
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#count > 0 ? [...this.#bytes, this.#pending] : this.#bytes);
  }
}
