/** Pull: takes in what other devices have published. One LIST where nothing is new. */
import { manifestsPrefix, parseKey } from "../format/mod.ts";
import { readIdentity, readOutboxManifest, setRepublish } from "../db/mod.ts";
import { listAll, type StoreEntry } from "../store/mod.ts";
import { sweepBlobs } from "./artifacts.ts";
import { pullBlobs } from "./blob_pull.ts";
import { seconds, type SyncContext } from "./context.ts";
import { readManifests } from "./manifests.ts";
import { importMissing } from "./objects.ts";
import { publishArrived, readOwnManifest } from "./own_manifest.ts";
import { split } from "./push.ts";
import { Recorder, type RunReport } from "./report.ts";
import { requireVault } from "./vault.ts";

/** How long an ETag may stand for a manifest that is not read again, in seconds. */
export const ETAG_LIFE_S = 24 * 60 * 60;

/**
 * Takes in everything that is published and not here.
 *
 * @param recorder counts what is done, so that a failed pull can be reported too
 * @throws {HxError} whatever the store failed with; what was applied until then stays
 */
export async function pull(
  context: SyncContext,
  recorder: Recorder = new Recorder(context),
): Promise<RunReport> {
  const listing = await listManifests(context, recorder);
  await checkOwnManifest(context, listing);
  await readManifests(context, recorder, listing);
  await importMissing(context, recorder, "tombstone");
  await importMissing(context, recorder, "segment");
  if (context.blobs && recorder.imported.tombstone > 0) sweepBlobs(context.db, context.blobs);
  if (context.fetchBlobs !== undefined) await pullBlobs(context, recorder, context.fetchBlobs);
  return recorder.report(true);
}

/** The manifests in the store, by node. */
async function listManifests(
  context: SyncContext,
  recorder: Recorder,
): Promise<Map<string, StoreEntry>> {
  const { store, keys, signal } = context;
  const listing = new Map<string, StoreEntry>();
  for await (const entry of listAll(store, manifestsPrefix(keys.vaultId), { signal })) {
    const name = parseKey(entry.key);
    if (name?.type === "manifest") listing.set(name.nodeId, entry);
    else recorder.skipped.manifest++; // a conflict copy, a stranger's file
  }
  return listing;
}

/** Judges our own manifest before anything is applied (format, section 10). */
async function checkOwnManifest(
  context: SyncContext,
  listing: Map<string, StoreEntry>,
): Promise<void> {
  const { db } = context;
  const { nodeId, etag, etagAt, manifestSeq } = readIdentity(db)!;
  const entry = listing.get(nodeId);
  const fresh = seconds(context) - (etagAt ?? 0) < ETAG_LIFE_S;
  if (entry ? entry.etag === etag && fresh : manifestSeq === 0 && listing.size > 0) return;
  // Gone: before anything is done about it, the vault itself has to be there, and ours.
  if (!entry) await requireVault(context);
  if (!entry && manifestSeq === 0) return;
  if (!entry && !readOutboxManifest(db)) return setRepublish(db);
  switch (await readOwnManifest(context)) {
    case "foreign":
      return await split(context);
    case "arrived":
      return await publishArrived(context, readIdentity(db)!.etag!);
  }
}
