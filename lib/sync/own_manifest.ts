/**
 * Judging what the store holds under our own manifest's key (format, section 10). Only this device
 * writes there, so anything that it did not write means that its identity was copied.
 */
import { compareBytes, type ObjectName } from "../format/mod.ts";
import { keyOf, LIMITS } from "../format/mod.ts";
import { isCategory } from "../errors.ts";
import {
  clearOutbox,
  confirmPublish,
  isConfirmed,
  readIdentity,
  readOutboxManifest,
  setOwnEtag,
  setRepublish,
} from "../db/mod.ts";
import { sha256Hex } from "../crypto/mod.ts";
import { manifestName, openManifest } from "../manifest/mod.ts";
import { seconds, type SyncContext } from "./context.ts";
import { type ReadObject, readOwn } from "./read.ts";

/** How the store's copy of our manifest stands to what we sent. */
export type OwnState =
  /** It is what the outbox holds: the publish arrived. */
  | "arrived"
  /** It is the newest one that we know to have arrived. */
  | "current"
  /** It is older, gone, or damaged: it has to be published again. */
  | "behind"
  /** Someone else wrote it with our key and name. */
  | "foreign";

/** The name of our own manifest. */
function ownManifestName(context: SyncContext): ObjectName & { type: "manifest" } {
  return manifestName(context.keys.vaultId, readIdentity(context.db)!.nodeId);
}

/** Reads our manifest back, judges it, and remembers what was found. */
export async function readOwnManifest(context: SyncContext): Promise<OwnState> {
  const found = await fetchOwnManifest(context);
  const state = await judgeOwnManifest(context, found);
  remember(context, state, found);
  return state;
}

/** What lies under our manifest's key. */
async function fetchOwnManifest(context: SyncContext): Promise<ReadObject | undefined> {
  const key = keyOf(ownManifestName(context));
  return await readOwn(context.store, key, LIMITS.manifest.stored, context.signal);
}

/** Judges what was found under our manifest's key; notes nothing. */
export async function judgeOwnManifest(
  context: SyncContext,
  found: ReadObject | undefined,
): Promise<OwnState> {
  const { db, keys } = context;
  const identity = readIdentity(db)!;
  if (!found) return "behind";
  const waiting = readOutboxManifest(db);
  if (waiting && compareBytes(waiting.bytes, found.bytes) === 0) return "arrived";
  const sealedSeq = waiting ? identity.manifestSeq - 1 : identity.manifestSeq;
  try {
    const { payload } = await openManifest(found.bytes, identity.nodeId, keys);
    if (!isConfirmed(db, await sha256Hex(found.bytes))) return "foreign";
    return payload.manifest_seq < sealedSeq ? "behind" : "current";
  } catch (error) {
    // What does not authenticate was written without the key: damage, and not a clone of us.
    if (isCategory(error, "corrupt")) return "behind";
    throw error;
  }
}

/** Notes that the manifest of the outbox is in the store, with all that it names. */
export async function publishArrived(context: SyncContext, etag: string): Promise<void> {
  const { db } = context;
  const manifest = readOutboxManifest(db)!;
  const digest = await sha256Hex(manifest.bytes);
  await context.step?.("confirm");
  db.transaction(() => {
    confirmPublish(db, digest, etag, seconds(context));
    clearOutbox(db);
  });
}

function remember(context: SyncContext, state: OwnState, found: ReadObject | undefined): void {
  const { db } = context;
  if (state === "foreign") return;
  db.transaction(() => {
    setOwnEtag(db, found?.etag, seconds(context));
    const published = readIdentity(db)!.manifestSeq > 0;
    if (state === "behind" && published && !readOutboxManifest(db)) setRepublish(db);
  });
}
