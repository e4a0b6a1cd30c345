/**
 * Files that get their name only when they are whole.
 *
 * @module
 */
import { dirname } from "node:path";
import { codeOf, fsError, removeQuietly, writeAll } from "../store/folder_fs.ts";
import { throwIfAborted } from "../store/abort.ts";

/** How to write a file. */
export interface WriteOptions {
  /** What is being done, for errors: "attaching a.log". */
  doing: string;
  /** Permissions. @default 0600 */
  mode?: number;
  /** Stops the work; nothing is left then. */
  signal?: AbortSignal | undefined;
  /** Sees each piece; it works while the piece is being written. */
  onChunk?: (chunk: Uint8Array) => void;
}

/**
 * Writes all pieces to the new file `path` and makes it durable. Nothing is left where that fails.
 *
 * @throws {HxError} `config` where the disk is full, `auth`, `server`; and whatever the source fails with
 */
export async function writeNewFile(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  options: WriteOptions,
): Promise<void> {
  const { doing, signal } = options;
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { write: true, createNew: true, mode: options.mode ?? 0o600 });
  } catch (error) {
    throw fsError(error, doing);
  }
  try {
    await writeChunks(file, chunks, options);
    throwIfAborted(signal);
  } catch (error) {
    await removeQuietly(path);
    throw error;
  } finally {
    file.close();
  }
}

/** Each piece is written while the next one is read. */
async function writeChunks(
  file: Deno.FsFile,
  chunks: AsyncIterable<Uint8Array>,
  { doing, signal, onChunk }: WriteOptions,
): Promise<void> {
  const write = async (chunk: Uint8Array) => {
    try {
      await writeAll(file, chunk);
    } catch (error) {
      throw fsError(error, doing);
    }
  };
  let writing = Promise.resolve();
  try {
    for await (const chunk of chunks) {
      throwIfAborted(signal);
      await writing;
      writing = write(chunk);
      writing.catch(() => {}); // awaited below; until then it is nobody's
      onChunk?.(chunk);
    }
  } finally {
    await writing;
  }
  await file.sync().catch((error) => {
    throw fsError(error, doing);
  });
}

/**
 * Gives a whole file its real name, durably, over what has that name. All at once, so that it can be a
 * part of a transaction.
 *
 * @throws {HxError} as {@link writeNewFile}
 */
export function placeFile(temp: string, target: string, doing: string): void {
  try {
    Deno.renameSync(temp, target);
    syncFolder(dirname(target));
  } catch (error) {
    throw fsError(error, doing);
  }
}

/** Where folders can't be synced (some shares) it does nothing. */
function syncFolder(path: string): void {
  try {
    using folder = Deno.openSync(path, { read: true });
    folder.syncSync();
  } catch (error) {
    if (codeOf(error) === "EIO") throw error;
  }
}
