/**
 * Cutting what waits to be published into segments: at most 5,000 events and 8 MiB of JSON each
 * (format, section 7).
 */
import {
  type Database,
  pendingArtifacts,
  pendingEvents,
  pendingPins,
  pendingSessions,
} from "../db/mod.ts";
import { encodeSegment } from "../format/mod.ts";
import type { SegmentPayload } from "../format/types.ts";

/** Most events in one segment. */
export const SEGMENT_EVENTS = 5_000;

/** Most bytes of JSON in one segment. */
export const SEGMENT_BYTES = 8 * 1024 * 1024;

/** One segment's content, not yet numbered. */
export interface Cut {
  /** The payload's bytes. */
  json: Uint8Array<ArrayBuffer>;
  /** Row numbers of what is in it. */
  events: number[];
  sessions: number[];
  pins: number[];
  artifacts: string[];
}

/**
 * The next segments that wait, at most `limit`; the first also takes sessions, pins and artifacts.
 *
 * @param blobs contents that the store has: other artifacts wait on (format, section 2)
 */
export function* cutPending(
  db: Database,
  limit: number,
  blobs: ReadonlySet<string>,
): Generator<Cut> {
  let after = 0;
  for (let n = 0; n < limit;) {
    const events = pendingEvents(db, after, SEGMENT_EVENTS);
    const rest = n === 0 ? restOf(db, blobs) : NO_REST;
    if (events.length === 0 && isEmpty(rest)) return;
    after = events.at(-1)?.id ?? after;
    const payload: SegmentPayload = {
      events: events.map((event) => event.record),
      ...rest.payload,
    };
    const ids = events.map((event) => event.id);
    for (const cut of fit({ payload, ids, rest })) {
      n++;
      yield cut;
    }
    if (events.length < SEGMENT_EVENTS) return;
  }
}

interface Rest {
  payload: Pick<SegmentPayload, "sessions" | "pins" | "artifacts">;
  sessions: number[];
  pins: number[];
  artifacts: string[];
}

const NO_REST: Rest = { payload: {}, sessions: [], pins: [], artifacts: [] };

function restOf(db: Database, blobs: ReadonlySet<string>): Rest {
  const sessions = pendingSessions(db, SEGMENT_EVENTS);
  const pins = pendingPins(db, SEGMENT_EVENTS);
  const artifacts = pendingArtifacts(db, blobs, SEGMENT_EVENTS);
  return {
    payload: {
      ...(sessions.length > 0 && { sessions: sessions.map((session) => session.record) }),
      ...(artifacts.length > 0 && { artifacts }),
      ...(pins.length > 0 && { pins: pins.map((pin) => pin.record) }),
    },
    sessions: sessions.map((session) => session.id),
    pins: pins.map((pin) => pin.id),
    artifacts: artifacts.map((artifact) => artifact.artifact_id),
  };
}

function isEmpty(rest: Rest): boolean {
  return rest.sessions.length + rest.pins.length + rest.artifacts.length === 0;
}

/** Halves what is too large until it fits; one event always does. */
function* fit(
  part: { payload: SegmentPayload; ids: number[]; rest: Rest },
): Generator<Cut> {
  const { payload, ids, rest } = part;
  const json = encodeSegment(payload);
  if (json.length <= SEGMENT_BYTES || ids.length <= 1) {
    const { sessions, pins, artifacts } = rest;
    yield { json, events: ids, sessions, pins, artifacts };
    return;
  }
  const half = ids.length >> 1;
  yield* fit({
    payload: { ...payload, events: payload.events.slice(0, half) },
    ids: ids.slice(0, half),
    rest,
  });
  yield* fit({
    payload: { events: payload.events.slice(half) },
    ids: ids.slice(half),
    rest: NO_REST,
  });
}
