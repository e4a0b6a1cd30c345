/**
 * The folder store's way to write: a temporary file, made durable, then named in one step.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { sha256 } from "@noble/hashes/sha2.js";
import { HxError } from "../errors.ts";
import { orAbort, throwIfAborted } from "./abort.ts";
import { quoteDigest } from "./etag.ts";
import { codeOf, removeQuietly, syncDirectory, TEMP_DIR, writeAll } from "./folder_fs.ts";

/** Age in milliseconds after which a temporary file is a crashed run's. */
const ABANDONED_MS = 24 * 3600 * 1000;

/**
 * Writes `body` to the new file `path` (mode 0600) and makes it durable; answers with the ETag.
 * Nothing is left where that fails.
 */
export async function writeTemp(
  path: string,
  body: Uint8Array | ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = sha256.create();
  const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  try {
    for await (const chunk of chunksOf(body, signal)) {
      hash.update(chunk);
      await writeAll(file, chunk);
    }
    await file.sync();
    throwIfAborted(signal);
  } catch (error) {
    await removeQuietly(path);
    throw error;
  } finally {
    file.close();
  }
  return quoteDigest(hash.digest());
}

async function* chunksOf(
  body: Uint8Array | ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) return yield body;
  const reader = body.getReader();
  let done = false;
  try {
    while (true) {
      const next = await orAbort(reader.read(), signal);
      done = next.done;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    if (!done) reader.cancel().catch(() => {});
  }
}

/** Codes of file systems without hard links. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"]);

/**
 * Gives the temporary file its real name if nothing has that name; false where something has.
 * Undefined where the file system has no hard links, the one way to do it in a single step.
 */
export async function linkInPlace(temp: string, target: string): Promise<boolean | undefined> {
  try {
    await Deno.link(temp, target);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    if (error instanceof Deno.errors.NotSupported || NO_LINKS.has(codeOf(error) ?? "")) {
      return undefined;
    }
    throw error;
  }
  await syncDirectory(dirname(target));
  return true;
}

/** Gives the temporary file its real name, replacing what has that name. */
export async function renameInPlace(temp: string, target: string): Promise<void> {
  await Deno.rename(temp, target);
  await syncDirectory(dirname(target));
}

/** Removes temporary files that are older than a day; `now` in milliseconds since 1970. */
export async function removeAbandoned(root: string, now: number): Promise<void> {
  const directory = join(root, TEMP_DIR);
  try {
    for await (const entry of Deno.readDir(directory)) {
      if (!entry.isFile) continue;
      const path = join(directory, entry.name);
      const { mtime } = await Deno.lstat(path);
      if (mtime !== null && now - mtime.getTime() > ABANDONED_MS) await removeQuietly(path);
    }
  } catch {
    // Tidying up: whatever is wrong with the folder, the write that follows says it.
  }
}

/** The `conflict` error of a condition that does not hold. */
export function conflict(key: string, found: string): HxError {
  return new HxError("conflict", `the object ${key} ${found}`);
}
