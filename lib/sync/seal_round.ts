/**
 * Sealing one round of a push: numbers are taken and the sealed bytes stored in ONE transaction, so
 * that from then on a retry sends the same bytes and a number never gets two contents (format,
 * section 10).
 */
import { sealObject } from "../crypto/mod.ts";
import {
  addToOutbox,
  type Identity,
  isWindow,
  markArtifacts,
  markEvents,
  markSessions,
  numberTombstone,
  type OutboxEntry,
  type OwnTombstone,
  pendingTombstones,
  readIdentity,
  seenManifests,
  takeNumbers,
} from "../db/mod.ts";
import { encodeTombstone, keyOf, rfc3339 } from "../format/mod.ts";
import { nameOf, type NumberedObject } from "../importer/mod.ts";
import { manifestName, manifestPayload, sealManifest } from "../manifest/mod.ts";
import type { SyncContext } from "./context.ts";
import { type Cut, cutPending } from "./cut.ts";

/** Most segments in one round: it bounds memory, and each round costs one manifest. */
const ROUND_SEGMENTS = 32;

/** Most tombstones in one round. */
const ROUND_TOMBSTONES = 32;

/** A sealed round that is not yet in the outbox. */
interface Round {
  /** As it was when the numbers were read. */
  before: Identity;
  segments: { cut: Cut; number: number }[];
  tombstones: { own: OwnTombstone; number: number }[];
  sealed: OutboxEntry[];
}

/**
 * Seals what waits and puts it in the outbox, which stays empty where nothing does.
 *
 * @param blobs contents that the store has: only their artifacts are published
 */
export async function sealRound(
  context: SyncContext,
  blobs: ReadonlySet<string>,
): Promise<void> {
  for (;;) {
    const round = await readAndSeal(context, blobs);
    if (!round) return;
    await context.step?.("seal");
    if (commit(context, round)) return;
    // Something was forgotten while the bytes were sealed: they are dropped, unsent.
  }
}

async function readAndSeal(
  context: SyncContext,
  blobs: ReadonlySet<string>,
): Promise<Round | undefined> {
  const { db } = context;
  const before = readIdentity(db)!;
  const round: Round = { before, segments: [], tombstones: [], sealed: [] };
  for (const own of pendingTombstones(db).slice(0, ROUND_TOMBSTONES)) {
    const number = before.tombstones + round.tombstones.length + 1;
    round.tombstones.push({ own, number });
    round.sealed.push(await sealTombstone(context, before, own, number));
  }
  for (const cut of cutPending(db, ROUND_SEGMENTS, blobs)) {
    const number = before.segments + round.segments.length + 1;
    round.segments.push({ cut: { ...cut, json: NO_BYTES }, number });
    round.sealed.push(
      await seal(context, before, { kind: "segment", nodeId: before.nodeId, number }, cut.json),
    );
  }
  if (round.sealed.length === 0 && !before.republish) return undefined;
  round.sealed.push(await sealOwnManifest(context, round));
  return round;
}

const NO_BYTES = new Uint8Array();

/** Seals an own deletion under its number. */
export function sealTombstone(
  context: SyncContext,
  identity: Identity,
  own: OwnTombstone,
  number: number,
): Promise<OutboxEntry> {
  const { payload } = own;
  // A window that ends after its tombstone was made is corrupt, whatever our clock did meanwhile.
  const notBefore = isWindow(payload) ? Math.ceil(payload.end_ts * 1000) : 0;
  const object = { kind: "tombstone", nodeId: identity.nodeId, number } as const;
  return seal(context, identity, object, encodeTombstone(payload), notBefore);
}

/** Seals a numbered object of this node; with a new key at each call. */
export async function seal(
  context: SyncContext,
  identity: Identity,
  object: NumberedObject,
  json: Uint8Array<ArrayBuffer>,
  notBefore = 0,
): Promise<OutboxEntry> {
  const name = await nameOf(object, context.keys.vaultId);
  const meta = {
    name,
    nodeId: identity.nodeId,
    createdAt: rfc3339(Math.max(context.clock(), notBefore)),
    compression: "gzip" as const,
  };
  const bytes = await sealObject(meta, json, context.keys, context.random);
  return { key: keyOf(name), kind: object.kind, number: object.number, bytes };
}

async function sealOwnManifest(context: SyncContext, round: Round): Promise<OutboxEntry> {
  const { db, keys, device } = context;
  const { before } = round;
  const number = before.manifestSeq + 1;
  const payload = manifestPayload({
    vault_id: keys.vaultId,
    node_id: before.nodeId,
    manifest_seq: number,
    segments: { start: 1, end: before.segments + round.segments.length },
    tombstones: { start: 1, end: before.tombstones + round.tombstones.length },
    node: { label: before.label, platform: device.platform, hx_version: device.hxVersion },
    observed: Object.fromEntries(
      [...seenManifests(db).values()].map((seen) => [seen.nodeId, seen.manifestSeq]),
    ),
  }, context.clock());
  const key = keyOf(manifestName(keys.vaultId, before.nodeId));
  return {
    key,
    kind: "manifest",
    number,
    bytes: await sealManifest(payload, keys, context.random),
  };
}

/** Signals that the round no longer fits the database, to undo the transaction. */
class Stale extends Error {}

function commit(context: SyncContext, round: Round): boolean {
  const { db } = context;
  const { before, segments, tombstones, sealed } = round;
  const require = (fits: boolean) => {
    if (!fits) throw new Stale();
  };
  try {
    db.transaction(() => {
      const now = readIdentity(db)!;
      require(now.nodeId === before.nodeId && now.manifestSeq === before.manifestSeq);
      for (const { cut, number } of segments) {
        require(markEvents(db, cut.events, number));
        require(markSessions(db, cut.sessions, cut.pins, number));
        require(markArtifacts(db, cut.artifacts, number));
      }
      for (const { own, number } of tombstones) require(numberTombstone(db, own.id, number));
      for (const entry of sealed) addToOutbox(db, entry);
      takeNumbers(db, {
        segments: before.segments + segments.length,
        tombstones: before.tombstones + tombstones.length,
        manifestSeq: before.manifestSeq + 1,
      });
    });
    return true;
  } catch (error) {
    if (error instanceof Stale) return false;
    throw error;
  }
}
