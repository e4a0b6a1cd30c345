/** Artifact records: one per id, dead with the event that they belong to (format, section 9). */
import { canonicalArtifact } from "../format/canonical.ts";
import { compareBytes, utf8 } from "../format/bytes.ts";
import type { ArtifactRecord, EventKey } from "../format/types.ts";
import type { Interner } from "./interner.ts";
import type { Database } from "./open.ts";

interface ArtifactRow {
  artifact_id: string;
  node_id: string | null;
  session_id: string | null;
  seq: number | null;
  name: string;
  blob_hash: string;
  byte_len: number;
  media_type: string | null;
  created_at: number;
  segment: number | null;
}

const SELECT = `
  SELECT a.artifact_id, n.node_id, s.session_id, a.seq, a.name, a.blob_hash, a.byte_len,
         a.media_type, a.created_at, a.segment
  FROM artifact a LEFT JOIN node n ON n.id = a.node LEFT JOIN session s ON s.id = a.session`;

/**
 * Puts an artifact record in that this device makes; it waits to be published.
 *
 * @returns false where its event is dead
 */
export function addArtifact(db: Database, ids: Interner, record: ArtifactRecord): boolean {
  return insert(db, ids, record, 0);
}

/**
 * Puts in an artifact record that another node published: of two with one id the canonically smaller
 * stays, and none comes in whose event (or that of a record which lost) is dead.
 */
export function mergeArtifact(db: Database, ids: Interner, record: ArtifactRecord): void {
  if (insert(db, ids, record, null)) return;
  const row = db.get<ArtifactRow>(`${SELECT} WHERE a.artifact_id = ?`, record.artifact_id);
  if (!row) return; // blocked: the schema has seen to it
  const there = toRecord(row);
  const order = compareBytes(utf8(canonicalArtifact(record)), utf8(canonicalArtifact(there)));
  if (order === 0) {
    db.run(
      "UPDATE artifact SET segment = nullif(segment, 0) WHERE artifact_id = ?",
      record.artifact_id,
    );
  } else if (order > 0) {
    addLoser(db, ids, record);
  } else {
    db.run("DELETE FROM artifact WHERE artifact_id = ?", record.artifact_id);
    insert(db, ids, record, null);
    addLoser(db, ids, there);
  }
}

/**
 * Up to `limit` artifact records that wait to be published and whose content is one of these blobs:
 * none is published before its blob is in the store.
 */
export function pendingArtifacts(
  db: Database,
  blobs: ReadonlySet<string>,
  limit: number,
): ArtifactRecord[] {
  return db.all<ArtifactRow>(
    `${SELECT} WHERE a.segment = 0 AND a.blob_hash IN (SELECT value FROM json_each(?))
     ORDER BY a.artifact_id LIMIT ?`,
    JSON.stringify([...blobs]),
    limit,
  ).map(toRecord);
}

/** The artifact records that an own segment publishes, less those that are dead. */
export function segmentArtifacts(db: Database, segment: number): ArtifactRecord[] {
  return db.all<ArtifactRow>(`${SELECT} WHERE a.segment = ? ORDER BY a.artifact_id`, segment)
    .map(toRecord);
}

/** Whether an artifact was removed together with its event. */
export function isDeadArtifact(db: Database, artifactId: string): boolean {
  return db.get("SELECT 1 FROM dead_artifact WHERE artifact_id = ?", artifactId) !== undefined;
}

/** Says that an own segment publishes these artifacts; false where one no longer waits. */
export function markArtifacts(db: Database, ids: readonly string[], segment: number): boolean {
  const sql = "UPDATE artifact SET segment = ? WHERE artifact_id = ? AND segment = 0";
  return ids.every((id) => db.run(sql, segment, id) === 1);
}

/** All artifact records. */
export function allArtifacts(db: Database): ArtifactRecord[] {
  return db.all<ArtifactRow>(`${SELECT} ORDER BY a.artifact_id`).map(toRecord);
}

