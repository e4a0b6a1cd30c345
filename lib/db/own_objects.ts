/**
 * What the own numbered objects hold, as far as it lives: the database knows of each record by which of
 * them it was published.
 */
import { canonicalArtifact, canonicalEvent } from "../format/canonical.ts";
import type { SegmentPayload } from "../format/types.ts";
import { segmentArtifacts } from "./artifacts.ts";
import { findEvent, segmentEvents } from "./events.ts";
import type { Database } from "./open.ts";
import { segmentPins, segmentSessions } from "./sessions.ts";

/** The content of an own segment, less what was forgotten since. */
export function ownSegment(db: Database, number: number): SegmentPayload {
  const sessions = segmentSessions(db, number).map(({ record }) => record);
  const artifacts = segmentArtifacts(db, number);
  const pins = segmentPins(db, number).map(({ record }) => record);
  return {
    events: segmentEvents(db, number).map(({ record }) => record),
    ...(sessions.length > 0 && { sessions }),
    ...(artifacts.length > 0 && { artifacts }),
    ...(pins.length > 0 && { pins }),
  };
}

/** How many living events each own segment publishes. */
export function countOwnEvents(db: Database): Map<number, number> {
  const rows = db.all<{ segment: number; n: number }>(
    "SELECT segment, count(*) AS n FROM event WHERE segment > 0 GROUP BY segment",
  );
  return new Map(rows.map(({ segment, n }) => [segment, n]));
}

/** What an own segment should hold and one that was found under its name does not: row numbers. */
export interface Unpublished {
  events: number[];
  sessions: number[];
  pins: number[];
  artifacts: string[];
  /** It holds events that are not here as published with it: forgotten ones, or another writer's. */
  holdsMore: boolean;
}

/**
 * Compares an own segment with what was found under its name.
 *
 * @param living how many living events it publishes: {@link countOwnEvents}
 */
export function unpublishedBy(
  db: Database,
  number: number,
  found: SegmentPayload,
  living: number,
): Unpublished {
  const same = new Set<number>();
  for (const event of found.events) {
    const stored = findEvent(db, event);
    if (stored?.segment !== number) continue;
    if (canonicalEvent(stored.record) === canonicalEvent(event)) same.add(stored.id);
  }
  const sessions = new Set(found.sessions?.map((session) => session.session_id));
  const pins = new Set(found.pins?.map((pin) => pin.session_id));
  const artifacts = new Set(found.artifacts?.map(canonicalArtifact));
  return {
    events: same.size === living ? [] : missingEvents(db, number, found),
    sessions: segmentSessions(db, number)
      .filter(({ record }) => !sessions.has(record.session_id)).map(({ id }) => id),
    pins: segmentPins(db, number)
      .filter(({ record }) => !pins.has(record.session_id)).map(({ id }) => id),
    artifacts: segmentArtifacts(db, number)
      .filter((record) => !artifacts.has(canonicalArtifact(record)))
      .map((record) => record.artifact_id),
    holdsMore: same.size < found.events.length,
  };
}

function missingEvents(db: Database, number: number, found: SegmentPayload): number[] {
  const there = new Set(found.events.map(canonicalEvent));
  return segmentEvents(db, number)
    .filter(({ record }) => !there.has(canonicalEvent(record))).map(({ id }) => id);
}

/** How many records these are. */
export function countUnpublished(records: Unpublished): number {
  const { events, sessions, pins, artifacts } = records;
  return events.length + sessions.length + pins.length + artifacts.length;
}

/** Lets records wait to be published once more. */
export function publishAgain(db: Database, records: Omit<Unpublished, "holdsMore">): void {
  const each = (sql: string, ids: readonly (number | string)[]) => {
    for (const id of ids) db.run(sql, id);
  };
  each("UPDATE event SET segment = 0 WHERE id = ? AND segment > 0", records.events);
  each("UPDATE session SET segment = 0 WHERE id = ? AND segment > 0", records.sessions);
  each("UPDATE session SET pin_segment = 0 WHERE id = ? AND pin_segment > 0", records.pins);
  each("UPDATE artifact SET segment = 0 WHERE artifact_id = ? AND segment > 0", records.artifacts);
}

/** Lets an own deletion wait to be published once more, under another number. */
export function publishTombstoneAgain(db: Database, number: number): void {
  db.run("UPDATE own_tombstone SET number = 0 WHERE number = ?", number);
}
