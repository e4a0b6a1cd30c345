/**
 * Points in time as people type them.
 *
 * @module
 */
import { HxError } from "../errors.ts";

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};

/** Smaller numbers are no Unix times but, say, years: `--since 2026` must not mean 1970. */
const EARLIEST_UNIX = 100_000_000;

const HINT = "15m, 2h, 3d, 1w, 2026-01-31, 2026-01-31T09:00, 2026-01-31T09:00:00Z, or Unix seconds";

/**
 * A point in time: so long ago (`15m`, `2h`, `3d`, `1w`), an ISO date or time (local unless it names
 * its zone), or Unix seconds.
 *
 * @param text what was typed
 * @param now Unix milliseconds
 * @returns Unix seconds
 * @throws {HxError} `usage`
 */
export function parseTime(text: string, now: number): number {
  const given = text.trim();
  const time = ago(given, now) ?? unix(given) ?? iso(given);
  if (time === undefined) {
    throw new HxError("usage", `"${text}" is no time`, { hint: `say it like ${HINT}` });
  }
  return time;
}

function ago(text: string, now: number): number | undefined {
  const match = /^(\d{1,9}(?:\.\d+)?)([smhdw])$/i.exec(text);
  if (!match) return undefined;
  return Math.max(0, now / 1000 - Number(match[1]) * UNIT_SECONDS[match[2]!.toLowerCase()]!);
}

function unix(text: string): number | undefined {
  if (!/^\d{9,11}(?:\.\d+)?$/.test(text)) return undefined;
  return Number(text) >= EARLIEST_UNIX ? Number(text) : undefined;
}

function iso(text: string): number | undefined {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d:?\d\d)?)?$/i.exec(
      text,
    );
  if (!match) return undefined;
  const [, year, month, day, clock = "00:00", zone = ""] = match;
  const offset = zone.toUpperCase().replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  const time = Date.parse(`${year}-${month}-${day}T${clock}${offset}`) / 1000;
  return Number.isNaN(time) || !isDay(Number(year), Number(month), Number(day)) ? undefined : time;
}

/** `Date.parse` takes February 30 for March 2. */
function isDay(year: number, month: number, day: number): boolean {
  const at = new Date(Date.UTC(year, month - 1, day));
  return at.getUTCMonth() === month - 1 && at.getUTCDate() === day;
}
