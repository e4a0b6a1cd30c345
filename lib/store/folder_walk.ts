/**
 * What lies in a folder store: the keys, without the files' contents.
 *
 * @module
 */
import { join } from "node:path";
import { HxError } from "../errors.ts";
import { throwIfAborted } from "./abort.ts";
import { isDirectory, isIgnored, isMissing } from "./folder_fs.ts";
import { checkKey } from "./keys.ts";

/**
 * All keys under `root` that start with `prefix`, in order. Symbolic links, temporary files and what
 * sync tools leave behind are passed over; what vanishes meanwhile is no error.
 */
export async function keysUnder(
  root: string,
  prefix: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const keys: string[] = [];
  const start = prefix.split("/").slice(0, -1);
  if (start.some(isIgnored) || !await isPlainPath(root, start)) return keys;
  await walk(root, start, prefix, keys, signal);
  return keys.sort();
}

/** Whether every one of the folders is there and a real one: links could lead out of the root. */
export async function isPlainPath(root: string, segments: string[]): Promise<boolean> {
  let path = root;
  for (const segment of segments) {
    path = join(path, segment);
    if (!await isDirectory(path)) return false;
  }
  return true;
}

async function walk(
  root: string,
  segments: string[],
  prefix: string,
  keys: string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  throwIfAborted(signal);
  for (const entry of await entriesOf(join(root, ...segments))) {
    if (isIgnored(entry.name, segments.length)) continue;
    const inner = [...segments, entry.name];
    const key = inner.join("/");
    if (entry.isDirectory) {
      if (`${key}/`.startsWith(prefix) || prefix.startsWith(`${key}/`)) {
        await walk(root, inner, prefix, keys, signal);
      }
    } else if (entry.isFile && key.startsWith(prefix) && isKey(key)) keys.push(key);
  }
}

async function entriesOf(path: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(path));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isKey(text: string): boolean {
  try {
    checkKey(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Checks that the root is a folder, and, where a vault is known to be in it, that it is not empty.
 *
 * @throws {HxError} `config`
 */
export async function checkRoot(root: string, expectVault: boolean): Promise<void> {
  const hint = "is the disk or share mounted? nothing was written";
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(root);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new HxError("config", `the store's folder ${root} is not there`, { hint, cause: error });
  }
  if (!info.isDirectory) throw new HxError("config", `the store ${root} is not a folder`);
  if (!expectVault) return;
  for await (const entry of Deno.readDir(root)) {
    if (entry.name !== "lost+found" && !isIgnored(entry.name, 0)) return;
  }
  throw new HxError("config", `the store's folder ${root} is empty, though a vault was in it`, {
    hint,
  });
}
