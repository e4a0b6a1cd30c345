/**
 * A store in a folder: a disk, a mounted share, or what a sync tool such as Syncthing carries.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { HxError } from "../errors.ts";
import { throwIfAborted } from "./abort.ts";
import { fsError, isIgnored, isMissing, makeDirectories, removeQuietly } from "./folder_fs.ts";
import { syncDirectory, TEMP_DIR } from "./folder_fs.ts";
import { FileHashes } from "./folder_hash.ts";
import { withLock } from "./folder_lock.ts";
import { openObject, readBody } from "./folder_read.ts";
import { checkRoot, isPlainPath, keysUnder } from "./folder_walk.ts";
import {
  conflict,
  linkInPlace,
  removeAbandoned,
  renameInPlace,
  writeTemp,
} from "./folder_write.ts";
import { checkKey, checkPrefix } from "./keys.ts";
import { spanOf } from "./range.ts";
import type {
  GetOptions,
  ListOptions,
  ListPage,
  ObjectInfo,
  PutOptions,
  StoredObject,
  StoreEntry,
  SyncStore,
} from "./types.ts";

/** What {@link FolderStore} takes. */
export interface FolderStoreOptions {
  /** Make the folder if it is missing. @default false */
  create?: boolean;
  /** A vault is known to be there: an empty folder is then an unmounted share. @default false */
  expectVault?: boolean;
  /** The clock, in milliseconds since 1970. @default Date.now */
  now?: () => number;
  /** A name that no other writer uses. @default crypto.randomUUID */
  uniqueName?: () => string;
  /** A lock file unchanged for so long, in milliseconds, was left by a crash. @default 10000 */
  staleLockMs?: number;
}

/** A {@link SyncStore} whose keys are paths under a folder and whose ETags are content hashes. */
export class FolderStore implements SyncStore {
  /** `folder:` and the path. */
  readonly uri: string;
  readonly #root: string;
  readonly #expectVault: boolean;
  readonly #now: () => number;
  readonly #uniqueName: () => string;
  readonly #staleLockMs: number;
  readonly #hashes: FileHashes;
  #tidied = false;

  /**
   * Touches nothing; every call checks the folder.
   *
   * @param path the folder
   * @param options what to expect there; `create` counts for {@link FolderStore.open} only
   */
  constructor(path: string, options: FolderStoreOptions = {}) {
    this.uri = `folder:${path}`;
    this.#root = path;
    this.#expectVault = options.expectVault ?? false;
    this.#now = options.now ?? Date.now;
    this.#uniqueName = options.uniqueName ?? (() => crypto.randomUUID());
    this.#staleLockMs = options.staleLockMs ?? 10_000;
    this.#hashes = new FileHashes(this.#now);
  }

