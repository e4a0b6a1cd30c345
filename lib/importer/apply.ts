/** Applies opened objects to the database, each idempotent and each on its own. */
import type { VaultKeys } from "../crypto/mod.ts";
import {
  addRange,
  applyTombstone,
  type Database,
  Interner,
  isDatabaseTrouble,
  isWindow,
  mergeArtifact,
  mergeEvent,
  mergePin,
  mergeSession,
} from "../db/mod.ts";
import type { SegmentPayload, TombstonePayload } from "../format/types.ts";
import {
  type Digests,
  forgottenNodes,
  incomingTexts,
  storedTexts,
  withDigests,
} from "./digests.ts";
import type { OpenedObject } from "./open.ts";

/**
 * Applies a batch in one transaction, tombstones before segments, each object in its own savepoint,
 * and marks what was applied as imported.
 *
 * @returns by position, the error of an object that failed, or undefined
 */
export function applyBatch(
  db: Database,
  keys: VaultKeys,
  batch: readonly OpenedObject[],
): Promise<unknown[]> {
  return withDigests(
    db,
    keys,
    () => textsOf(db, batch),
    (digests) => applyAll(db, batch, digests),
  );
}

/** The nodes whose lines a tombstone forgets by digest. */
export function nodesForgottenBy(payload: TombstonePayload): string[] {
  return isWindow(payload) ? [] : (payload.imports ?? []).map((line) => line.node_id);
}

/** The texts of which a digest decides whether a forgotten line is among them. */
function textsOf(db: Database, batch: readonly OpenedObject[]): string[] {
  const nodes = forgottenNodes(
    db,
    batch.flatMap((object) => object.kind === "tombstone" ? nodesForgottenBy(object.payload) : []),
  );
  if (nodes.size === 0) return [];
  const incoming = batch.flatMap((object) =>
    object.kind === "segment" ? incomingTexts(object.payload.events, nodes) : []
  );
  return [...storedTexts(db, nodes), ...incoming];
}

function applyAll(
  db: Database,
  batch: readonly OpenedObject[],
  digests: Digests,
): unknown[] {
  const ids = new Interner(db);
  const results: unknown[] = new Array(batch.length).fill(undefined);
  const order = [...batch.keys()].sort((a, b) => rank(batch[a]!) - rank(batch[b]!) || a - b);
  for (const index of order) {
    const object = batch[index]!;
    try {
      db.savepoint(() => applyOne(db, ids, object, digests));
    } catch (error) {
      // A full disk or a locked database is not the object's fault.
      if (isDatabaseTrouble(error)) throw error;
      results[index] = error;
      ids.clear(); // the numbers given out inside the savepoint are gone with it
    }
  }
  return results;
}

function applyOne(db: Database, ids: Interner, object: OpenedObject, digests: Digests): void {
  if (object.kind === "tombstone") applyTombstone(db, ids, object.payload);
  else applySegment(db, ids, object.payload, digests);
  const { kind, nodeId, number } = object;
  addRange(db, "imported", kind, nodeId, { start: number, end: number });
}

function rank(object: OpenedObject): number {
  return object.kind === "tombstone" ? 0 : 1;
}

function applySegment(
  db: Database,
  ids: Interner,
  payload: SegmentPayload,
  digests: Digests,
): void {
  for (const session of payload.sessions ?? []) mergeSession(db, ids, session, false);
  for (const event of payload.events) mergeEvent(db, ids, event, digests.get(event.cmd));
  for (const artifact of payload.artifacts ?? []) mergeArtifact(db, ids, artifact);
  for (const pin of payload.pins ?? []) mergePin(db, ids, pin, false);
}
