/**
 * A short lock between processes, also on shares: a file that only one can create.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { sleep, throwIfAborted } from "./abort.ts";
import { removeQuietly, writeAll } from "./folder_fs.ts";

/** How {@link withLock} waits. */
export interface LockOptions {
  /** A lock file that stays the same for this long, in milliseconds, was left by a crash. */
  staleMs: number;
  /** A name that no one else uses. */
  token: string;
  /** Stops the waiting. */
  signal?: AbortSignal;
}

const POLL_MS = 10;

/**
 * Runs `work` while holding the lock file `path`.
 *
 * @throws {HxError} `interrupted` or `timeout` while waiting; and what `work` throws
 */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  await acquire(path, options);
  try {
    return await work();
  } finally {
    if (await readLock(path) === options.token) await removeQuietly(path);
  }
}

async function acquire(path: string, options: LockOptions): Promise<void> {
  let holder: string | undefined;
  let waited = 0;
  while (!await tryCreate(path, options.token)) {
    throwIfAborted(options.signal);
    const now = await readLock(path);
    if (now !== holder) [holder, waited] = [now, 0];
    if (holder !== undefined && waited > options.staleMs) {
      await breakLock(path, holder, options.token);
      waited = 0;
      continue;
    }
    await sleep(POLL_MS, options.signal);
    waited += POLL_MS;
  }
}

async function tryCreate(path: string, token: string): Promise<boolean> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
  try {
    await writeAll(file, new TextEncoder().encode(token));
    return true;
  } catch (error) {
    await removeQuietly(path);
    throw error;
  } finally {
    file.close();
  }
}

/** Who holds the lock; undefined where no one does. */
async function readLock(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Moves a dead holder's lock aside. Where two do this at once the second may take the first one's
 * new lock: it sees that by the token, puts it back and waits on.
 */
async function breakLock(path: string, holder: string, token: string): Promise<void> {
  const aside = `${path}-${token}`;
  try {
    await Deno.rename(path, aside);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  try {
    if (await readLock(aside) !== holder) await Deno.link(aside, path);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) {
      throw new HxError("server", "the folder's lock file could not be put back", { cause: error });
    }
  } finally {
    await removeQuietly(aside);
  }
}
