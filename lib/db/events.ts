/**
 * Events in and out of the database. Tombstones are enforced by the schema's triggers; what is
 * decided here is which of two records with one key stays (format, section 9).
 */
import { canonicalEvent } from "../format/canonical.ts";
import { compareBytes, utf8 } from "../format/bytes.ts";
import type { EventKey, EventRecord } from "../format/types.ts";
import type { Interner } from "./interner.ts";
import type { Database } from "./open.ts";

/** What became of a record that was put in. */
export type PutResult = "added" | "kept" | "replaced" | "blocked";

/** `event.segment` of an event that waits to be published; null is one that came from elsewhere. */
export const PENDING = 0;

/** An event as the database has it. */
export interface StoredEvent {
  /** The row's number, on this device only. */
  id: number;
  /** Which own segment publishes it: 0 waits for one, null came from elsewhere. */
  segment: number | null;
  /** The record. */
  record: EventRecord;
}

interface EventRow {
  id: number;
  segment: number | null;
  node_id: string;
  session_id: string;
  seq: number;
  started_at: number;
  ended_at: number | null;
  duration_ms: number | null;
  exit_code: number | null;
  cwd: string | null;
  cmd: string;
  ord: number | null;
  truncated: number | null;
  cmd_base64: string | null;
}

const SELECT = `
  SELECT e.id, e.segment, n.node_id, s.session_id, e.seq, e.started_at, e.ended_at, e.duration_ms,
         e.exit_code, d.path AS cwd, c.cmd, e.ord, e.truncated, e.cmd_base64
  FROM event e JOIN node n ON n.id = e.node JOIN session s ON s.id = e.session
    JOIN command c ON c.id = e.command LEFT JOIN directory d ON d.id = e.cwd`;

const INSERT = `
  INSERT INTO event (node, session, seq, started_at, ended_at, duration_ms, exit_code, cwd, command,
                     ord, truncated, cmd_base64, segment)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

/**
 * Puts one event in, as another node published it: new ones are added, of two with one key the
 * canonically smaller stays, dead ones stay out. An own event that waits is no longer waiting once it
 * was seen published (format, section 10).
 */
export function mergeEvent(
  db: Database,
  ids: Interner,
  event: EventRecord,
  digest?: string,
): PutResult {
  const result = insertEvent(db, ids, event, null, digest);
  return result === "kept" ? settleCollision(db, ids, event, digest) : result;
}

/** Puts one event in that no other node has published; a row that exists is never changed. */
export function insertEvent(
  db: Database,
  ids: Interner,
  event: EventRecord,
  segment: number | null,
  digest?: string,
): PutResult {
  const node = ids.node(event.node_id);
  const session = ids.session(event.session_id);
  const added = db.run(
    INSERT,
    node,
    session,
    event.seq,
    event.started_at,
    event.ended_at,
    event.duration_ms,
    event.exit_code,
    event.cwd === undefined ? null : ids.directory(event.cwd),
    ids.command(event.cmd, digest),
    event.order,
    event.truncated === undefined ? null : Number(event.truncated),
    event.cmd_base64,
    segment,
  );
  if (added) return "added";
  const there = db.get(
    "SELECT 1 FROM event WHERE node = ? AND session = ? AND seq = ?",
    node,
    session,
    event.seq,
  );
  if (there) return "kept";
  ids.drop(event.cmd); // the trigger that blocked it removed a text that nothing else uses
  return "blocked";
}

function settleCollision(
  db: Database,
  ids: Interner,
  event: EventRecord,
  digest?: string,
): PutResult {
  const stored = findEvent(db, event)!;
  const order = compareBytes(utf8(canonicalEvent(event)), utf8(canonicalEvent(stored.record)));
  if (order === 0) {
    if (stored.segment === PENDING) setSegment(db, stored.id, null);
    return "kept";
  }
  const storedDigest = db.get<{ digest: string | null }>(
    "SELECT c.digest FROM event e JOIN command c ON c.id = e.command WHERE e.id = ?",
    stored.id,
  )?.digest ?? undefined;
  if (order > 0) {
    addLoser(db, ids, event, digest);
    dropUnusedText(db, ids, event.cmd);
    return "kept";
  }
  db.run("DELETE FROM event WHERE id = ?", stored.id);
  ids.drop(stored.record.cmd);
  ids.drop(event.cmd);
  const result = insertEvent(db, ids, event, null, digest);
  addLoser(db, ids, stored.record, storedDigest);
  return result === "added" ? "replaced" : result;
}

/** A loser's own text and time can still kill its key, so they are kept. */
function addLoser(db: Database, ids: Interner, event: EventRecord, digest?: string): void {
  db.run(
    `INSERT INTO loser (node, session, seq, started_at, digest, cmd) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    ids.node(event.node_id),
    ids.session(event.session_id),
    event.seq,
    event.started_at,
    digest,
    event.cmd,
  );
}

