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

/**
 * Adds up the events that start within a time, or all of them.
 *
 * @param since Unix seconds; undated events count only without a limit
 */
export function historyStats(db: Database, since?: number, until?: number): HistoryStats {
  const parts = ["1"];
  const values: number[] = [];
  if (since !== undefined) {
    parts.push("e.started_at >= ? AND e.started_at <> 0");
    values.push(since);
  }
  if (until !== undefined) {
    parts.push("e.started_at <= ? AND e.started_at <> 0");
    values.push(until);
  }
  const where = parts.join(" AND ");
  const top = (name: string, joins: string, more = "1", limit = TOP) =>
    db.all<Counted>(
      `SELECT ${name} AS name, count(*) AS events FROM event e ${joins}
       WHERE ${where} AND ${more} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${limit}`,
      ...values,
    );
  const command = "JOIN command c ON c.id = e.command";
  const totals = db.get<Omit<HistoryStats, "programs" | "lines" | "hosts" | "days">>(
    `SELECT count(*) AS events, count(DISTINCT command) AS commands,
       count(DISTINCT session) AS sessions, min(nullif(started_at, 0)) AS first,
       max(nullif(started_at, 0)) AS last FROM event e WHERE ${where}`,
    ...values,
  )!;
  const exits = db.get<HistoryStats["exits"]>(
    `SELECT count(exit_code) AS known, count(nullif(exit_code, 0)) AS failed FROM event e
     WHERE ${where}`,
    ...values,
  )!;
  return {
    ...totals,
    exits: { ...exits },
    programs: top("substr(c.cmd, 1, instr(c.cmd || ' ', ' ') - 1)", command),
    lines: top("c.cmd", command),
    failures: top("c.cmd", command, "e.exit_code <> 0"),
    hosts: top("coalesce(s.host, '-')", "JOIN session s ON s.id = e.session", "1", 100),
    days: top("date(e.started_at, 'unixepoch', 'localtime')", "", "e.started_at <> 0", 100_000),
  };
}
