/** Reading the manifests that changed, and telling what is wrong with them (format, section 8.7). */
import { asHxError, isCategory } from "../errors.ts";
import { keyOf, LIMITS } from "../format/mod.ts";
import {
  acceptManifest,
  addRange,
  readIdentity,
  type SeenManifest,
  seenManifests,
} from "../db/mod.ts";
import {
  freshness,
  manifestName,
  type OpenedManifest,
  openManifest,
  staleNodes,
} from "../manifest/mod.ts";
import type { StoreEntry } from "../store/mod.ts";
import { CONCURRENCY, seconds, type SyncContext } from "./context.ts";
import { fetchAhead } from "./fetch_ahead.ts";
import { ETAG_LIFE_S } from "./pull.ts";
import { type ReadObject, readObject } from "./read.ts";
import type { Recorder, Rejection } from "./report.ts";

/** Reads every manifest whose ETag is not the remembered one, then reports what others disagree on. */
export async function readManifests(
  context: SyncContext,
  recorder: Recorder,
  listing: ReadonlyMap<string, StoreEntry>,
): Promise<void> {
  const self = readIdentity(context.db)!.nodeId;
  const seen = seenManifests(context.db);
  const changed: string[] = [];
  for (const [nodeId, entry] of listing) {
    if (nodeId === self) continue;
    if (isUnchanged(seen.get(nodeId), entry, seconds(context))) recorder.skipped.manifest++;
    else changed.push(nodeId);
  }
  const outcomes = await readAll(context, recorder, changed);
  const damaged = new Set(changed.filter((nodeId) => outcomes.get(nodeId) === "damaged"));
  await reportAbsent(context, recorder, listing, self, damaged);
}

function isUnchanged(seen: SeenManifest | undefined, entry: StoreEntry, now: number): boolean {
  return seen !== undefined && seen.etag === entry.etag && now - (seen.etagAt ?? 0) < ETAG_LIFE_S;
}

/** Reads manifests; says of each whether it was there, and right. */
async function readAll(
  context: SyncContext,
  recorder: Recorder,
  nodes: Iterable<string>,
): Promise<Map<string, "right" | "damaged" | "absent">> {
  const outcomes = new Map<string, "right" | "damaged" | "absent">();
  const results = fetchAhead(nodes, {
    limit: context.concurrency ?? CONCURRENCY,
    signal: context.signal,
    call: async (nodeId, signal) => ({
      nodeId,
      ...await openFound({ ...context, signal }, nodeId),
    }),
    sizeOf: ({ found }) => found?.bytes.length ?? 0,
  });
  for await (const { nodeId, found, opened, problem } of results) {
    outcomes.set(nodeId, found ? "right" : problem ? "damaged" : "absent");
    if (problem) rejectManifest(context, recorder, nodeId, asHxError(problem).category);
    if (found && opened) await take(context, recorder, found, opened);
  }
  return outcomes;
}

/** A node's manifest as the store has it: nothing, bytes that open, or what is wrong with them. */
export interface FoundManifest {
  found?: ReadObject;
  opened?: OpenedManifest;
  problem?: unknown;
}

/** Reads and opens a manifest; one that does not open is fetched once more. */
export async function openFound(context: SyncContext, nodeId: string): Promise<FoundManifest> {
  const key = keyOf(manifestName(context.keys.vaultId, nodeId));
  for (let attempt = 1;; attempt++) {
    try {
      const found = await readObject(context.store, key, LIMITS.manifest.stored, context.signal);
      if (!found) return {};
      return { found, opened: await openManifest(found.bytes, nodeId, context.keys) };
    } catch (error) {
      if (!isCategory(error, "corrupt")) throw error;
      if (attempt === 2) return { problem: error };
    }
  }
}

/** Adds what a manifest names to what is known, and judges its freshness. */
async function take(
  context: SyncContext,
  recorder: Recorder,
  found: ReadObject,
  { payload, digest }: OpenedManifest,
): Promise<void> {
  const { db } = context;
  const nodeId = payload.node_id;
  const accepted = seenManifests(db).get(nodeId);
  const how = freshness(accepted, { manifestSeq: payload.manifest_seq, digest });
  await context.step?.("accept manifest");
  db.transaction(() => {
    addRange(db, "known", "segment", nodeId, payload.segments);
    addRange(db, "known", "tombstone", nodeId, payload.tombstones);
    if (how === "newer" || how === "same") {
      acceptManifest(db, payload, digest, found.etag, seconds(context));
    }
  });
  if (how === "newer") recorder.imported.manifest++;
  else if (how === "same") recorder.skipped.manifest++;
  else rejectManifest(context, recorder, nodeId, how);
}

/**
 * Reports nodes that are gone, or of which another has seen more than is there. Both are read once
 * more first: a publish can fall between two reads, and a listing can lag. What is damaged is neither,
 * and counted once.
 */
async function reportAbsent(
  context: SyncContext,
  recorder: Recorder,
  listing: ReadonlyMap<string, StoreEntry>,
  self: string,
  damaged: ReadonlySet<string>,
): Promise<void> {
  const before = suspects(context, listing, self).difference(damaged);
  if (before.size === 0) return;
  const outcomes = await readAll(context, recorder, before);
  const still = staleNodes(seenManifests(context.db), self);
  for (const nodeId of before) {
    const outcome = outcomes.get(nodeId);
    if (outcome === "absent") rejectManifest(context, recorder, nodeId, "missing");
    else if (outcome === "right" && still.has(nodeId)) {
      rejectManifest(context, recorder, nodeId, "stale");
    }
  }
}

function suspects(
  context: SyncContext,
  listing: ReadonlyMap<string, StoreEntry>,
  self: string,
): Set<string> {
  const seen = seenManifests(context.db);
  const suspects = new Set(staleNodes(seen, self).keys());
  for (const { nodeId } of seen.values()) {
    if (nodeId !== self && !listing.has(nodeId)) suspects.add(nodeId);
  }
  for (const { nodeId, retired } of seen.values()) {
    if (retired) suspects.delete(nodeId);
  }
  return suspects;
}

const EXPLANATIONS: Partial<Record<Rejection, string>> = {
  rollback: "is older than one seen before: the store may have been rolled back",
  equivocation: "differs from one with the same number seen before",
  stale: "is older than what another device has seen",
  missing: "is gone from the store, or was not there yet",
};

function rejectManifest(
  context: SyncContext,
  recorder: Recorder,
  nodeId: string,
  why: Rejection,
): void {
  recorder.reject("manifest", why);
  const label = seenManifests(context.db).get(nodeId)?.label;
  const device = label === undefined ? nodeId : `${label} (${nodeId})`;
  context.notify({
    type: "warning",
    message: `the manifest of ${device} ${EXPLANATIONS[why] ?? `was rejected: ${why}`}`,
    hint: "nothing is lost: everything seen before stays, and it is read again at the next sync",
  });
}