function dropUnusedText(db: Database, ids: Interner, cmd: string): void {
  const id = ids.command(cmd);
  db.run(
    "DELETE FROM command WHERE id = ? AND NOT EXISTS (SELECT 1 FROM event WHERE command = ?)",
    id,
    id,
  );
  ids.drop(cmd);
}

function setSegment(db: Database, id: number, segment: number | null): void {
  db.run("UPDATE event SET segment = ? WHERE id = ?", segment, id);
}

/** The event with this key, if it is here. */
export function findEvent(db: Database, key: EventKey): StoredEvent | undefined {
  const row = db.get<EventRow>(
    `${SELECT} WHERE n.node_id = ? AND s.session_id = ? AND e.seq = ?`,
    key.node_id,
    key.session_id,
    key.seq,
  );
  return row && stored(row);
}

/** Up to `limit` events after row `after` that wait to be published, oldest row first. */
export function pendingEvents(db: Database, after: number, limit: number): StoredEvent[] {
  return db.all<EventRow>(
    `${SELECT} WHERE e.segment = 0 AND e.id > ? ORDER BY e.id LIMIT ?`,
    after,
    limit,
  ).map(stored);
}

/** The events that an own segment publishes, less what was forgotten since. */
export function segmentEvents(db: Database, segment: number): StoredEvent[] {
  return db.all<EventRow>(`${SELECT} WHERE e.segment = ? ORDER BY e.id`, segment).map(stored);
}

/**
 * Says that an own segment publishes these events.
 *
 * @returns false where one of them is gone or no longer waits (it was forgotten meanwhile)
 */
export function markEvents(db: Database, rows: readonly number[], segment: number): boolean {
  const sql = "UPDATE event SET segment = ? WHERE id = ? AND segment = 0";
  return rows.every((id) => db.run(sql, segment, id) === 1);
}

/** How many events there are. */
export function countEvents(db: Database): number {
  return db.get<{ n: number }>("SELECT count(*) AS n FROM event")!.n;
}

/** How many events wait to be published. */
export function countPendingEvents(db: Database): number {
  return db.get<{ n: number }>("SELECT count(*) AS n FROM event WHERE segment = 0")!.n;
}

function stored(row: EventRow): StoredEvent {
  const record: EventRecord = {
    node_id: row.node_id,
    session_id: row.session_id,
    seq: row.seq,
    started_at: row.started_at,
    cmd: row.cmd,
  };
  if (row.ended_at !== null) record.ended_at = row.ended_at;
  if (row.duration_ms !== null) record.duration_ms = row.duration_ms;
  if (row.exit_code !== null) record.exit_code = row.exit_code;
  if (row.cwd !== null) record.cwd = row.cwd;
  if (row.ord !== null) record.order = row.ord;
  if (row.truncated !== null) record.truncated = row.truncated === 1;
  if (row.cmd_base64 !== null) record.cmd_base64 = row.cmd_base64;
  return { id: row.id, segment: row.segment, record };
}
