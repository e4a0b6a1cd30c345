/** gzip as the format has it: one member, nothing after it, and never more than a limit. */
import { Buffer } from "node:buffer";
import { crc32, gzipSync, inflateRawSync } from "node:zlib";
import { corrupt } from "../format/mod.ts";

/** A member's fixed header and trailer (RFC 1952), in bytes. */
const HEADER_BYTES = 10;
const TRAILER_BYTES = 8;

/** Compresses a whole payload. */
export function gzip(plain: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytesOf(gzipSync(plain));
}

/**
 * Decompresses a whole payload. node:zlib's gunzip would take several members and stop where they end,
 * so the member's frame is read here and only its deflate stream is given to it.
 *
 * @throws {HxError} `corrupt` beyond `limit` bytes, for anything that is not just one member
 */
export function gunzip(
  packed: Uint8Array<ArrayBuffer>,
  limit: number,
  what: string,
): Uint8Array<ArrayBuffer> {
  const start = deflateStart(packed, what);
  const { plain, consumed } = inflate(packed.subarray(start), limit, what);
  const trailer = packed.subarray(start + consumed);
  if (trailer.length !== TRAILER_BYTES) {
    throw corrupt(what, "its gzip member is cut off, or something follows it");
  }
  const view = new DataView(trailer.buffer, trailer.byteOffset, TRAILER_BYTES);
  if (view.getUint32(0, true) !== crc32(plain) || view.getUint32(4, true) !== plain.length) {
    throw corrupt(what, "its gzip checksum or size is wrong");
  }
  return plain;
}

/** Where the deflate stream begins, behind the optional fields. */
function deflateStart(packed: Uint8Array, what: string): number {
  const broken = () => corrupt(what, "it is not gzip");
  if (packed.length < HEADER_BYTES + TRAILER_BYTES) throw broken();
  const flags = packed[3]!;
  if (packed[0] !== 0x1f || packed[1] !== 0x8b || packed[2] !== 8 || (flags & 0xe0) !== 0) {
    throw broken();
  }
  let at = HEADER_BYTES;
  if (flags & 4) at += 2 + (packed[at] ?? 0) + 256 * (packed[at + 1] ?? 0); // FEXTRA
  for (const flag of [8, 16]) { // FNAME, FCOMMENT: each ends with a zero
    if (!(flags & flag)) continue;
    const end = packed.indexOf(0, at);
    if (end < 0) throw broken();
    at = end + 1;
  }
  if (flags & 2) { // FHCRC: the low half of the header's own checksum
    const sum = (packed[at] ?? 0) + 256 * (packed[at + 1] ?? 0);
    if (sum !== (crc32(packed.subarray(0, at)) & 0xffff)) throw broken();
    at += 2;
  }
  if (at >= packed.length) throw broken();
  return at;
}

function inflate(
  deflated: Uint8Array,
  limit: number,
  what: string,
): { plain: Uint8Array<ArrayBuffer>; consumed: number } {
  try {
    // With `info` the engine comes along and tells how much it has read; the types don't know that.
    const result = inflateRawSync(deflated, { maxOutputLength: Math.max(limit, 1), info: true });
    const { buffer, engine } = result as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { plain: bytesOf(buffer), consumed: engine.bytesWritten };
  } catch (cause) {
    throw corrupt(what, `it does not decompress within ${limit} bytes`, cause);
  }
}

function bytesOf(buffer: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.length);
}
