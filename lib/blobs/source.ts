/**
 * Reading a user's file that may be written to meanwhile.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { fsError, isMissing } from "../store/folder_fs.ts";
import { markOf } from "../store/folder_hash.ts";

/** What is read at once, in bytes. */
export const CHUNK_BYTES: number = 1 << 20;

/**
 * The bytes of a file. Anything that is no regular file (a pipe) is read as it comes; a regular file must
 * stay as it is until its end was read.
 *
 * @throws {HxError} `not-found`; `usage` for a folder; `conflict` where the file changes
 */
export async function* fileChunks(path: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  using file = await open(path);
  try {
    const before = await file.stat();
    if (before.isDirectory) {
      throw new HxError("usage", `${path} is a folder`, {
        hint: "pack it first: tar cz FOLDER | hx artifact attach - --name folder.tar.gz",
      });
    }
    let size = 0;
    for (;;) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const read = await file.read(chunk);
      if (read === null) break;
      size += read;
      if (before.isFile && size > before.size) throw changed(path);
      yield chunk.subarray(0, read);
    }
    if (before.isFile && (size !== before.size || markOf(await file.stat()) !== markOf(before))) {
      throw changed(path);
    }
  } catch (error) {
    throw fsError(error, `reading ${path}`);
  }
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true });
  } catch (error) {
    if (isMissing(error)) throw new HxError("not-found", `there is no file ${path}`);
    throw fsError(error, `reading ${path}`);
  }
}

function changed(path: string): HxError {
  return new HxError("conflict", `${path} changed while it was read`, {
    hint: "attach it when it is complete, or a copy of it",
  });
}
