/** Applies opened objects to the database, each idempotent and each on its own. */
import type { VaultKeys } from "../crypto/mod.ts";
import {
  addRange,
  applyTombstone,
  type Database,
  Interner,
  isDatabaseTrouble,
  isWindow,
  keepWaiting,
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
 * Applies a batch in one transaction, tombstones before segments, and marks what was applied as
 * imported. An object that fails undoes only itself.
 *
 * @param isNamed manifests name the objects: own records that are seen there are published for good, and
 * wait no longer
 * @returns by position, the error of an object that failed, or undefined
 */
export async function applyBatch(
  db: Database,
  keys: VaultKeys,
  batch: readonly OpenedObject[],
  isNamed = true,
): Promise<unknown[]> {
  const apply = (work: (digests: Digests) => unknown[]) =>
    withDigests(
      db,
      keys,
      () => textsOf(db, batch),
      (digests) => isNamed ? work(digests) : keepWaiting(db, () => work(digests)),
    );
  // Savepoints keep a copy of every page that is changed, which costs several times the inserts, and
  // objects that fail here are rare: so first without, and only if one fails again with them.
  try {
    return await apply((digests) => applyTogether(db, batch, digests));
  } catch (error) {
    // A full disk or a locked database is not the objects' fault.
    if (isDatabaseTrouble(error)) throw error;
  }
  return await apply((digests) => applyApart(db, batch, digests));
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

/** Positions of a batch, tombstones first: what they cover then need not be put in. */
function tombstonesFirst(batch: readonly OpenedObject[]): number[] {
  const rank = (index: number) => batch[index]!.kind === "tombstone" ? 0 : 1;
  return [...batch.keys()].sort((a, b) => rank(a) - rank(b) || a - b);
}

function applyTogether(
  db: Database,
  batch: readonly OpenedObject[],
  digests: Digests,
): unknown[] {
  const ids = new Interner(db);
  for (const index of tombstonesFirst(batch)) applyOne(db, ids, batch[index]!, digests);
  return new Array(batch.length).fill(undefined);
}

function applyApart(
  db: Database,
  batch: readonly OpenedObject[],
  digests: Digests,
): unknown[] {
  const results: unknown[] = new Array(batch.length).fill(undefined);
  const ids = new Interner(db);
  for (const index of tombstonesFirst(batch)) {
    try {
      db.savepoint(() => applyOne(db, ids, batch[index]!, digests));
    } catch (error) {
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
