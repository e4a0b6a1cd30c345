/**
 * The records of another tool -> the events and sessions that a vault holds.
 *
 * @module
 */
import type { EventRecord, SessionRecord } from "../../format/types.ts";
import { checkLabel } from "../keys.ts";
import { commandText, isBlank } from "../text.ts";
import { PeerKeys } from "./keys.ts";
import type { Peer, PeerBatch, PeerRecord, Row } from "./types.ts";
import { known } from "./values.ts";

/**
 * What has not ended this long after it began, in seconds, is taken as it stands: its shell was
 * killed. Before, it is left for a later import, because an event is published once.
 */
const STILL_RUNNING_S = 24 * 3600;

/** What {@link peerEvents} takes beside the rows. */
export interface PeerOptions {
  /** The host of records that name none. */
  label: string;
  /** Unix seconds. */
  now: number;
}

/**
 * Makes the rows of one database into events, batch by batch.
 *
 * @param rows all rows of ONE database, from its start: equal ones are counted within it
 * @throws {HxError} `usage` where the label can't be used
 */
export async function* peerEvents(
  peer: Peer,
  rows: Iterable<readonly Row[]>,
  { label, now }: PeerOptions,
): AsyncGenerator<PeerBatch, void, undefined> {
  checkLabel(label);
  const keys = new PeerKeys(peer.name);
  const counts = { read: 0, unreadable: 0, unfinished: 0 };
  let undated = 0;
  for (const some of rows) {
    const events: EventRecord[] = [];
    const sessions = new Map<string, SessionRecord>();
    const pinned = new Set<string>();
    for (const row of some) {
      counts.read++;
      const record = peer.read(row);
      if (record === undefined || isBlank(record.cmd)) {
        counts.unreadable++;
        continue;
      }
      // Times ahead of the clock are a clock's fault, not a command's that still runs.
      if (record.unfinished && Math.abs(now - record.started_at) < STILL_RUNNING_S) {
        counts.unfinished++;
        continue;
      }
      const host = record.host ?? label;
      const ids = await keys.session(host, record.session);
      const event = eventOf(record, (cmd) => keys.seq(ids, record.started_at, cmd), ids);
      if (record.started_at === 0) event.order = ++undated;
      events.push(event);
      addSession(sessions, sessionOf(record, ids.session_id, host));
      if (record.pinned) pinned.add(ids.session_id);
    }
    yield { events, sessions: [...sessions.values()], pinned: [...pinned], ...counts };
  }
}

function eventOf(
  record: PeerRecord,
  seq: (cmd: string) => number,
  ids: { node_id: string; session_id: string },
): EventRecord {
  const { started_at, duration_ms, exit_code, cwd } = record;
  const text = commandText(record.cmd);
  return known<EventRecord>({
    ...ids,
    seq: seq(text.cmd),
    started_at,
    duration_ms,
    exit_code,
    cwd,
    ...text,
  });
}

function sessionOf(record: PeerRecord, session_id: string, host: string): SessionRecord {
  return { started_at: record.started_at, ...record.about, session_id, host };
}

/** Keeps what the rows say of a session once, with the earliest start. */
function addSession(sessions: Map<string, SessionRecord>, session: SessionRecord): void {
  const { session_id, user, shell } = session;
  const name = JSON.stringify([session_id, user, shell]);
  const there = sessions.get(name);
  if (there === undefined) sessions.set(name, session);
  else if (session.started_at > 0) {
    there.started_at = Math.min(there.started_at || session.started_at, session.started_at);
  }
}
