/**
 * Which shell a history file is of.
 *
 * @module
 */

import { basename } from "node:path";
import type { Shell } from "./types.ts";

/**
 * Tells the shell by the file's name, else by how its content begins. The name goes first because
 * it stays the same when the file grows or its head is cut, and the shell is part of the keys.
 *
 * @param path the file; only its last part is looked at
 * @param firstBytes the start of the file; a few KiB do
 * @param otherwise what a file is that tells nothing
 */
export function detectShell(
  path: string,
  firstBytes: Uint8Array,
  otherwise: Shell = "bash",
): Shell {
  const name = basename(path).toLowerCase();
  if (name.includes("fish")) return "fish";
  if (/zsh|zhist|^\.histfile$/.test(name)) return "zsh";
  if (name.includes("bash")) return "bash";
  const text = new TextDecoder().decode(firstBytes);
  if (/^: *\d+:-?\d+;/m.test(text)) return "zsh";
  if (/^- cmd:/m.test(text)) return "fish";
  if (/^#\d{1,11}\r?$/m.test(text)) return "bash";
  return otherwise;
}