function insert(
  db: Database,
  ids: Interner,
  record: ArtifactRecord,
  segment: number | null,
): boolean {
  const event = record.event;
  return db.run(
    `INSERT INTO artifact (artifact_id, node, session, seq, name, blob_hash, byte_len, media_type,
       created_at, segment) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    record.artifact_id,
    event && ids.node(event.node_id),
    event && ids.session(event.session_id),
    event?.seq,
    record.name,
    record.blob_hash,
    record.byte_len,
    record.media_type,
    record.created_at,
    segment,
  ) === 1;
}

/**
 * A record that lost still ties its id to its event. Where that event is dead already the insert of
 * the loser was blocked before it came here, so only a later death has to find it.
 */
function addLoser(db: Database, ids: Interner, record: ArtifactRecord): void {
  const event = record.event;
  if (!event) return;
  db.run(
    `INSERT INTO artifact_loser (artifact_id, node, session, seq) VALUES (?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    record.artifact_id,
    ids.node(event.node_id),
    ids.session(event.session_id),
    event.seq,
  );
}

function toRecord(row: ArtifactRow): ArtifactRecord {
  const record: ArtifactRecord = {
    artifact_id: row.artifact_id,
    name: row.name,
    blob_hash: row.blob_hash,
    byte_len: row.byte_len,
    created_at: row.created_at,
  };
  if (row.node_id !== null) {
    record.event = { node_id: row.node_id, session_id: row.session_id!, seq: row.seq! };
  }
  if (row.media_type !== null) record.media_type = row.media_type;
  return record;
}

/** An artifact as a list shows it. */
export interface ListedArtifact extends Omit<ArtifactRecord, "event" | "media_type"> {
  media_type: string | null;
  /** The event that it belongs to; `id` is its number on this device, if it is here. */
  event: (EventKey & { id: number | null }) | null;
  /** The event's command, if it is here. */
  cmd: string | null;
  /** Where the event was recorded: its host, or else the device's label. */
  device: string | null;
  /** Whether a segment names it. */
  published: boolean;
}

/** All artifacts, oldest first. */
export function listArtifacts(db: Database): ListedArtifact[] {
  return db.all<
    ArtifactRow & { event: number | null; cmd: string | null; device: string | null }
  >(
    `SELECT a.artifact_id, n.node_id, s.session_id, a.seq, a.name, a.blob_hash, a.byte_len,
            a.media_type, a.created_at, a.segment, e.id AS event, c.cmd,
            coalesce(s.host, m.label, i.label) AS device
     FROM artifact a LEFT JOIN node n ON n.id = a.node LEFT JOIN session s ON s.id = a.session
       LEFT JOIN event e ON e.node = a.node AND e.session = a.session AND e.seq = a.seq
       LEFT JOIN command c ON c.id = e.command
       LEFT JOIN manifest m ON m.node = a.node LEFT JOIN identity i ON i.node = a.node
     ORDER BY a.created_at, a.artifact_id`,
  ).map(({ event, cmd, device, ...row }) => ({
    artifact_id: row.artifact_id,
    name: row.name,
    blob_hash: row.blob_hash,
    byte_len: row.byte_len,
    media_type: row.media_type,
    created_at: row.created_at,
    event: row.node_id === null
      ? null
      : { id: event, node_id: row.node_id, session_id: row.session_id!, seq: row.seq! },
    cmd,
    device,
    published: row.segment !== 0,
  }));
}

/** The newest event that this device has recorded or imported, by its key. */
export function newestOwnEvent(db: Database): EventKey | undefined {
  return db.get<EventKey>(
    `SELECT n.node_id, s.session_id, e.seq FROM event e INDEXED BY event_time
       CROSS JOIN node n ON n.id = e.node CROSS JOIN session s ON s.id = e.session
     WHERE n.own = 1 ORDER BY e.started_at DESC, e.id DESC LIMIT 1`,
  );
}
