/**
 * Cells of a stranger's database: typed as SQLite does, which is not at all.
 *
 * @module
 */
import { stringProblem } from "../../format/check.ts";
import { MAX_STRING_BYTES } from "../../format/limits.ts";
import type { Cell } from "./types.ts";

/** The end of the year 9999: a later start is no time. */
const LAST_SECOND = 253_402_300_799;

/** Longest command that is looked at: a longer one would take memory only to be cut. */
const MAX_CELL_BYTES = 16 * 1024 * 1024;

/** SQL for a command as bytes: the head that an event can hold, null where it is absurdly long. */
export function bytesOf(column: string): string {
  return `CASE WHEN octet_length(${column}) <= ${MAX_CELL_BYTES}
    THEN substr(CAST(${column} AS BLOB), 1, ${1024 * 1024 + 4}) END`;
}

/** SQL for a text that is not longer than an event holds, null otherwise. */
export function shortOf(column: string): string {
  return `CASE WHEN octet_length(${column}) <= ${MAX_STRING_BYTES} THEN ${column} END`;
}

/** A text that an event or a session can hold. */
export function text(cell: Cell | undefined): string | undefined {
  if (typeof cell !== "string" || cell === "") return undefined;
  return stringProblem(cell, MAX_STRING_BYTES) === undefined ? cell : undefined;
}

/** A whole number that a number holds exactly. */
export function integer(cell: Cell | undefined): number | undefined {
  const value = typeof cell === "bigint" ? Number(cell) : cell;
  return Number.isSafeInteger(value) ? value as number : undefined;
}

/** Any finite number. */
export function real(cell: Cell | undefined): number | undefined {
  const value = typeof cell === "bigint" ? Number(cell) : cell;
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Unix seconds of an event: 0 where they are zero or less, undefined where they are no time. */
export function seconds(value: number | undefined): number | undefined {
  if (value === undefined || value > LAST_SECOND) return undefined;
  return value > 0 ? value : 0;
}

/** A length of time, in milliseconds; negative ones are no length. */
export function milliseconds(value: number | undefined): number | undefined {
  return value !== undefined && value >= 0 && value <= LAST_SECOND * 1000 ? value : undefined;
}

const GO_TIME =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?\s?(Z|[+-]\d\d:?\d\d)?(?: [A-Z]\w*)?(?: m=\S+)?$/;

/** Unix seconds of a time as Go's drivers for SQLite write it, to the microsecond. */
export function goTime(cell: Cell | undefined): number | undefined {
  if (typeof cell !== "string") return real(cell);
  const [, day, time, fraction = "", zone = "Z"] = GO_TIME.exec(cell) ?? [];
  if (day === undefined) return undefined;
  const offset = zone === "Z" ? zone : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const whole = Date.parse(`${day}T${time}${offset}`) / 1000;
  if (Number.isNaN(whole)) return undefined;
  const micros = Number(fraction.slice(1, 7).padEnd(6, "0"));
  return (whole * 1e6 + micros) / 1e6;
}

/** The fields that are known, without the others. */
export function known<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as T;
}
