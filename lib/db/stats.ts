/** What a history adds up to. */
import type { Database } from "./open.ts";

/** A name and how often it came. */
export interface Counted {
  name: string;
  events: number;
}

/** What {@link historyStats} tells. */
export interface HistoryStats {
  events: number;
  /** Different command texts. */
  commands: number;
  sessions: number;
  /** Start of the first event with a time, in Unix seconds. */
  first: number | null;
  /** Start of the last one. */
  last: number | null;
  /** First words of commands, the most frequent first. */
  programs: Counted[];
  /** Whole commands, the most frequent first. */
  lines: Counted[];
  /** Events whose exit code is known, and how many of them failed. */
  exits: { known: number; failed: number };
  /** Whole commands by how often they failed. */
  failures: Counted[];
  hosts: Counted[];
  /** By local day (`2026-01-31`), for days with events. */
  days: Counted[];
}

/** How long the lists are. */
const TOP = 10;

/** The last second that a `Date` can hold; what claims to be later lies in no day. */
const MAX_TIME = 8.64e12;

/**
 * Adds up the events that start within a time, or all of them.
 *
 * Events are counted by command and by session first, which indexes have in order already: a million
 * of them would be too many to group by text.
 *
 * @param since Unix seconds; undated events count only without a limit
 */
export function historyStats(db: Database, since?: number, until?: number): HistoryStats {
  const dated = since !== undefined || until !== undefined;
  const where = dated ? "e.started_at BETWEEN ? AND ? AND e.started_at <> 0" : "1";
  const limits = dated ? [since ?? -MAX_TIME, until ?? MAX_TIME] : [];
  const counted = (column: string, more = "1") =>
    `SELECT ${column}, count(*) AS n FROM event e WHERE ${where} AND ${more} GROUP BY ${column}`;
  const top = (name: string, from: string, limit = TOP) =>
    db.all<Counted>(
      `SELECT ${name} AS name, sum(n) AS events FROM ${from} GROUP BY 1
       ORDER BY 2 DESC, 1 LIMIT ${limit}`,
      ...limits,
    );
  const commands = `(${counted("command")}) JOIN command c ON c.id = command`;
  const sessions = `(${counted("node, session")}) JOIN session s ON s.id = session`;
  // The first ten by number before their texts are looked up: there may be a million texts.
  const lines = (more?: string) =>
    db.all<Counted>(
      `SELECT c.cmd AS name, n AS events FROM
         (${counted("command", more)} ORDER BY n DESC LIMIT ${TOP}) JOIN command c ON c.id = command
       ORDER BY n DESC, 1`,
      ...limits,
    );
  const get = <Row>(sql: string) => ({ ...db.get<Row>(sql, ...limits)! });
  return {
    ...get<Pick<HistoryStats, "events" | "first" | "last">>(
      `SELECT count(*) AS events, min(nullif(started_at, 0)) AS first,
         max(nullif(started_at, 0)) AS last FROM event e WHERE ${where}`,
    ),
    ...get<{ commands: number }>(`SELECT count(*) AS commands FROM (${counted("command")})`),
    ...get<{ sessions: number }>(
      `SELECT count(DISTINCT session) AS sessions FROM (${counted("node, session")})`,
    ),
    exits: get(
      `SELECT count(exit_code) AS known, count(nullif(exit_code, 0)) AS failed FROM event e
       WHERE ${where}`,
    ),
    programs: top("substr(c.cmd, 1, instr(c.cmd || ' ', ' ') - 1)", commands),
    lines: lines(),
    failures: lines("e.exit_code <> 0"),
    hosts: top("coalesce(s.host, '-')", sessions, 100),
    days: daysOf(db, since ?? -MAX_TIME, until ?? MAX_TIME),
  };
}

/** Days with events, the fullest first: along the index of time, from one local midnight to the next. */
function daysOf(db: Database, since: number, until: number): Counted[] {
  const days: Counted[] = [];
  for (let from = since;;) {
    const { first } = db.get<{ first: number | null }>(
      "SELECT min(started_at) AS first FROM event WHERE started_at >= ? AND started_at <> 0",
      from,
    )!;
    if (first === null || first > until) break;
    const day = new Date(first * 1000);
    const name = localDay(day);
    from = day.setHours(24, 0, 0, 0) / 1000;
    const { events } = db.get<{ events: number }>(
      `SELECT count(*) AS events FROM event
       WHERE started_at >= ? AND started_at < ? AND started_at <= ?`,
      first,
      from,
      until,
    )!;
    days.push({ name, events });
  }
  return days.sort((a, b) => b.events - a.events || (a.name < b.name ? -1 : 1));
}

/** A local day, as `2026-01-31`. */
function localDay(time: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}
