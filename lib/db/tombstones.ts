/**
 * Deletions. Whatever is recorded here kills at once and for ever: the schema's triggers remove what
 * is there and keep out what comes later (format, section 9).
 */
import type {
  EventKey,
  EventsTombstone,
  ForgottenImport,
  TombstonePayload,
  WindowTombstone,
} from "../format/types.ts";
import { Interner, textHash } from "./interner.ts";
import type { Database } from "./open.ts";

/** A deletion of this device, to be published. */
export interface OwnTombstone {
  /** Row number. */
  id: number;
  /** Its number once it has one; 0 before. */
  number: number;
  /** What is sealed. */
  payload: TombstonePayload;
}

/** Whether a tombstone is one of a window (the other kind names events). */
export function isWindow(payload: TombstonePayload): payload is WindowTombstone {
  return "start_ts" in payload;
}

/**
 * Records a deletion and applies it. Run it in a transaction. Digests of the lines that an `imports`
 * list may cover have to be in place: see {@link textsWithoutDigest}.
 */
export function applyTombstone(db: Database, ids: Interner, payload: TombstonePayload): void {
  if (isWindow(payload)) addWindow(db, ids, payload);
  else addKeys(db, ids, payload);
}

/** Records a deletion that this device makes, applies it, and leaves it to be published. */
export function addOwnTombstone(db: Database, payload: TombstonePayload): void {
  db.run("INSERT INTO own_tombstone (body) VALUES (?)", JSON.stringify(payload));
  applyTombstone(db, new Interner(db), payload);
}

/** Most keys in one tombstone (format, section 7). */
const TOMBSTONE_KEYS = 20_000;

/** Most bytes of JSON in one tombstone, well below what readers take; ids of others may be long. */
const TOMBSTONE_BYTES = 4 * 1024 * 1024;

/** Most that a key, and the line that it may stand for, take as JSON: 6 bytes a UTF-16 unit, and more. */
export function keyBytes(key: EventKey): number {
  return key.session_id.length * 6 + 300;
}

/** Cuts what is forgotten to the size of a tombstone. */
export function* tombstoneParts<T>(
  items: Iterable<T>,
  bytesOf: (item: T) => number,
): Generator<T[]> {
  let part: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    if (part.length === TOMBSTONE_KEYS || (part.length > 0 && bytes + size > TOMBSTONE_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

/** Own deletions that wait to be published. */
export function pendingTombstones(db: Database): OwnTombstone[] {
  return ownTombstones(db, 0);
}

/** Own deletions with this number (one, or those that wait for 0). */
export function ownTombstones(db: Database, number: number): OwnTombstone[] {
  return db.all<{ id: number; number: number; body: string }>(
    "SELECT id, number, body FROM own_tombstone WHERE number = ? ORDER BY id",
    number,
  ).map((row) => ({ id: row.id, number: row.number, payload: JSON.parse(row.body) }));
}

/** Gives an own deletion its number; false where it has one. */
export function numberTombstone(db: Database, id: number, number: number): boolean {
  return db.run("UPDATE own_tombstone SET number = ? WHERE id = ? AND number = 0", number, id) ===
    1;
}

/** How many own deletions wait to be published. */
export function countPendingTombstones(db: Database): number {
  return db.get<{ n: number }>("SELECT count(*) AS n FROM own_tombstone WHERE number = 0")!.n;
}

/** Of these nodes, those with forgotten lines: their events need digests to get in. */
export function nodesWithForgottenLines(db: Database): Set<string> {
  return new Set(
    db.all<{ node_id: string }>(
      "SELECT DISTINCT n.node_id FROM dead_import d JOIN node n ON n.id = d.node",
    ).map((row) => row.node_id),
  );
}

/** The texts of a node's events and losers that have no digest yet. */
export function textsWithoutDigest(db: Database, nodeId: string): string[] {
  return db.all<{ cmd: string }>(
    `SELECT DISTINCT c.cmd FROM event e JOIN command c ON c.id = e.command
       JOIN node n ON n.id = e.node WHERE n.node_id = ? AND c.digest IS NULL
     UNION SELECT l.cmd FROM loser l JOIN node n ON n.id = l.node
       WHERE n.node_id = ? AND l.digest IS NULL`,
    nodeId,
    nodeId,
  ).map((row) => row.cmd);
}

/** Puts the digest of a text in place, wherever the text stands. */
export function setDigest(db: Database, cmd: string, digest: string): void {
  db.run(
    "UPDATE command SET digest = ? WHERE hash = ? AND cmd = ? AND digest IS NULL",
    digest,
    textHash(cmd),
    cmd,
  );
  db.run("UPDATE loser SET digest = ? WHERE cmd = ? AND digest IS NULL", digest, cmd);
}

function addWindow(db: Database, ids: Interner, window: WindowTombstone): void {
  if (window.start_ts > window.end_ts) return;
  const node = window.node_id === undefined ? 0 : ids.node(window.node_id);
  const overlap = db.get<{ start_ts: number | null; end_ts: number | null }>(
    `SELECT min(start_ts) AS start_ts, max(end_ts) AS end_ts FROM dead_window
     WHERE node = ? AND start_ts <= ? AND end_ts >= ?`,
    node,
    window.end_ts,
    window.start_ts,
  )!;
  const start = Math.min(window.start_ts, overlap.start_ts ?? Infinity);
  const end = Math.max(window.end_ts, overlap.end_ts ?? -Infinity);
  db.run(
    "DELETE FROM dead_window WHERE node = ? AND start_ts <= ? AND end_ts >= ?",
    node,
    end,
    start,
  );
  db.run("INSERT INTO dead_window (node, start_ts, end_ts) VALUES (?, ?, ?)", node, start, end);
}

function addKeys(db: Database, ids: Interner, payload: EventsTombstone): void {
  for (const key of payload.events) killKey(db, ids, key);
  for (const line of payload.imports ?? []) forgetLine(db, ids, line);
}

function killKey(db: Database, ids: Interner, key: EventKey): void {
  db.run(
    "INSERT INTO dead_key (node, session, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    ids.node(key.node_id),
    ids.session(key.session_id),
    key.seq,
  );
}

function forgetLine(db: Database, ids: Interner, line: ForgottenImport): void {
  db.run(
    `INSERT INTO dead_import (node, digest, started_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
    ids.node(line.node_id),
    line.digest,
    line.started_at,
  );
}
