/** One command that two sources tell of: a shell's file and another tool, or two tools. */
import type { EventRecord } from "../format/types.ts";
import { textHash } from "./interner.ts";
import type { Database } from "./open.ts";

/** How far apart two clocks may see one command start, in seconds. */
const SAME_START_S = 2;

/**
 * The sessions of `host` that hold the same command within 2 s of the same start and know at least as
 * much of it: its exit code, where the event has one.
 */
export function twinSessions(db: Database, event: EventRecord, host: string): string[] {
  if (event.started_at === 0) return [];
  return db.all<{ session_id: string }>(
    `SELECT s.session_id FROM command c JOIN event e ON e.command = c.id
       JOIN session s ON s.id = e.session
     WHERE c.hash = ? AND c.cmd = ? AND e.started_at BETWEEN ? AND ? AND s.host = ?
       AND (e.exit_code IS NOT NULL OR ?)`,
    textHash(event.cmd),
    event.cmd,
    event.started_at - SAME_START_S,
    event.started_at + SAME_START_S,
    host,
    Number(event.exit_code === undefined),
  ).map((row) => row.session_id);
}
