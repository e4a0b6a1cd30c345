/**
 * ETags of files: the hash of the content, remembered while the file stays the same.
 *
 * @module
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { throwIfAborted } from "./abort.ts";
import { quoteDigest } from "./etag.ts";

const CHUNK_BYTES = 1 << 20;

/**
 * A file younger than this, in milliseconds, is hashed again: a change within one tick of the file
 * system's clock may leave time and size as they were.
 */
const SETTLED_MS = 2000;

const REMEMBERED = 20_000;

/** Hashes files, and remembers the hashes in memory. */
export class FileHashes {
  readonly #known = new Map<string, { mark: string; etag: string }>();
  readonly #now: () => number;

  /** @param now the clock, in milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The ETag of an open file, which is left at an unspecified position. */
  async etagOf(path: string, file: Deno.FsFile, signal?: AbortSignal): Promise<string> {
    const info = await file.stat();
    const mark = markOf(info);
    const known = this.#known.get(path);
    if (known !== undefined && known.mark === mark) return known.etag;
    const etag = await hashFile(file, signal);
    const settled = info.mtime !== null && this.#now() - info.mtime.getTime() > SETTLED_MS;
    if (settled && markOf(await file.stat()) === mark) this.#remember(path, mark, etag);
    return etag;
  }

  #remember(path: string, mark: string, etag: string): void {
    this.#known.delete(path);
    this.#known.set(path, { mark, etag });
    if (this.#known.size <= REMEMBERED) return;
    const oldest = this.#known.keys().next().value;
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

/** What changes, as a rule, when a file does. */
export function markOf(info: Deno.FileInfo): string {
  return `${info.mtime?.getTime()}:${info.size}:${info.dev}:${info.ino}`;
}

async function hashFile(file: Deno.FsFile, signal?: AbortSignal): Promise<string> {
  await file.seek(0, Deno.SeekMode.Start);
  const hash = sha256.create();
  const chunk = new Uint8Array(CHUNK_BYTES);
  while (true) {
    throwIfAborted(signal);
    const read = await file.read(chunk);
    if (read === null) return quoteDigest(hash.digest());
    hash.update(chunk.subarray(0, read));
  }
}
