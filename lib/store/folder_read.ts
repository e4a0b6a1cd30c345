/**
 * Reading one object of a folder store from one open file.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { fsError, isMissing } from "./folder_fs.ts";
import { markOf } from "./folder_hash.ts";
import type { Span } from "./range.ts";
import { guard } from "./streams.ts";

const CHUNK_BYTES = 256 * 1024;

/** The file at `path` if it is a real one, neither a link nor a folder; undefined where it is not. */
export async function openObject(path: string): Promise<Deno.FsFile | undefined> {
  let file: Deno.FsFile;
  try {
    const named = await Deno.lstat(path);
    if (!named.isFile) return undefined;
    file = await Deno.open(path, { read: true });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return file;
}

/**
 * The bytes of `span` as a stream that closes the file at its end. A file that is written to in
 * place meanwhile, which only strangers do, makes the stream error with `network`: read it again.
 */
export async function readBody(
  key: string,
  file: Deno.FsFile,
  span: Span,
  signal: AbortSignal | undefined,
): Promise<ReadableStream<Uint8Array>> {
  const what = `the object ${key}`;
  const before = markOf(await file.stat());
  await file.seek(span.start, Deno.SeekMode.Start);
  let left = span.stop - span.start;
  const close = once(() => file.close());
  const source = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        if (left > 0) {
          const chunk = new Uint8Array(Math.min(left, CHUNK_BYTES));
          const read = await file.read(chunk);
          if (read !== null) {
            left -= read;
            return controller.enqueue(chunk.subarray(0, read));
          }
        }
        if (markOf(await file.stat()) !== before) {
          throw new HxError("network", `${what} was changed while it was read`);
        }
        close();
        controller.close();
      } catch (error) {
        close();
        throw fsError(error, `reading ${key}`);
      }
    },
    cancel: close,
  }, { highWaterMark: 0 });
  return guard(source, { what, signal, exactly: span.stop - span.start });
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}
