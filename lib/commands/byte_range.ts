/**
 * Parts of a content as people write them.
 *
 * @module
 */
import { HxError } from "../errors.ts";

/** Bytes from `start` up to, not including, `stop`. */
export interface Range {
  start: number;
  stop: number;
}

/**
 * What `A:B` means of a content of `size` bytes; either number may be left out, and what is behind the
 * end is cut off.
 *
 * @throws {HxError} `usage`
 */
export function parseRange(text: string, size: number): Range {
  const [, a = "", b = ""] = /^(\d{0,15}):(\d{0,15})$/.exec(text) ?? [];
  const start = Number(a);
  const stop = Math.min(size, b === "" ? size : Number(b));
  if (text.length > 1 && a + b !== "" && start <= stop) return { start, stop };
  throw new HxError("usage", `--range takes A:B, bytes of the ${size} that there are`, {
    hint: "0:1000 are the first thousand, 1000: is all but them",
  });
}
