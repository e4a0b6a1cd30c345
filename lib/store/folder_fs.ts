/**
 * What the folder store asks of the file system: durable writes, and failures in our categories.
 *
 * @module
 */
import { join } from "node:path";
import { type Category, HxError } from "../errors.ts";

/** Names that sync tools and people leave in a folder and that are no objects of ours. */
const NOT_OURS = [
  /^\./, // dotfiles, Syncthing's .stfolder, .stversions, .syncthing.*.tmp
  /\.sync-conflict-/,
  /\.partial$/,
  /^~syncthing~/,
];

/** Where half-written files lie, under the root (format, section 2). */
export const TEMP_DIR = "tmp";

/** Whether a key's path segment is one that the store passes over. `depth` counts from 0. */
export function isIgnored(segment: string, depth: number): boolean {
  return (depth === 0 && segment === TEMP_DIR) || NOT_OURS.some((rule) => rule.test(segment));
}

/** What Deno says of failures of open files, which carry no code. */
const CODE_BY_TEXT: readonly (readonly [RegExp, string])[] = [
  [/no space left/i, "ENOSPC"],
  [/quota exceeded/i, "EDQUOT"],
  [/file too large/i, "EFBIG"],
  [/input\/output error/i, "EIO"],
  [/stale (nfs )?file handle/i, "ESTALE"],
  [/not connected/i, "ENOTCONN"],
];

/** The error code of the operating system, such as `ENOSPC`. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return CODE_BY_TEXT.find(([text]) => text.test(error.message))?.[1];
}

/** Whether the error says that a file or folder is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || codeOf(error) === "ENOENT" ||
    codeOf(error) === "ENOTDIR";
}

const FULL = ["the disk is full", "free some space there, then run the command again"] as const;
const KNOWN: Readonly<Record<string, readonly [Category, string, string]>> = {
  ENOSPC: ["config", ...FULL],
  EDQUOT: ["config", ...FULL],
  EFBIG: ["config", "the file is too big for the disk or for this process's limit", FULL[1]],
  EROFS: ["config", "the folder is read-only", "mount it so that it can be written to"],
  EACCES: ["auth", "permission denied", "check owner and mode of the folder"],
  EPERM: ["auth", "the operating system refused", "check owner and mode of the folder"],
  ENAMETOOLONG: ["config", "the name is too long for this disk", "use another store"],
  ENOTDIR: ["config", "a part of the path is a file", "is this the right folder?"],
  EISDIR: ["config", "there is a folder of that name", "is this the right folder?"],
  EMFILE: ["config", "too many open files", "raise the limit (ulimit -n)"],
  ESTALE: ["network", "the share is gone", "mount it again"],
  ENOTCONN: ["network", "the share is gone", "mount it again"],
  EHOSTDOWN: ["network", "the share's server does not answer", "check the network, mount again"],
  ETIMEDOUT: ["timeout", "the share does not answer", "check the network"],
  EIO: ["server", "the disk failed to read or write", "check the disk"],
};

/** A file system error as an {@link HxError}; `doing` is what was being done. */
export function fsError(error: unknown, doing: string): unknown {
  if (error instanceof HxError) return error;
  const known = KNOWN[codeOf(error) ?? ""];
  if (known !== undefined) {
    return new HxError(known[0], `${doing}: ${known[1]}`, { hint: known[2], cause: error });
  }
  if (isMissing(error)) {
    return new HxError("config", `${doing}: the folder went away`, { cause: error });
  }
  if (!(error instanceof Error) || codeOf(error) === undefined) return error;
  return new HxError("server", `${doing}: ${codeOf(error)}`, { cause: error });
}

/** Makes a folder's entries durable. Where folders cannot be synced (some shares) it does nothing. */
export async function syncDirectory(path: string): Promise<void> {
  let file: Deno.FsFile | undefined;
  try {
    file = await Deno.open(path, { read: true });
    await file.sync();
  } catch (error) {
    if (codeOf(error) === "EIO") throw error;
  } finally {
    file?.close();
  }
}

/**
 * Makes the missing folders of the path `segments` under `root` (mode 0700), each of them durable.
 * A link among them is not followed: it could lead out of the root.
 *
 * @throws {HxError} `config` where one of them is no folder
 */
export async function makeDirectories(root: string, segments: string[]): Promise<void> {
  let path = root;
  for (const segment of segments) {
    const parent = path;
    path = join(parent, segment);
    if (await isDirectory(path)) continue;
    try {
      await Deno.mkdir(path, { mode: 0o700 });
      await syncDirectory(parent);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      if (await isDirectory(path)) continue;
      throw new HxError("config", `${path} is not a folder, though an object's name needs one`);
    }
  }
}

/** Whether a folder, not a link to one, is at `path`. */
export async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isDirectory;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Writes all of `bytes`; a write may take less than it is given. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** Removes a file; one that is not there is no error. */
export async function removeQuietly(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch {
    // Gone already, or the disk is: the clean-up of old temporary files comes by.
  }
}
