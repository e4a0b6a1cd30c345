/** Looking at the manifests of a vault, and noting nothing (format, section 8.7). */
import { asHxError } from "../errors.ts";
import { keyOf } from "../format/mod.ts";
import type { Cursor } from "../format/types.ts";
import {
  type NumberedKind,
  readIdentity,
  readOutboxManifest,
  type SeenManifest,
  seenManifests,
} from "../db/mod.ts";
import { freshness, manifestName, staleNodes, type Witness } from "../manifest/mod.ts";
import type { StoreEntry } from "../store/mod.ts";
import { CONCURRENCY, type SyncContext } from "./context.ts";
import { fetchAhead } from "./fetch_ahead.ts";
import { type FoundManifest, openFound } from "./manifests.ts";
import { judgeOwnManifest } from "./own_manifest.ts";
import type { Rejection } from "./report.ts";
import type { Finding } from "./survey.ts";

/** What manifests say that there is, by node and kind. */
export type Cursors = ReadonlyMap<string, Readonly<Record<NumberedKind, Cursor>>>;

/** What was found out about the manifests. */
export interface ManifestSurvey {
  findings: Finding[];
  cursors: Cursors;
}

/** Reads all manifests that are listed, or should be, and judges them. */
export async function surveyManifests(
  context: SyncContext,
  listing: ReadonlyMap<string, StoreEntry>,
): Promise<ManifestSurvey> {
  const { db } = context;
  const self = readIdentity(db)!.nodeId;
  const seen = seenManifests(db);
  const nodes = new Set(listing.keys());
  for (const { nodeId, retired } of seen.values()) if (!retired) nodes.add(nodeId);
  if (publishedSeq(context) > 0) nodes.add(self);
  const read = await readAll(context, nodes);
  // A publish can fall between two reads, so what seems stale is read once more.
  const stale = () => [...staleNodes(witnesses(seen, read), self).keys()];
  const suspects = stale().filter((nodeId) => !seen.get(nodeId)?.retired);
  for (const [nodeId, again] of await readAll(context, suspects)) read.set(nodeId, again);
  const still = new Set(stale());
  const findings: Finding[] = [];
  const cursors = new Map<string, Record<NumberedKind, Cursor>>();
  for (const [nodeId, found] of read) {
    const { segments, tombstones } = found.opened?.payload ?? {};
    if (segments && tombstones) cursors.set(nodeId, { segment: segments, tombstone: tombstones });
    const problem = nodeId === self
      ? await ownProblem(context, found)
      : problemOf(found, seen.get(nodeId), still.has(nodeId));
    const key = keyOf(manifestName(context.keys.vaultId, nodeId));
    findings.push({ kind: "manifest", key, nodeId, named: true, ...(problem && { problem }) });
  }
  return { findings, cursors };
}

/** The newest own manifest that has arrived in the store, as far as we know. */
function publishedSeq({ db }: SyncContext): number {
  return readIdentity(db)!.manifestSeq - (readOutboxManifest(db) ? 1 : 0);
}

async function readAll(
  context: SyncContext,
  nodes: Iterable<string>,
): Promise<Map<string, FoundManifest>> {
  const read = new Map<string, FoundManifest>();
  const results = fetchAhead(nodes, {
    limit: context.concurrency ?? CONCURRENCY,
    signal: context.signal,
    call: async (nodeId, signal) => ({
      nodeId,
      found: await openFound({ ...context, signal }, nodeId),
    }),
  });
  for await (const { nodeId, found } of results) read.set(nodeId, found);
  return read;
}

/** The newest that is known of each node, from before or from what was just read. */
function witnesses(
  seen: ReadonlyMap<string, SeenManifest>,
  read: ReadonlyMap<string, FoundManifest>,
): Map<string, Witness> {
  const newest = new Map<string, Witness>(seen);
  for (const [nodeId, { opened }] of read) {
    if (!opened) continue;
    const { manifest_seq: manifestSeq, observed } = opened.payload;
    if (manifestSeq > (newest.get(nodeId)?.manifestSeq ?? 0)) {
      newest.set(nodeId, { manifestSeq, observed });
    }
  }
  return newest;
}

function problemOf(
  { opened, problem }: FoundManifest,
  seen: SeenManifest | undefined,
  isStale: boolean,
): Rejection | undefined {
  if (problem) return asHxError(problem).category;
  if (!opened) return "missing";
  const { payload, digest } = opened;
  const how = freshness(seen, { manifestSeq: payload.manifest_seq, digest });
  if (how === "rollback" || how === "equivocation") return how;
  return isStale ? "stale" : undefined;
}

async function ownProblem(
  context: SyncContext,
  { found, problem }: FoundManifest,
): Promise<Rejection | undefined> {
  if (problem) return asHxError(problem).category;
  if (!found) return "missing";
  const state = await judgeOwnManifest(context, found);
  if (state === "foreign") return "conflict";
  return state === "behind" ? "rollback" : undefined;
}
