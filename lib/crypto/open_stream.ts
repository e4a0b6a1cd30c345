/** Opening objects of any size as they stream by: the checks of `open.ts` in bounded memory. */
import {
  corrupt,
  type Header,
  headerLength,
  keyOf,
  LENGTH_BYTES,
  type ObjectName,
  type ParsedHeader,
  parseHeader,
  storedLimit,
  TAG_BYTES,
} from "../format/mod.ts";
import { ByteReader } from "./byte_reader.ts";
import { type FrameCipher, openFrame } from "./frames.ts";
import { checkBlobHash } from "./hash.ts";
import { type HashBeside, hashBeside } from "./hash_beside.ts";
import type { VaultKeys } from "./keys.ts";
import { cipherFor, type OpenOptions, plainLimit } from "./open.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** An object that opens as it streams by. */
export interface OpenedStream {
  /** The header. */
  header: Header;
  /**
   * The payload. It errors where the object is wrong, and of a blob with the very last piece; so what
   * it gave counts only once it has ended well.
   */
  body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * Opens an object as it streams by; memory is bounded by a few frames. The source is cancelled as soon
 * as something is wrong.
 *
 * @param name what the object's key says; everything in it has to agree
 * @throws {HxError} `corrupt` where its header is wrong. The body errors with `corrupt` later, with
 * `hash-mismatch` for a blob whose content is not what its name says, and as the source does
 * @throws {TypeError} for a blob without {@link OpenOptions.maxPlain}
 */
export async function openStream(
  source: ReadableStream<Uint8Array>,
  name: ObjectName,
  keys: VaultKeys,
  options: OpenOptions = {},
): Promise<OpenedStream> {
  const maxPlain = plainLimit(name, options);
  const what = `opening ${keyOf(name)}`;
  const reader = new ByteReader(source, storedLimit(name.type, maxPlain), what);
  try {
    const parsed = await takeHeader(reader, what);
    const cipher = await cipherFor(parsed, name, keys, what);
    const { header } = parsed;
    const frames = openFrames(reader, cipher);
    const plain = header.compression === "gzip" ? inflated(frames, what) : frames;
    return { header, body: checkedContent(plain, name, keys, maxPlain, what) };
  } catch (error) {
    await reader.cancel(error);
    throw error;
  }
}

async function takeHeader(reader: ByteReader, what: string): Promise<ParsedHeader> {
  const length = headerLength(await reader.take(LENGTH_BYTES), what);
  const bytes = await reader.take(length);
  if (bytes.length < length) throw corrupt(what, "it ends within its header");
  return parseHeader(bytes, what);
}

/** Frames that are being opened while the next one is read. */
const AHEAD = 2;

/** Opens frame by frame, always one byte ahead: a frame is the last when nothing follows it. */
function openFrames(reader: ByteReader, cipher: FrameCipher): ReadableStream<Bytes> {
  const opening: Promise<Bytes>[] = [];
  const stop = async (reason: unknown) => {
    await reader.cancel(reason);
    await Promise.allSettled(opening);
  };
  let index = 0;
  let ended = false;
  return new ReadableStream({
    async pull(out) {
      try {
        while (!ended && opening.length < AHEAD) {
          const sealed = await reader.take(cipher.frame + TAG_BYTES);
          ended = await reader.ended();
          const frame = openFrame(cipher, index++, ended, sealed);
          frame.catch(() => {}); // awaited below
          opening.push(frame);
        }
        const plain = await opening.shift()!;
        if (plain.length > 0) out.enqueue(plain);
        if (opening.length === 0) out.close();
      } catch (error) {
        await stop(error);
        throw error;
      }
    },
    cancel: stop,
  }, { highWaterMark: 0 });
}

/** Largest piece given to the decompressor: a bomb of it stays within some MiB (format, section 7). */
const INFLATE_CHUNK = 16 * 1024;

function inflated(packed: ReadableStream<Bytes>, what: string): ReadableStream<Bytes> {
  const failure: { error?: unknown } = {};
  const reader = inPieces(packed.getReader(), failure)
    .pipeThrough(new DecompressionStream("gzip")).getReader();
  return new ReadableStream({
    async pull(out) {
      try {
        const { done, value } = await reader.read();
        if (done) out.close();
        else out.enqueue(value);
      } catch (cause) {
        // A frame or the source has failed, or else the decompressor complains.
        throw "error" in failure ? failure.error : corrupt(what, "it does not decompress", cause);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** The same bytes in small pieces; notes in `failure` what it fails with. */
function inPieces(
  reader: ReadableStreamDefaultReader<Bytes>,
  failure: { error?: unknown },
): ReadableStream<Bytes> {
  let rest: Bytes = new Uint8Array();
  return new ReadableStream({
    async pull(out) {
      try {
        if (rest.length === 0) {
          const { done, value } = await reader.read();
          if (done) return out.close();
          rest = value;
        }
      } catch (error) {
        failure.error = error;
        throw error;
      }
      out.enqueue(rest.subarray(0, INFLATE_CHUNK));
      rest = rest.subarray(INFLATE_CHUNK);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** Lets the payload pass while it is within its limit; at a blob's end, checks its hash. */
function checkedContent(
  source: ReadableStream<Bytes>,
  name: ObjectName,
  keys: VaultKeys,
  maxPlain: number,
  what: string,
): ReadableStream<Bytes> {
  const reader = source.getReader();
  let hash: HashBeside | undefined;
  let size = 0;
  const stop = async (reason: unknown) => {
    hash?.stop();
    await reader.cancel(reason).catch(() => {});
  };
  return new ReadableStream({
    async pull(out) {
      try {
        if (name.type === "blob") hash ??= await hashBeside(maxPlain);
        const { done, value } = await reader.read();
        if (!done) {
          size += value.length;
          if (size > maxPlain) throw corrupt(what, `it holds more than ${maxPlain} bytes`);
          await hash?.update(value);
          return out.enqueue(value);
        }
        if (name.type === "blob") await checkBlobHash(await hash!.hex(), name, keys, what);
        hash?.stop();
        out.close();
      } catch (error) {
        await stop(error);
        throw error;
      }
    },
    cancel: stop,
  }, { highWaterMark: 0 });
}