  /**
   * The store in the folder `path`, which is checked, and made where `create` asks for it.
   *
   * @throws {HxError} `config` where the folder is missing, no folder, or empty in spite of
   * `expectVault`; `auth` where it cannot be read
   */
  static async open(path: string, options: FolderStoreOptions = {}): Promise<FolderStore> {
    const store = new FolderStore(path, options);
    const doing = `opening the store's folder ${path}`;
    if (options.create && !options.expectVault) {
      await run(doing, () => Deno.mkdir(path, { recursive: true, mode: 0o700 }));
    }
    await run(doing, () => checkRoot(path, store.#expectVault));
    return store;
  }

  /** One page in key order; the continuation is the last key given. */
  async list(prefix: string, options: ListOptions = {}): Promise<ListPage> {
    throwIfAborted(options.signal);
    checkPrefix(prefix);
    return await run(`listing ${this.uri}`, async () => {
      await checkRoot(this.#root, this.#expectVault);
      const after = options.continuation;
      const all = await keysUnder(this.#root, prefix, options.signal);
      const rest = after === undefined ? all : all.filter((key) => key > after);
      const page = rest.slice(0, options.pageSize ?? 1000);
      const entries: StoreEntry[] = [];
      for (const key of page) {
        const info = await this.#peek(key, options.signal);
        if (info !== undefined) entries.push({ key, ...info });
      }
      return page.length < rest.length ? { entries, continuation: page.at(-1)! } : { entries };
    });
  }

  /** The object from one open file, so that a rename meanwhile changes nothing. */
  async get(key: string, options: GetOptions = {}): Promise<StoredObject> {
    throwIfAborted(options.signal);
    checkKey(key);
    return await run(`reading ${key}`, async () => {
      const file = await this.#open(key);
      let handedOn = false;
      try {
        const etag = await this.#hashes.etagOf(key, file, options.signal);
        if (options.ifMatch !== undefined && options.ifMatch !== etag) {
          throw conflict(key, "is not the version that was expected");
        }
        const info = await file.stat();
        const span = spanOf(key, info.size, options);
        const body = await readBody(key, file, span, options.signal);
        handedOn = true;
        return { etag, size: info.size, body };
      } finally {
        if (!handedOn) file.close();
      }
    });
  }

  /** Writes a temporary file, syncs it, and gives it its name in one step. */
  async putAtomic(
    key: string,
    body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
    options: PutOptions = {},
  ): Promise<{ etag: string }> {
    throwIfAborted(options.signal);
    const target = this.#pathOf(key);
    return await run(`writing ${key}`, async () => {
      await checkRoot(this.#root, this.#expectVault);
      await this.#tidy();
      const temp = join(this.#root, TEMP_DIR, this.#uniqueName());
      const etag = await writeTemp(temp, body, options.signal);
      try {
        await makeDirectories(this.#root, key.split("/").slice(0, -1));
        await this.#place(key, temp, target, options);
      } finally {
        await removeQuietly(temp);
      }
      return { etag };
    });
  }

  /** ETag and size; reads the file where it is not known yet. */
  async head(key: string, options: { signal?: AbortSignal } = {}): Promise<ObjectInfo> {
    throwIfAborted(options.signal);
    checkKey(key);
    return await run(`reading ${key}`, async () => {
      const file = await this.#open(key);
      try {
        const etag = await this.#hashes.etagOf(key, file, options.signal);
        return { etag, size: (await file.stat()).size };
      } finally {
        file.close();
      }
    });
  }

  /** Removes the file; folders stay. */
  async delete(key: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    throwIfAborted(options.signal);
    const target = this.#pathOf(key);
    await run(`deleting ${key}`, async () => {
      await checkRoot(this.#root, this.#expectVault);
      if (!await isPlainPath(this.#root, key.split("/").slice(0, -1))) return;
      if (await kindOf(target) !== "file") return;
      await this.#tidy();
      await this.#locked(key, options.signal, async () => {
        await Deno.remove(target).catch((error) => {
          if (!isMissing(error)) throw error;
        });
        await syncDirectory(dirname(target));
      });
    });
  }

  async #place(key: string, temp: string, target: string, options: PutOptions): Promise<void> {
    if (options.ifNoneMatch !== undefined) {
      const linked = await linkInPlace(temp, target);
      if (linked === false) throw conflict(key, "exists already");
      if (linked === true) return;
    } else if (options.ifMatch === undefined && await kindOf(target) === "nothing") {
      return await renameInPlace(temp, target);
    }
    await this.#locked(key, options.signal, async () => {
      if (options.ifNoneMatch !== undefined && await kindOf(target) !== "nothing") {
        throw conflict(key, "exists already");
      }
      if (options.ifMatch !== undefined) await this.#checkMatch(key, options);
      await renameInPlace(temp, target);
    });
  }

  async #checkMatch(key: string, options: PutOptions): Promise<void> {
    const found = await this.#peek(key, options.signal);
    if (found?.etag !== options.ifMatch) throw conflict(key, "is not the version expected");
  }

  /** ETag and size; undefined where there is no file. A file that may not be read is still told. */
  async #peek(key: string, signal?: AbortSignal): Promise<ObjectInfo | undefined> {
    try {
      return await this.head(key, { signal });
    } catch (error) {
      if (!(error instanceof HxError)) throw error;
      if (error.category === "not-found") return undefined;
      if (error.category !== "auth") throw error;
      const { size, mtime } = await Deno.lstat(join(this.#root, key));
      return { size, etag: `"unreadable-${size}-${mtime?.getTime()}"` };
    }
  }

  async #open(key: string): Promise<Deno.FsFile> {
    await checkRoot(this.#root, this.#expectVault);
    const segments = key.split("/");
    const plain = !segments.some(isIgnored) && await isPlainPath(this.#root, segments.slice(0, -1));
    const file = plain ? await openObject(join(this.#root, key)) : undefined;
    if (file === undefined) throw new HxError("not-found", `the folder has no object ${key}`);
    return file;
  }

  /** The path for writing; names that listings pass over are refused. */
  #pathOf(key: string): string {
    checkKey(key);
    if (key.split("/").some(isIgnored)) {
      throw new HxError("config", `a folder store keeps no object of the name ${key}`);
    }
    return join(this.#root, key);
  }

  async #tidy(): Promise<void> {
    await makeDirectories(this.#root, [TEMP_DIR]);
    if (this.#tidied) return;
    this.#tidied = true;
    await removeAbandoned(this.#root, this.#now());
  }

  async #locked(
    key: string,
    signal: AbortSignal | undefined,
    work: () => Promise<void>,
  ): Promise<void> {
    const bytes = new TextEncoder().encode(key);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const name = Array.from(digest.subarray(0, 16), (b) => b.toString(16).padStart(2, "0")).join(
      "",
    );
    const lock = join(this.#root, TEMP_DIR, `lock-${name}`);
    const options = { staleMs: this.#staleLockMs, token: this.#uniqueName(), signal };
    await withLock(lock, options, work);
  }
}

async function kindOf(path: string): Promise<"file" | "other" | "nothing"> {
  try {
    return (await Deno.lstat(path)).isFile ? "file" : "other";
  } catch (error) {
    if (isMissing(error)) return "nothing";
    throw error;
  }
}

async function run<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fsError(error, doing);
  }
}
