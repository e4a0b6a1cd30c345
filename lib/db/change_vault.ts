/**
 * Going over to a vault that goes on from this one, under a new key: all that is here waits to be
 * published there, deletions too. What the other vault has already stops waiting as it is pulled.
 */
import type { EventKey, ForgottenImport, TombstonePayload } from "../format/types.ts";
import type { Database } from "./open.ts";
import { newIdentity, type VaultRow, writeVault } from "./sync_state.ts";
import { keyBytes, tombstoneParts } from "./tombstones.ts";

/** What the old vault was known by, which means nothing in the new one. */
const OLD_STATE = [
  ...["outbox", "blob_outbox", "confirmed_manifest", "manifest", "known_range", "imported_range"],
  ...["own_tombstone", "run"],
];

/**
 * Goes over, in one transaction. Events keep their keys, so one that several devices bring along is one
 * event still; numbers and manifests begin anew, under a node of its own.
 *
 * The digests of forgotten lines stay as they are: the new vault brings K_forget along (format, section 4).
 *
 * @param nodeId who this device is in the new vault
 */
export function changeVault(db: Database, vault: VaultRow, nodeId: string, label: string): void {
  db.transaction(() => {
    writeVault(db, vault);
    newIdentity(db, nodeId, label);
    for (const table of OLD_STATE) db.run(`DELETE FROM ${table}`);
    db.run("UPDATE event SET segment = 0");
    db.run("UPDATE artifact SET segment = 0");
    // Of a session without events nothing is to be told.
    db.run("UPDATE session SET segment = NULL, pin_segment = NULL");
    db.run("UPDATE session SET segment = 0 WHERE known = 1 AND id IN (SELECT session FROM event)");
    db.run("UPDATE session SET pin_segment = 0 WHERE pinned = 1");
    const add = "INSERT INTO own_tombstone (body) VALUES (?)";
    for (const payload of deletions(db)) db.run(add, JSON.stringify(payload));
  });
}

/** All deletions that are known here, whoever made them. */
function* deletions(db: Database): Generator<TombstonePayload> {
  yield* db.all<{ node_id: string | null; start_ts: number; end_ts: number }>(
    `SELECT n.node_id, w.start_ts, w.end_ts FROM dead_window w LEFT JOIN node n ON n.id = w.node
     ORDER BY w.node, w.start_ts`,
  ).map(({ node_id, ...window }) => ({ ...window, ...(node_id !== null && { node_id }) }));
  const keys = db.all<EventKey>(
    `SELECT n.node_id, s.session_id, d.seq FROM dead_key d JOIN node n ON n.id = d.node
       JOIN session s ON s.id = d.session ORDER BY d.node, d.session, d.seq`,
  );
  for (const events of tombstoneParts(keys, keyBytes)) yield { events };
  const lines = db.all<ForgottenImport>(
    `SELECT n.node_id, d.digest, d.started_at FROM dead_import d JOIN node n ON n.id = d.node
     ORDER BY d.node, d.digest, d.started_at`,
  );
  for (const imports of tombstoneParts(lines, () => LINE_BYTES)) yield { events: [], imports };
}

/** Most that a forgotten line takes as JSON. */
const LINE_BYTES = 200;
