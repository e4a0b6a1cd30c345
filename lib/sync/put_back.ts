/**
 * Putting back what the store has lost of this device's. A number keeps its content: what is sealed anew
 * is what was published under it, less what has been forgotten since (docs/decisions/0009).
 */
import { type Blob, ownSegment, ownTombstones, readIdentity, readOutbox } from "../db/mod.ts";
import { HxError } from "../errors.ts";
import { encodeSegment } from "../format/mod.ts";
import type { NumberedObject } from "../importer/mod.ts";
import { sendBlob } from "./blob_push.ts";
import type { SyncContext } from "./context.ts";
import { seal, sealTombstone } from "./seal_round.ts";
import { IdentityCloned, putOnce } from "./send.ts";

/**
 * Puts back an own segment or tombstone, unless it is there after all.
 *
 * @returns false where this device does not have what it held
 * @throws {HxError} as the store
 */
export async function putBackObject(
  context: SyncContext,
  object: NumberedObject,
): Promise<boolean> {
  const { db } = context;
  const { kind, nodeId, number } = object;
  const identity = readIdentity(db)!;
  const taken = kind === "segment" ? identity.segments : identity.tombstones;
  // A number that was not taken never had a content of ours.
  if (nodeId !== identity.nodeId || number > taken) return false;
  // What is still on its way is sent by a push, with the bytes that it was sealed to.
  if (readOutbox(db).some((entry) => entry.kind === kind && entry.number === number)) return true;
  const [own] = kind === "tombstone" ? ownTombstones(db, number) : [];
  if (kind === "tombstone" && !own) return false;
  await context.step?.(`put back ${kind}`);
  const entry = own
    ? await sealTombstone(context, identity, own, number)
    : await seal(context, identity, object, encodeSegment(ownSegment(db, number)));
  try {
    await putOnce(context, entry);
  } catch (error) {
    // Another object of this number opens with the vault's key: it was not lost, the listing lagged.
    if (!(error instanceof IdentityCloned)) throw error;
  }
  return true;
}

/**
 * Puts back the content of an artifact, if this device has a sound copy.
 *
 * @param isMissing false: something is there that is not this content, and is written over
 * @throws {HxError} as the store
 */
export async function putBackBlob(
  context: SyncContext,
  blob: Blob,
  isMissing: boolean,
): Promise<boolean> {
  const outcome = await sendBlob(context, blob, () => {}, !isMissing);
  return !(outcome instanceof HxError);
}
