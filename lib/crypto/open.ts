/** Opening objects: everything of section 8 that can be checked before the payload's own rules. */
import {
  checkHeaderMatches,
  concatBytes,
  corrupt,
  fromHex,
  type Header,
  headerLength,
  keyOf,
  LENGTH_BYTES,
  LIMITS,
  type ObjectName,
  type ParsedHeader,
  parseHeader,
  TAG_BYTES,
} from "../format/mod.ts";
import { type FrameCipher, openFrame, unwrapObjectKey } from "./frames.ts";
import { gunzip } from "./gzip.ts";
import type { VaultKeys } from "./keys.ts";

/** An object that was opened whole. */
export interface OpenedBytes {
  /** The header. */
  header: Header;
  /** The payload. */
  payload: Uint8Array<ArrayBuffer>;
}

/** An object that opens as it streams by. */
export interface OpenedStream {
  /** The header. */
  header: Header;
  /** The payload; errors with `corrupt` at the first frame that does not hold. */
  body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * Reads the header of an object, before any key is known.
 *
 * @throws {HxError} `corrupt`
 */
export function readHeader(bytes: Uint8Array<ArrayBuffer>, what = "header"): ParsedHeader {
  const end = LENGTH_BYTES + headerLength(bytes, what);
  if (bytes.length < end) throw corrupt(what, "it ends within its header");
  return parseHeader(bytes.slice(LENGTH_BYTES, end), what);
}

/**
 * Opens an object that is whole in memory.
 *
 * @param name what the object's key says; everything in it has to agree
 * @param maxPlain largest payload in bytes. @default the limit of the type
 * @throws {HxError} `corrupt`, whatever is wrong with it
 */
export async function openObject(
  bytes: Uint8Array<ArrayBuffer>,
  name: ObjectName,
  keys: VaultKeys,
  maxPlain: number = LIMITS[name.type].plain,
): Promise<OpenedBytes> {
  const what = `opening ${keyOf(name)}`;
  if (bytes.length > LIMITS[name.type].stored) throw corrupt(what, "it is too large");
  const parsed = readHeader(bytes, what);
  const cipher = await cipherFor(parsed, name, keys, what);
  const body = bytes.subarray(LENGTH_BYTES + parsed.bytes.length);
  const sealedFrame = cipher.frame + TAG_BYTES;
  const frames = Math.max(1, Math.ceil(body.length / sealedFrame));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let i = 0; i < frames; i++) {
    const sealed = body.subarray(i * sealedFrame, (i + 1) * sealedFrame);
    parts.push(await openFrame(cipher, i, i === frames - 1, sealed));
  }
  const plain = parts.length === 1 ? parts[0]! : concatBytes(...parts);
  const { header } = parsed;
  const payload = header.compression === "gzip" ? gunzip(plain, maxPlain, what) : plain;
  if (payload.length > maxPlain) throw corrupt(what, `it holds more than ${maxPlain} bytes`);
  return { header, payload };
}

/**
 * Opens an object as it streams by; memory is bounded by a few frames.
 *
 * @param name what the object's key says; everything in it has to agree
 * @param maxPlain largest payload in bytes. @default the limit of the type
 * @throws {HxError} `corrupt` where its header is wrong; the body errors with it later
 */
export async function openStream(
  source: ReadableStream<Uint8Array>,
  name: ObjectName,
  keys: VaultKeys,
  maxPlain: number = LIMITS[name.type].plain,
): Promise<OpenedStream> {
  const what = `opening ${keyOf(name)}`;
  const reader = new ByteReader(source, LIMITS[name.type].stored, what);
  try {
    const start = await reader.take(LENGTH_BYTES);
    const length = headerLength(start, what);
    const bytes = await reader.take(length);
    if (bytes.length < length) throw corrupt(what, "it ends within its header");
    const parsed = parseHeader(bytes, what);
    const cipher = await cipherFor(parsed, name, keys, what);
    const frames = openFrames(reader, cipher);
    const plain = parsed.header.compression === "gzip" ? inflated(frames, what) : frames;
    return { header: parsed.header, body: bounded(plain, maxPlain, what) };
  } catch (error) {
    await reader.cancel(error);
    throw error;
  }
}

async function cipherFor(
  { header, bytes }: ParsedHeader,
  name: ObjectName,
  keys: VaultKeys,
  what: string,
): Promise<FrameCipher> {
  checkHeaderMatches(header, name, what);
  const key = await unwrapObjectKey(header, keys.wrap, what);
  const { nonce, frame } = header.crypto;
  return { key, nonce: fromHex(nonce)!, header: bytes, frame, what };
}

/** Opens frame by frame, always one byte ahead: a frame is the last when nothing follows it. */
function openFrames(
  reader: ByteReader,
  cipher: FrameCipher,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let index = 0;
  return new ReadableStream({
    async pull(out) {
      const sealed = await reader.take(cipher.frame + TAG_BYTES);
      const last = await reader.ended();
      const plain = await openFrame(cipher, index++, last, sealed);
      if (plain.length > 0) out.enqueue(plain);
      if (last) out.close();
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** Largest piece given to the decompressor: a bomb of it stays within some MiB (format, section 7). */
const INFLATE_CHUNK = 16 * 1024;

function inflated(
  packed: ReadableStream<Uint8Array<ArrayBuffer>>,
  what: string,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const small = packed.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, out) {
        for (let at = 0; at < chunk.length; at += INFLATE_CHUNK) {
          out.enqueue(chunk.subarray(at, at + INFLATE_CHUNK));
        }
      },
    }),
  );
  const reader = small.pipeThrough(new DecompressionStream("gzip")).getReader();
  return new ReadableStream({
    async pull(out) {
      try {
        const { done, value } = await reader.read();
        if (done) out.close();
        else out.enqueue(value);
      } catch (cause) {
        // The decompressor's own complaint, or a frame's, which comes through unchanged.
        throw cause instanceof TypeError ? corrupt(what, "it does not decompress", cause) : cause;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

function bounded(
  plain: ReadableStream<Uint8Array<ArrayBuffer>>,
  maxPlain: number,
  what: string,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let size = 0;
  return plain.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>(
      {
        transform(chunk, out) {
          size += chunk.length;
          if (size > maxPlain) throw corrupt(what, `it holds more than ${maxPlain} bytes`);
          out.enqueue(chunk);
        },
      },
      undefined,
      { highWaterMark: 0 },
    ),
  );
}

/** Takes exact numbers of bytes from a stream of any chunks. */
class ByteReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #limit: number;
  readonly #what: string;
  #rest: Uint8Array = new Uint8Array();
  #received = 0;
  #done = false;

  constructor(source: ReadableStream<Uint8Array>, limit: number, what: string) {
    this.#reader = source.getReader();
    this.#limit = limit;
    this.#what = what;
  }

  /** The next `count` bytes, or all that are left. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array[] = [];
    let missing = count;
    while (missing > 0 && await this.#fill()) {
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      parts.push(part);
      missing -= part.length;
    }
    return concatBytes(...parts);
  }

  /** Whether nothing is left. */
  async ended(): Promise<boolean> {
    return !await this.#fill();
  }

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
