/**
 * Where programs keep their data.
 *
 * @module
 */
import { isAbsolute, join } from "node:path";
import type { Surroundings } from "./types.ts";

/** A variable that names a place, which then is the only one. */
export function named({ env }: Surroundings, name: string, ...below: string[]): string[] {
  const path = env(name);
  return path ? [join(path, ...below)] : [];
}

/** `$XDG_DATA_HOME`; a relative one is to be ignored (the base directory specification). */
export function dataHome({ env, home }: Surroundings): string {
  const xdg = env("XDG_DATA_HOME");
  return xdg && isAbsolute(xdg) ? xdg : join(home, ".local", "share");
}
