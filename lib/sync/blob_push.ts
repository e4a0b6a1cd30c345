/** Sending the contents of artifacts, before the segments that name them. */
import type { LocalBlobs } from "../blobs/mod.ts";
import { blobId } from "../crypto/mod.ts";
import { type Blob, blobOutbox, dropBlobOutbox, pendingBlobs } from "../db/mod.ts";
import { asHxError, HxError, isCategory } from "../errors.ts";
import { keyOf, type ObjectName } from "../format/mod.ts";
import type { PutOptions } from "../store/mod.ts";
import { checkedCopy, sealingOf } from "./blob_seal.ts";
import { inTurns } from "./blob_turns.ts";
import type { SyncContext } from "./context.ts";
import type { Recorder } from "./report.ts";

/** How often a content is sealed anew because what an earlier run sent is not what it would be now. */
const MAX_KEYS = 3;

/** What became of a content: it was sent, it was there, or this device's copy can't be sent. */
type Outcome = "sent" | "there" | HxError;

/**
 * Sends the contents that records wait for. One that can't be sent, since its copy is gone or damaged,
 * keeps only its own records back.
 *
 * @returns the contents of waiting records that the store has now
 * @throws {HxError} whatever the store failed with; a later push goes on where this one stopped
 */
export async function sendBlobs(
  context: SyncContext,
  recorder: Recorder,
): Promise<ReadonlySet<string>> {
  const { db, notify } = context;
  const there = new Set<string>();
  const waiting = pendingBlobs(db);
  await clearUploads(context);
  let done = 0;
  const total = waiting.reduce((sum, { size }) => sum + size, 0);
  const progress = (bytes: number) =>
    notify({ type: "transfer", phase: "sending", done: done += bytes, total });
  const results = inTurns(
    waiting,
    context.signal,
    async (blob, signal) => ({
      blob,
      outcome: await sendBlob({ ...context, signal }, blob, progress),
    }),
  );
  for await (const { blob, outcome } of results) {
    if (outcome instanceof HxError) {
      recorder.reject("blob", outcome.category);
      notify({
        type: "warning",
        message: `an artifact waits on: ${outcome.message}`,
        hint: "`hx artifact attach` the file again, or `hx artifact rm` it",
      });
      continue;
    }
    there.add(blob.hash);
    if (outcome === "sent") recorder.imported.blob++;
    else recorder.skipped.blob++;
  }
  return there;
}

/** Gives up the uploads of dead runs that this one does not go on with. */
async function clearUploads({ db, store, keys, signal }: SyncContext): Promise<void> {
  if (!store.clearUploads) return;
  const kept = new Set<string>();
  for (const { hash } of blobOutbox(db)) {
    kept.add(keyOf({ type: "blob", vaultId: keys.vaultId, blobId: await blobId(keys, hash) }));
  }
  await store.clearUploads({ keep: (key) => kept.has(key), signal });
}

/**
 * Sends one content, unless the store has it.
 *
 * @param isDamaged what the store has is known to be something else: it is written over
 * @throws {HxError} whatever the store failed with
 */
export async function sendBlob(
  context: SyncContext,
  blob: Blob,
  progress: (bytes: number) => void,
  isDamaged = false,
): Promise<Outcome> {
  const { db, keys, blobs } = context;
  const id = await blobId(keys, blob.hash);
  const name = { type: "blob", vaultId: keys.vaultId, blobId: id } as const;
  for (let attempt = 1;; attempt++) {
    await context.step?.("head blob");
    if (!isDamaged && await isThere(context, keyOf(name))) {
      dropBlobOutbox(db, blob.hash);
      if (attempt === 1) progress(blob.size);
      return "there";
    }
    const fault = copyFault(blobs, blob);
    if (fault) return fault;
    try {
      return await sendCopy(context, blobs!, { blob, name, progress, isDamaged });
    } catch (error) {
      if (!isCategory(error, "conflict") || attempt === MAX_KEYS) throw error;
      // Another device was faster, or parts of an earlier run differ: never go on with its key.
      dropBlobOutbox(db, blob.hash);
    }
  }
}

async function isThere({ store, signal }: SyncContext, key: string): Promise<boolean> {
  try {
    await store.head(key, { signal });
    return true;
  } catch (error) {
    if (isCategory(error, "not-found")) return false;
    throw error;
  }
}

/** Why this device's copy can't be sent, as far as its size tells. */
function copyFault(blobs: LocalBlobs | undefined, { hash, size }: Blob): HxError | undefined {
  const found = blobs?.size(hash);
  if (found === size) return undefined;
  return found === undefined
    ? new HxError("not-found", `this device's copy of ${hash} is gone`)
    : new HxError("hash-mismatch", `this device's copy of ${hash} is damaged`);
}

async function sendCopy(
  context: SyncContext,
  blobs: LocalBlobs,
  { blob, name, progress, isDamaged }: {
    blob: Blob;
    name: ObjectName & { type: "blob" };
    progress: (bytes: number) => void;
    isDamaged: boolean;
  },
): Promise<Outcome> {
  const { db, store, signal } = context;
  let fault: unknown;
  // What the copy fails with is this artifact's own trouble; what the store fails with is everyone's.
  const noted = (error: unknown) => {
    fault = error;
    throw error;
  };
  async function* copy(reuse: boolean) {
    try {
      for await (const chunk of checkedCopy(context, blobs, blob.hash, reuse)) {
        progress(chunk.length);
        yield chunk;
      }
    } catch (error) {
      noted(error);
    }
  }
  try {
    const { sealer, isAgain } = await sealingOf(context, blobs, blob, name).catch(noted);
    await context.step?.("put blob");
    const options: PutOptions = {
      ...(sealer.compression === "none" && { size: sealer.sealedSize(blob.size) }),
      ...(hasConditions(context) && !isDamaged && { ifNoneMatch: "*" }),
      resume: isAgain,
      signal,
    };
    // A compressor holds on to pieces for a while, the sealing of frames does not.
    const payload = ReadableStream.from(copy(sealer.compression === "none"));
    await store.putAtomic(keyOf(name), sealer.seal(payload), options);
  } catch (error) {
    signal.throwIfAborted();
    if (fault === undefined) throw error;
    return asHxError(fault);
  }
  dropBlobOutbox(db, blob.hash);
  return "sent";
}

/** The condition only saves work: equal names mean equal contents. */
function hasConditions({ conditionalWrites, conditionalComplete }: SyncContext): boolean {
  return conditionalWrites && conditionalComplete !== false;
}
