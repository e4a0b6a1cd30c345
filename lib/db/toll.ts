/** What a deletion would remove, told before it is applied. */
import type { TombstonePayload } from "../format/types.ts";
import type { Database, SqlValue } from "./open.ts";
import { isWindow } from "./tombstones.ts";

// What the triggers of the schema ask: an event goes with its own record, and with one that lost to it.
const BY_KEY = "SELECT id FROM event WHERE node = ?1 AND session = ?2 AND seq = ?3";
const LOSERS = `SELECT e.id FROM loser r JOIN event e
  ON e.node = r.node AND e.session = r.session AND e.seq = r.seq`;
const IN_WINDOW = `r.started_at BETWEEN ?2 AND ?3 AND r.started_at <> 0
  AND (?1 = 0 OR r.node = ?1)`;
const IS_LINE = "r.node = ?1 AND (r.started_at = 0 OR abs(r.started_at - ?3) <= 2)";
const BY_WINDOW = `SELECT id FROM event r WHERE ${IN_WINDOW} UNION ${LOSERS} WHERE ${IN_WINDOW}`;
const BY_LINE = `SELECT r.id FROM command c JOIN event r ON r.command = c.id
  WHERE c.digest = ?2 AND ${IS_LINE} UNION ${LOSERS} WHERE r.digest = ?2 AND ${IS_LINE}`;

/**
 * The rows of the events that a tombstone would remove; one may come twice. Digests of the lines that
 * an `imports` list may cover have to be in place: see {@link textsWithoutDigest}.
 */
export function* eventsUnder(db: Database, payload: TombstonePayload): Generator<number> {
  if (isWindow(payload)) {
    const node = payload.node_id === undefined ? 0 : numberOf(db, "node", payload.node_id);
    yield* ids(db, BY_WINDOW, node, payload.start_ts, payload.end_ts);
    return;
  }
  for (const { node_id, session_id, seq } of payload.events) {
    yield* ids(db, BY_KEY, numberOf(db, "node", node_id), numberOf(db, "session", session_id), seq);
  }
  for (const { node_id, digest, started_at } of payload.imports ?? []) {
    yield* ids(db, BY_LINE, numberOf(db, "node", node_id), digest, started_at);
  }
}

/** The largest row number of an event. */
export function lastEventId(db: Database): number {
  return db.get<{ id: number | null }>("SELECT max(id) AS id FROM event")!.id ?? 0;
}

/** The number of a node or session; undefined, which nothing equals, where it was never seen. */
function numberOf(db: Database, table: "node" | "session", name: string): number | undefined {
  return db.get<{ id: number }>(`SELECT id FROM ${table} WHERE ${table}_id = ?`, name)?.id;
}

function ids(db: Database, sql: string, ...values: SqlValue[]): number[] {
  return db.all<{ id: number }>(sql, ...values).map(({ id }) => id);
}
