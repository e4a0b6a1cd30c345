/**
 * How a found event is shown.
 *
 * @module
 */
import type { SearchRow } from "../db/mod.ts";
import { HxError } from "../errors.ts";
import { ago, duration, localTime, printable } from "../ui/text.ts";

/** The parts of an event that `--format` knows. */
const PARTS: Readonly<Record<string, (row: SearchRow, now: number) => string>> = {
  id: (row) => String(row.id),
  time: (row) => timeOf(row),
  relative: (row, now) => agoOf(row, now),
  duration: (row) => durationOf(row),
  exit: (row) => row.exit_code === null ? "" : String(row.exit_code),
  cwd: (row) => printable(row.cwd ?? ""),
  host: (row) => printable(row.host ?? ""),
  user: (row) => printable(row.user ?? ""),
  shell: (row) => printable(row.shell ?? ""),
  session: (row) => printable(row.session_id),
  node: (row) => row.node_id,
  cmd: (row) => row.cmd,
};

/** The names that `--format` knows. */
export const FORMAT_PARTS: readonly string[] = Object.keys(PARTS);

/** When an event began, in the user's zone; `-` where it is not known. */
export function timeOf(row: SearchRow): string {
  return localTime(row.started_at === 0 ? undefined : row.started_at * 1000);
}

/** How long ago that was; `-` where it is not known. */
export function agoOf(row: SearchRow, now: number): string {
  return row.started_at === 0 ? "-" : ago(now - row.started_at * 1000);
}

/** How long it took; nothing where it is not known. */
export function durationOf(row: SearchRow): string {
  return row.duration_ms === null ? "" : duration(row.duration_ms);
}

/**
 * What writes an event as a format says: `{time}`, `{cmd}` and so on, everything else as it stands. A
 * command is written just as it was typed, as `export` does.
 *
 * @throws {HxError} `usage` for a part that there is none of
 */
export function formatter(format: string): (row: SearchRow, now: number) => string {
  for (const [, name = ""] of format.matchAll(/\{(\w+)\}/g)) {
    if (PARTS[name]) continue;
    throw new HxError("usage", `--format: there is no {${name}}`, {
      hint: `one of ${FORMAT_PARTS.map((part) => `{${part}}`).join(" ")}`,
    });
  }
  return (row, now) => format.replaceAll(/\{(\w+)\}/g, (_, name: string) => PARTS[name]!(row, now));
}
