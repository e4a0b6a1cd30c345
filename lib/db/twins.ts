/** One command that two sources tell of: a shell's file and another tool, or two tools. */
import type { EventRecord } from "../format/types.ts";
import { type Interner, textHash } from "./interner.ts";
import type { Database } from "./open.ts";

/** How far apart two clocks may see one command start, in seconds. */
const SAME_START_S = 2;

/**
 * Takes an event out again that was just put in, where another session of `host` holds the same
 * command within 2 s of the same start and knows at least as much of it: its exit code, where the
 * event has one. (Looked for afterwards, since most events of an import are here already.)
 *
 * @param except sessions of the event's own source: what they repeat was run twice
 * @returns whether it was taken out
 */
export function removeTwin(
  db: Database,
  ids: Interner,
  event: EventRecord,
  host: string,
  except: ReadonlySet<string>,
): boolean {
  if (event.started_at === 0) return false;
  const told = db.all<{ session_id: string }>(
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
  ).some(({ session_id }) => !except.has(session_id));
  if (!told) return false;
  db.run(
    "DELETE FROM event WHERE node = ? AND session = ? AND seq = ?",
    ids.node(event.node_id),
    ids.session(event.session_id),
    event.seq,
  );
  return true;
}
