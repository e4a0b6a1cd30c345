/**
 * `hx doctor` on the machine: the program, its folder, the disk, the clock, the shells' histories.
 *
 * @module
 */
import { statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { HxError } from "../../errors.ts";
import { findHistoryFiles } from "../../history/mod.ts";
import { bytes, localTime, printable } from "../../ui/text.ts";
import type { App } from "../app.ts";
import { checked, fail, type Finding, ok, warn } from "./finding.ts";

/** Less than this is little: a first sync of a long history takes some of it. */
const LITTLE_BYTES = 100 * 1024 * 1024;

/** No clock that is right tells an earlier time: hx is younger. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

/** Looks at all that hx needs of the machine, but for its database. */
export async function machineFindings(app: App): Promise<Finding[]> {
  return [
    ...clockFindings(app.clock()),
    ...await checked("data", () => folderFindings(app.dataDir)),
    ...await checked("disk", () => diskFindings(app.dataDir)),
    ...await checked("history", () => historyFindings(app)),
  ];
}

/** A clock that is wrong makes storage refuse, and puts commands in a wrong order. */
export function clockFindings(now: number): Finding[] {
  if (now > EARLIEST_MS && now < LATEST_MS) return [ok("clock", localTime(now))];
  return [warn("clock", `this machine's clock says ${localTime(now)}`, "set it right")];
}

/** The folder and what lies in it are the owner's alone. */
export async function folderFindings(path: string): Promise<Finding[]> {
  let folder: Deno.FileInfo;
  try {
    folder = await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw unusable(path, error);
    return [ok("data", `${printable(path)} is not there yet; hx makes it when it is needed`)];
  }
  if (!folder.isDirectory) throw unusable(path);
  const open: string[] = isOpen(folder) ? [path] : [];
  try {
    for await (const { name, isFile } of Deno.readDir(path)) {
      const file = join(path, name);
      if (isFile && isOpen(await Deno.lstat(file))) open.push(file);
    }
  } catch (error) {
    throw unusable(path, error);
  }
  if (open.length === 0) return [ok("data", `${printable(path)} is this user's alone`)];
  const modes = open.map((one) => `chmod ${one === path ? 700 : 600} ${quoted(one)}`);
  return [
    warn(
      "data",
      `others can get at ${open.map((one) => printable(one)).join(", ")}`,
      modes.join("; "),
    ),
  ];
}

function isOpen({ mode }: Deno.FileInfo): boolean {
  return mode !== null && (mode & 0o077) !== 0;
}

function unusable(path: string, cause?: unknown): HxError {
  return new HxError("config", `the data folder ${path} can't be used`, {
    hint: "check the disk, owner and mode, or point HX_DATA_DIR elsewhere",
    cause,
  });
}

/** For a shell to read again. */
function quoted(path: string): string {
  return `'${printable(path).replaceAll("'", `'\\''`)}'`;
}

async function diskFindings(path: string): Promise<Finding[]> {
  const free = await freeBytes(path);
  if (free === undefined) return [ok("disk", "how much of it is free can't be told here")];
  const message = `${bytes(free)} free for ${printable(path)}`;
  if (free >= LITTLE_BYTES) return [ok("disk", message)];
  return [warn("disk", message, "make room, or point HX_DATA_DIR elsewhere")];
}

/** Undefined where the runtime does not tell, or may not. */
async function freeBytes(path: string): Promise<number | undefined> {
  const { state } = await Deno.permissions.query({ name: "sys", kind: "statfs" });
  if (state !== "granted") return undefined;
  for (let at = path;; at = dirname(at)) {
    try {
      const { bavail, bsize } = statfsSync(at);
      return bavail * bsize;
    } catch {
      if (at === dirname(at)) return undefined;
    }
  }
}

async function historyFindings(app: App): Promise<Finding[]> {
  const found = await findHistoryFiles(app.env, app.home);
  if (found.length === 0) {
    return [warn("history", "no history file of bash, zsh or fish is here", "`hx import FILE`")];
  }
  return await Promise.all(found.map(async ({ path, shell }) => {
    const what = `${shell}: ${printable(path)}`;
    try {
      using file = await Deno.open(path);
      await file.read(new Uint8Array(1));
      return ok("history", `${what}, ${bytes((await file.stat()).size)}`);
    } catch (cause) {
      const message = `${what} can't be read`;
      return fail(
        "history",
        new HxError("config", message, { hint: "check owner and mode", cause }),
      );
    }
  }));
}
