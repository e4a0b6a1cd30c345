/** Sessions and pins: merged field by field, so that any order gives the same (format, section 9). */
import { compareBytes, utf8 } from "../format/bytes.ts";
import type { PinRecord, SessionRecord } from "../format/types.ts";
import type { Interner } from "./interner.ts";
import type { Database } from "./open.ts";

interface SessionRow {
  id: number;
  session_id: string;
  known: number;
  started_at: number;
  ended_at: number | null;
  host: string | null;
  user: string | null;
  shell: string | null;
  tty: string | null;
  initial_cwd: string | null;
  segment: number | null;
}

const TEXT_FIELDS = ["host", "user", "shell", "tty", "initial_cwd"] as const;

/** Earliest known start, latest end, else a value over none, else the smaller. */
export function mergeSessions(a: SessionRecord, b: SessionRecord): SessionRecord {
  const merged: SessionRecord = { ...a, started_at: earliest(a.started_at, b.started_at) };
  const end = Math.max(a.ended_at ?? -Infinity, b.ended_at ?? -Infinity);
  if (end !== -Infinity) merged.ended_at = end;
  for (const field of TEXT_FIELDS) {
    const value = smaller(a[field], b[field]);
    if (value !== undefined) merged[field] = value;
  }
  return merged;
}

/**
 * Merges a session in.
 *
 * @param own true where this device says it, so that it waits to be published if it says more than
 * was known; false where another node published it
 */
export function mergeSession(
  db: Database,
  ids: Interner,
  record: SessionRecord,
  own: boolean,
): void {
  const id = ids.session(record.session_id);
  const row = db.get<SessionRow>("SELECT * FROM session WHERE id = ?", id)!;
  const before = row.known ? toRecord(row) : undefined;
  const after = before ? mergeSessions(before, record) : record;
  const segment = own
    ? before && same(before, after) ? row.segment : 0
    // Seen published just as it stands here: it no longer waits.
    : row.segment === 0 && same(after, record)
    ? null
    : row.segment;
  db.run(
    `UPDATE session SET known = 1, started_at = ?, ended_at = ?, host = ?, user = ?, shell = ?,
       tty = ?, initial_cwd = ?, segment = ? WHERE id = ?`,
    after.started_at,
    after.ended_at,
    after.host,
    after.user,
    after.shell,
    after.tty,
    after.initial_cwd,
    segment,
    id,
  );
}

/** Pins a session; a pin is never taken back (format, section 6). */
export function mergePin(db: Database, ids: Interner, pin: PinRecord, own: boolean): void {
  if (!pin.pinned) return;
  const id = ids.session(pin.session_id);
  if (own) {
    db.run("UPDATE session SET pinned = 1, pin_segment = 0 WHERE id = ? AND pinned = 0", id);
  } else {
    db.run(
      "UPDATE session SET pinned = 1, pin_segment = nullif(pin_segment, 0) WHERE id = ?",
      id,
    );
  }
}

/** Up to `limit` sessions that wait to be published, with their row numbers. */
export function pendingSessions(
  db: Database,
  limit: number,
): { id: number; record: SessionRecord }[] {
  return db.all<SessionRow>("SELECT * FROM session WHERE segment = 0 ORDER BY id LIMIT ?", limit)
    .map((row) => ({ id: row.id, record: toRecord(row) }));
}

/** Up to `limit` pins that wait to be published, with their row numbers. */
export function pendingPins(db: Database, limit: number): { id: number; record: PinRecord }[] {
  return db.all<{ id: number; session_id: string }>(
    "SELECT id, session_id FROM session WHERE pin_segment = 0 ORDER BY id LIMIT ?",
    limit,
  ).map((row) => ({ id: row.id, record: { session_id: row.session_id, pinned: true } }));
}

/** The sessions that an own segment publishes, as they stand now. */
export function segmentSessions(
  db: Database,
  segment: number,
): { id: number; record: SessionRecord }[] {
  return db.all<SessionRow>("SELECT * FROM session WHERE segment = ? ORDER BY id", segment)
    .map((row) => ({ id: row.id, record: toRecord(row) }));
}

/** The pins that an own segment publishes. */
export function segmentPins(db: Database, segment: number): { id: number; record: PinRecord }[] {
  return db.all<{ id: number; session_id: string }>(
    "SELECT id, session_id FROM session WHERE pin_segment = ? ORDER BY id",
    segment,
  ).map((row) => ({ id: row.id, record: { session_id: row.session_id, pinned: true } }));
}

/** Says that an own segment publishes these sessions and pins; false where one no longer waits. */
export function markSessions(
  db: Database,
  sessions: readonly number[],
  pins: readonly number[],
  segment: number,
): boolean {
  const session = "UPDATE session SET segment = ? WHERE id = ? AND segment = 0";
  const pin = "UPDATE session SET pin_segment = ? WHERE id = ? AND pin_segment = 0";
  return sessions.every((id) => db.run(session, segment, id) === 1) &&
    pins.every((id) => db.run(pin, segment, id) === 1);
}

/** The session with this id, if anything is known of it. */
export function findSession(db: Database, sessionId: string): SessionRecord | undefined {
  const row = db.get<SessionRow>(
    "SELECT * FROM session WHERE session_id = ? AND known = 1",
    sessionId,
  );
  return row && toRecord(row);
}

function toRecord(row: SessionRow): SessionRecord {
  const record: SessionRecord = {
    session_id: row.session_id,
    started_at: row.started_at,
    host: row.host ?? "",
  };
  if (row.ended_at !== null) record.ended_at = row.ended_at;
  for (const field of TEXT_FIELDS) {
    const value = row[field];
    if (value !== null) record[field] = value;
  }
  return record;
}

function same(a: SessionRecord, b: SessionRecord): boolean {
  return a.started_at === b.started_at && a.ended_at === b.ended_at &&
    TEXT_FIELDS.every((field) => a[field] === b[field]);
}

function earliest(a: number, b: number): number {
  if (a === 0 || b === 0) return a + b;
  return Math.min(a, b);
}

function smaller(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareBytes(utf8(a), utf8(b)) <= 0 ? a : b;
}
