/**
 * The contents of artifacts that are on this device, each in one file that its hash names:
 * `<aa>/<bb>/<blob_hash>`, folders 0700, files 0600.
 *
 * @module
 */
import { join } from "node:path";
import { startSha256 } from "../crypto/mod.ts";
import { HxError } from "../errors.ts";
import { fsError, isMissing, makeDirectories, removeQuietly } from "../store/folder_fs.ts";
import { placeFile, writeNewFile, type WriteOptions } from "./new_file.ts";
import { CHUNK_BYTES } from "./source.ts";

/** A content that was copied and has not got its name yet: either of its methods ends it. */
export interface StagedBlob {
  /** SHA-256 in hex. */
  hash: string;
  /** Size in bytes. */
  size: number;
  /** Gives it its name, durably; what had the name is replaced. All at once. */
  keep(): void;
  /** Removes it. */
  discard(): Promise<void>;
}

/** What of a content to read. */
export interface ReadOptions {
  /** First byte. @default 0 */
  start?: number;
  /** One past the last byte. @default the end */
  stop?: number;
  /** Each piece is good only until the next one is asked for, which takes its memory. @default false */
  reuse?: boolean;
}

const HASH = /^[0-9a-f]{64}$/;
const TEMP_DIR = "tmp";
/** Age in milliseconds after which a file that has no name yet is a dead run's. */
const ABANDONED_MS = 24 * 3600 * 1000;

/** The contents in a folder. */
export class LocalBlobs {
  readonly #root: string;
  readonly #uniqueName: () => string;

  /**
   * Touches nothing.
   *
   * @param root the folder, which is made when something is put there
   * @param uniqueName a name that no other writer uses
   */
  constructor(root: string, uniqueName: () => string = () => crypto.randomUUID()) {
    this.#root = root;
    this.#uniqueName = uniqueName;
  }

  /** Size of a content in bytes; undefined where it is not here. */
  size(hash: string): number | undefined {
    try {
      const info = Deno.lstatSync(this.#pathOf(hash));
      return info.isFile ? info.size : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw fsError(error, `looking for the copy of ${hash}`);
    }
  }

  /**
   * Copies a content, hashing it on the way. It is never linked: the user may go on writing to it.
   *
   * @param options `hash`: what it is, where the source itself errors if it is not
   * @throws {HxError} as {@link writeNewFile}; nothing is left then
   */
  async stage(
    chunks: AsyncIterable<Uint8Array>,
    options: Omit<WriteOptions, "mode"> & { hash?: string },
  ): Promise<StagedBlob> {
    const { doing } = options;
    const temp = join(this.#root, TEMP_DIR, this.#uniqueName());
    const hash = options.hash === undefined ? await startSha256() : undefined;
    let size = 0;
    await inWords(doing, async () => {
      await Deno.mkdir(this.#root, { recursive: true, mode: 0o700 });
      await makeDirectories(this.#root, [TEMP_DIR]);
    });
    await writeNewFile(temp, chunks, {
      ...options,
      onChunk(chunk) {
        size += chunk.length;
        hash?.update(chunk);
        options.onChunk?.(chunk);
      },
    });
    try {
      const hex = hash?.hex() ?? options.hash!;
      await inWords(doing, () => makeDirectories(this.#root, foldersOf(hex)));
      return {
        hash: hex,
        size,
        keep: () => placeFile(temp, this.#pathOf(hex), doing),
        discard: () => removeQuietly(temp),
      };
    } catch (error) {
      await removeQuietly(temp);
      throw error;
    }
  }

  /**
   * The bytes of a content. They are not checked.
   *
   * @throws {HxError} `not-found`
   */
  async *read(
    hash: string,
    { start = 0, stop = Infinity, reuse = false }: ReadOptions = {},
  ): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    using file = await this.#open(hash);
    const memory = reuse ? new Uint8Array(CHUNK_BYTES) : undefined;
    try {
      await file.seek(start, Deno.SeekMode.Start);
      for (let left = stop - start; left > 0;) {
        const size = Math.min(left, CHUNK_BYTES);
        const chunk = memory?.subarray(0, size) ?? new Uint8Array(size);
        const read = await file.read(chunk);
        if (read === null) return;
        left -= read;
        yield chunk.subarray(0, read);
      }
    } catch (error) {
      throw fsError(error, `reading the copy of ${hash}`);
    }
  }

  /** Removes a content; one that is not here is no error. All at once. */
  remove(hash: string): void {
    try {
      Deno.removeSync(this.#pathOf(hash));
    } catch (error) {
      if (!isMissing(error)) throw fsError(error, `removing the copy of ${hash}`);
    }
  }

  /** The hashes of all contents that are here. */
  hashes(): string[] {
    return namesIn(this.#root).filter((aa) => /^[0-9a-f]{2}$/.test(aa)).flatMap((aa) =>
      namesIn(join(this.#root, aa)).flatMap((bb) => namesIn(join(this.#root, aa, bb)))
    ).filter((name) => HASH.test(name)).sort();
  }

  /** Removes what runs that died have left; `now` in Unix milliseconds. */
  async removeAbandoned(now: number): Promise<void> {
    for (const name of namesIn(join(this.#root, TEMP_DIR))) {
      const path = join(this.#root, TEMP_DIR, name);
      const { mtime } = await Deno.lstat(path);
      if (mtime !== null && now - mtime.getTime() > ABANDONED_MS) await removeQuietly(path);
    }
  }

  async #open(hash: string): Promise<Deno.FsFile> {
    try {
      return await Deno.open(this.#pathOf(hash), { read: true });
    } catch (error) {
      if (!isMissing(error)) throw fsError(error, `reading the copy of ${hash}`);
      throw new HxError("not-found", `the content ${hash} is not on this device`);
    }
  }

  #pathOf(hash: string): string {
    if (!HASH.test(hash)) throw new TypeError("a content's hash is 64 hex digits");
    return join(this.#root, ...foldersOf(hash), hash);
  }
}

function foldersOf(hash: string): string[] {
  return [hash.slice(0, 2), hash.slice(2, 4)];
}

function namesIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map((entry) => entry.name);
  } catch (error) {
    if (isMissing(error)) return [];
    throw fsError(error, `reading ${path}`);
  }
}

async function inWords(doing: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw fsError(error, doing);
  }
}
