/**
 * Byte streams with bounds: none of these hold more than one chunk, but for {@link collect}.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { abortError, orAbort, throwIfAborted } from "./abort.ts";

/** What {@link guard} watches over. */
export interface GuardOptions {
  /** What is being read, for error texts. */
  what: string;
  /** More bytes than this are `corrupt`. */
  maxBytes?: number;
  /** Exactly this many bytes are owed; fewer are `network`, more are `corrupt`. */
  exactly?: number;
  /** Stops the stream. */
  signal?: AbortSignal;
  /** Called with the size in bytes of every chunk. */
  onBytes?: (bytes: number) => void;
  /** Called once, when the stream has ended, failed or been cancelled. */
  onEnd?: () => void;
  /** Turns an error of the source into the one readers see. */
  mapError?: (error: unknown) => unknown;
}

/**
 * `source` with its size checked and its abort signal heeded.
 *
 * The stream errors with `corrupt` (too long), `network` (too short), `interrupted` or `timeout`
 * (the signal), or with what `source` errors with.
 */
export function guard(
  source: ReadableStream<Uint8Array>,
  options: GuardOptions,
): ReadableStream<Uint8Array> {
  const { signal, what } = options;
  const reader = source.getReader();
  let seen = 0;
  let ended = false;
  const finish = () => {
    if (ended) return;
    ended = true;
    signal?.removeEventListener("abort", onAbort);
    options.onEnd?.();
  };
  let fail: (error: unknown) => void = () => {};
  const onAbort = () => fail(abortError(signal!));
  return new ReadableStream<Uint8Array>({
    start(controller) {
      fail = (error) => {
        if (ended) return;
        finish();
        controller.error(error);
        reader.cancel(error).catch(() => {});
      };
      if (signal?.aborted) onAbort();
      else signal?.addEventListener("abort", onAbort, { once: true });
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (ended) return;
        if (!done) {
          seen += value.length;
          options.onBytes?.(value.length);
          checkLong(seen, options);
          controller.enqueue(value);
          return;
        }
        if (options.exactly !== undefined && seen < options.exactly) {
          throw new HxError("network", `${what} ended after ${seen} of ${options.exactly} bytes`);
        }
        finish();
        controller.close();
      } catch (error) {
        fail(error instanceof HxError ? error : options.mapError?.(error) ?? error);
      }
    },
    async cancel(reason) {
      finish();
      await reader.cancel(reason).catch(() => {});
    },
  }, { highWaterMark: 0 });
}

function checkLong(seen: number, options: GuardOptions): void {
  const { exactly, maxBytes, what } = options;
  if (exactly !== undefined && seen > exactly) {
    throw new HxError("corrupt", `${what} gave more than the ${exactly} bytes announced`);
  }
  if (maxBytes !== undefined && seen > maxBytes) throw tooLong(what, maxBytes);
}

/** The `corrupt` error for an object of more bytes than the caller takes. */
export function tooLong(what: string, maxBytes: number): HxError {
  return new HxError("corrupt", `${what} is longer than the ${maxBytes} bytes allowed`);
}

/** A stream of `bytes`, in chunks of at most `chunkBytes`. */
export function streamOf(bytes: Uint8Array, chunkBytes = 65_536): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + chunkBytes));
      at += chunkBytes;
    },
  }, { highWaterMark: 0 });
}

/**
 * All bytes of a stream, which is cancelled where that fails.
 *
 * @throws {HxError} `corrupt` over `maxBytes`; `interrupted` or `timeout` when the signal fires; and
 * whatever the stream errors with
 */
export async function collect(
  stream: ReadableStream<Uint8Array>,
  options: { maxBytes?: number; signal?: AbortSignal; what?: string } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { maxBytes, signal, what = "the stream" } = options;
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    throwIfAborted(signal);
    while (true) {
      const { done, value } = await orAbort(reader.read(), signal);
      if (done) return concat(chunks, size);
      size += value.length;
      if (maxBytes !== undefined && size > maxBytes) throw tooLong(what, maxBytes);
      chunks.push(value);
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** `chunks` in one piece; `size` is their total in bytes. */
export function concat(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
