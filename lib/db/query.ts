/** Reading the history: in time order for export, and the events that a deletion names. */
import type { EventKey, EventRecord } from "../format/types.ts";
import type { Database } from "./open.ts";

/** One exported event: the record's plain fields, and what its session says. */
export interface ExportRow {
  /** The node: a lower-case UUID. */
  node_id: string;
  /** The shell session. */
  session_id: string;
  /** Number within the session. */
  seq: number;
  /** Start in Unix seconds. */
  started_at: number;
  /** End in Unix seconds. */
  ended_at: number | null;
  /** How long it took, in milliseconds. */
  duration_ms: number | null;
  /** Exit code. */
  exit_code: number | null;
  /** Working directory. */
  cwd: string | null;
  /** The command. */
  cmd: string;
  /** Host name. */
  host: string | null;
  /** User name. */
  user: string | null;
  /** Name of the shell. */
  shell: string | null;
  /** Whether it is pinned. */
  pinned: boolean;
}

/** Which events a question is about; all conditions have to hold. */
export interface EventFilter {
  /** Substring of the command, taken literally, upper and lower case as they stand. */
  match?: string;
  /** Started at or after, in Unix seconds; leaves out events with no time. */
  since?: number;
  /** Started at or before, in Unix seconds; leaves out events with no time. */
  until?: number;
  /** Row numbers. */
  ids?: readonly number[];
  /** Only what these nodes recorded. */
  nodes?: readonly string[];
}

/**
 * When an event ended: as it was recorded, or what start and duration say. Imported lines have only
 * those; a third time in each of them would cost a seventh of what is stored and sent.
 */
export const ENDED_AT = `coalesce(e.ended_at,
  CASE WHEN e.started_at <> 0 THEN e.started_at + e.duration_ms / 1000 END) AS ended_at`;

/**
 * All events in time order; those without a time first, in the order of their file.
 *
 * @param after only events that came in after the row with this number: {@link lastEventId}
 */
export function* exportEvents(db: Database, after = 0): Generator<ExportRow> {
  // The plus keeps SQLite from going by row instead of by time.
  const rows = db.rows<Omit<ExportRow, "pinned"> & { pinned: number }>(
    `
    SELECT n.node_id, s.session_id, e.seq, e.started_at, ${ENDED_AT}, e.duration_ms, e.exit_code,
           d.path AS cwd, c.cmd, s.host, s.user, s.shell, s.pinned
    FROM event e JOIN node n ON n.id = e.node JOIN session s ON s.id = e.session
      JOIN command c ON c.id = e.command LEFT JOIN directory d ON d.id = e.cwd
    WHERE +e.id > ?
    ORDER BY e.started_at, e.ord, n.node_id, s.session_id, e.seq`,
    after,
  );
  for (const row of rows) yield { ...row, pinned: row.pinned === 1 };
}

/** What a deletion has to know of an event. */
export interface MatchedEvent extends EventKey {
  /** Row number, on this device only. */
  id: number;
  /** Start in Unix seconds; 0 = not known. */
  started_at: number;
  /** The command. */
  cmd: string;
  /** Host of its session, where one is known. */
  host: string | null;
}

/** The events that a filter names, in time order. */
export function matchEvents(db: Database, filter: EventFilter): MatchedEvent[] {
  const { where, values } = condition(filter);
  return db.all<MatchedEvent>(
    `SELECT e.id, n.node_id, s.session_id, e.seq, e.started_at, c.cmd, s.host
     FROM event e JOIN node n ON n.id = e.node JOIN session s ON s.id = e.session
       JOIN command c ON c.id = e.command
     WHERE ${where} ORDER BY e.started_at, e.ord, e.id`,
    ...values,
  );
}

function condition(filter: EventFilter): { where: string; values: (string | number)[] } {
  const parts: string[] = ["1"];
  const values: (string | number)[] = [];
  const add = (part: string, ...more: (string | number)[]) => {
    parts.push(part);
    values.push(...more);
  };
  if (filter.match !== undefined) add("instr(c.cmd, ?) > 0", filter.match);
  if (filter.since !== undefined) add("e.started_at >= ? AND e.started_at <> 0", filter.since);
  if (filter.until !== undefined) add("e.started_at <= ? AND e.started_at <> 0", filter.until);
  if (filter.ids) add("e.id IN (SELECT value FROM json_each(?))", JSON.stringify(filter.ids));
  if (filter.nodes) {
    add("n.node_id IN (SELECT value FROM json_each(?))", JSON.stringify(filter.nodes));
  }
  return { where: parts.join(" AND "), values };
}

/** The number of an event on this device; undefined where there is no such event. */
export function eventIdOf(db: Database, event: number | EventKey): number | undefined {
  const row = typeof event === "number"
    ? db.get<{ id: number }>("SELECT id FROM event WHERE id = ?", event)
    : db.get<{ id: number }>(
      `SELECT e.id FROM event e
       JOIN node n ON n.id = e.node AND n.node_id = ?
       JOIN session s ON s.id = e.session AND s.session_id = ? WHERE e.seq = ?`,
      event.node_id,
      event.session_id,
      event.seq,
    );
  return row?.id;
}

/** The key of an event. */
export function keyOfEvent(event: EventKey | EventRecord): EventKey {
  return { node_id: event.node_id, session_id: event.session_id, seq: event.seq };
}
