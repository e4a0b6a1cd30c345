/**
 * Where the shells keep their histories.
 *
 * @module
 */

import { basename, isAbsolute, join } from "node:path";
import { detectShell } from "./detect.ts";
import type { Shell } from "./types.ts";

/** Bytes that are looked at to tell the shell. */
const HEAD = 4096;

/** A history file that is there. */
export interface FoundFile {
  /** As the shell names it; symbolic links are not resolved. */
  path: string;
  /** Whose it is. */
  shell: Shell;
}

/**
 * Finds the shells' own history files: `$HISTFILE`, then where bash, zsh and fish keep theirs.
 * Only regular files (or links to them), each once, however many names lead to it.
 *
 * @param env reads an environment variable; an empty one counts as not set
 * @param home the home directory
 */
export async function findHistoryFiles(
  env: (name: string) => string | undefined,
  home: string,
): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const seen = new Set<string>();
  for (const { path, shell } of candidates(env, home)) {
    const real = await regularFile(path);
    if (real === undefined || seen.has(real)) continue;
    seen.add(real);
    found.push({ path, shell: shell ?? detectShell(path, await head(path), loginShell(env)) });
  }
  return found;
}

function candidates(
  env: (name: string) => string | undefined,
  home: string,
): { path: string; shell?: Shell }[] {
  const files: { path: string; shell?: Shell }[] = [];
  const histfile = env("HISTFILE");
  if (histfile) files.push({ path: histfile });
  files.push({ path: join(home, ".bash_history"), shell: "bash" });
  const zdotdir = env("ZDOTDIR");
  if (zdotdir) files.push({ path: join(zdotdir, ".zsh_history"), shell: "zsh" });
  for (const name of [".zsh_history", ".zhistory", ".histfile"]) {
    files.push({ path: join(home, name), shell: "zsh" });
  }
  const xdg = env("XDG_DATA_HOME");
  // The base directory specification says to ignore a relative one.
  const data = xdg && isAbsolute(xdg) ? xdg : join(home, ".local", "share");
  files.push({ path: join(data, "fish", "fish_history"), shell: "fish" });
  return files;
}

/** The real path of a regular file; undefined for anything else. */
async function regularFile(path: string): Promise<string | undefined> {
  try {
    return (await Deno.stat(path)).isFile ? await Deno.realPath(path) : undefined;
  } catch {
    return undefined;
  }
}

/** The start of a file; nothing where it can't be read, which opening it will report. */
async function head(path: string): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path);
    const bytes = new Uint8Array(HEAD);
    return bytes.subarray(0, await file.read(bytes) ?? 0);
  } catch {
    return new Uint8Array();
  }
}

/** What `$SHELL` says, for a file that says nothing. */
function loginShell(env: (name: string) => string | undefined): Shell | undefined {
  const name = basename(env("SHELL") ?? "");
  return name === "bash" || name === "zsh" || name === "fish" ? name : undefined;
}
