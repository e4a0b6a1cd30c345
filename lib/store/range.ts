/**
 * Byte ranges as {@link GetOptions} gives them.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import type { GetOptions } from "./types.ts";
import { tooLong } from "./streams.ts";

/** Bytes `start` up to, not including, `stop`. */
export interface Span {
  /** First byte, from 0. */
  start: number;
  /** One past the last byte. */
  stop: number;
}

/**
 * The bytes a `get` delivers of an object of `size` bytes.
 *
 * @throws {HxError} `corrupt` where the object ends before the range starts, or where there is more
 * than `maxBytes`; `config` where the range itself makes no sense
 */
export function spanOf(key: string, size: number, options: GetOptions): Span {
  checkRange(key, options.range);
  const start = options.range?.start ?? 0;
  if (options.range !== undefined && start >= size) throw beyond(key, start);
  const stop = Math.min(size, (options.range?.end ?? size - 1) + 1);
  if (options.maxBytes !== undefined && stop - start > options.maxBytes) {
    throw tooLong(`the object ${key}`, options.maxBytes);
  }
  return { start, stop };
}

/**
 * Checks that `range` is one.
 *
 * @throws {HxError} `config` where the range makes no sense
 */
export function checkRange(key: string, range: GetOptions["range"]): void {
  if (range === undefined) return;
  const { start, end } = range;
  const good = Number.isSafeInteger(start) && start >= 0 &&
    (end === undefined || (Number.isSafeInteger(end) && end >= start));
  if (!good) throw new HxError("config", `bytes ${start}-${end ?? ""} of ${key} are no range`);
}

/** The `corrupt` error for a range that starts behind the object's end. */
export function beyond(key: string, start: number): HxError {
  return new HxError("corrupt", `the object ${key} ends before byte ${start}, which was asked for`);
}
