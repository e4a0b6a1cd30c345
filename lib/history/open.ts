/**
 * A history file as a stream of bytes.
 *
 * @module
 */

import { HxError } from "../errors.ts";

/** How often, and after how many milliseconds, an unfinished last line is looked at again. */
const LOOKS = 4;
const LOOK_MS = 100;
/** Bytes of one read. */
const READ = 64 * 1024;

const LF = 0x0a;
const BACKSLASH = 0x5c;

/** What {@link openHistoryFile} takes beside the path. */
export interface OpenOptions {
  /** Waits so many milliseconds. Without it, an unfinished last line is taken as it stands. */
  sleep?: (ms: number) => Promise<void>;
}

/**
 * Opens a history file and streams the bytes that it holds now; what a shell adds while it is read
 * is for the next import. A pipe is read to its end.
 *
 * A last line without a line end may be half of what a shell is writing, and would become a
 * wrong event. So the size is looked at again: a file that grows is taken to its new end, one that
 * stays as it is simply lacks the last line end and is read whole, and one that still
 * grows after several looks is read up to its last line end.
 *
 * @returns the bytes; the file is closed when the stream is read to its end, fails or is cancelled
 * @throws {HxError} `not-found` where there is no such file, `usage` for a directory, `config`
 *   where it may not be read; the stream itself fails with `config`
 */
export async function openHistoryFile(
  path: string,
  options: OpenOptions = {},
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const file = await named(path, () => Deno.open(path, { read: true }));
  try {
    const info = await named(path, () => file.stat());
    if (info.isDirectory) throw directory(path);
    const size = info.isFile ? await named(path, () => settledSize(file, options)) : Infinity;
    return stream(file, path, size);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The size up to which the file holds whole lines. Leaves the position at the start. */
async function settledSize(file: Deno.FsFile, { sleep }: OpenOptions): Promise<number> {
  let size = (await file.stat()).size;
  if (sleep) {
    let grew = false;
    for (let look = 0; look < LOOKS && await unfinished(file, size); look++) {
      await sleep(LOOK_MS);
      const now = (await file.stat()).size;
      grew = now !== size;
      size = now;
      if (!grew) break;
    }
    if (grew && await unfinished(file, size)) size = await wholeLines(file, size);
  }
  await file.seek(0, Deno.SeekMode.Start);
  return size;
}

/** Whether the last line has no line end, or (zsh) says that its command goes on. */
async function unfinished(file: Deno.FsFile, size: number): Promise<boolean> {
  if (size === 0) return false;
  const end = await readAt(file, Math.max(0, size - 2), Math.min(size, 2));
  return end.at(-1) !== LF || end.at(-2) === BACKSLASH;
}

/** Where the last whole line ends that does not go on; 0 where there is none. */
async function wholeLines(file: Deno.FsFile, size: number): Promise<number> {
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - READ);
    const block = await readAt(file, start, end - start);
    for (let at = block.lastIndexOf(LF); at > 0; at = block.lastIndexOf(LF, at - 1)) {
      if (block[at - 1] !== BACKSLASH) return start + at + 1;
    }
    // The first byte is looked at again as the last of the block before it.
    end = start === 0 ? 0 : start + 1;
  }
  return 0;
}

async function readAt(file: Deno.FsFile, offset: number, size: number): Promise<Uint8Array> {
  await file.seek(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const n = await file.read(bytes.subarray(filled));
    if (n === null) break;
    filled += n;
  }
  return bytes.subarray(0, filled);
}

function stream(
  file: Deno.FsFile,
  path: string,
  size: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = size;
  return new ReadableStream({
    async pull(controller) {
      try {
        const bytes = new Uint8Array(Math.min(READ, left));
        const n = left === 0 ? null : await named(path, () => file.read(bytes));
        if (n === null) {
          file.close();
          controller.close();
          return;
        }
        left -= n;
        controller.enqueue(bytes.subarray(0, n));
      } catch (error) {
        file.close();
        throw error;
      }
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}

function directory(path: string): HxError {
  return new HxError("usage", `reading history: ${path} is a directory`, {
    hint: "name a history file, or none to import the shells' own files",
  });
}

/** Runs a file operation; a failure says which file it was and what to do. */
async function named<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw fileError(path, error);
  }
}

function fileError(path: string, cause: unknown): HxError {
  if (cause instanceof HxError) return cause;
  if (cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) {
    return new HxError("not-found", `reading history: there is no file ${path}`, {
      hint: "check the path",
      cause,
    });
  }
  if (cause instanceof Deno.errors.IsADirectory) return directory(path);
  if (
    cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable
  ) {
    return new HxError("config", `reading history: ${path} may not be read`, {
      hint: "make the file readable for this user, or run as its owner",
      cause,
    });
  }
  return new HxError("config", `reading history: ${path} can't be read`, {
    hint: "check that it is a regular file on a healthy disk",
    cause,
  });
}
