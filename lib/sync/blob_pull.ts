/** Fetching the contents of artifacts with a pull, where that was asked for. */
import type { LocalBlobs } from "../blobs/mod.ts";
import { allBlobs, type Blob } from "../db/mod.ts";
import { HxError, isCategory } from "../errors.ts";
import { keepFetched } from "./artifacts.ts";
import { openBlob } from "./blob_get.ts";
import { inTurns } from "./blob_turns.ts";
import type { SyncContext } from "./context.ts";
import type { Recorder } from "./report.ts";

/**
 * Fetches every content that is not here and has at most `max` bytes. One that is damaged, or not in the
 * store, does not stop the others.
 *
 * @throws {HxError} whatever else the store fails with; `config` where the disk is full
 */
export async function pullBlobs(
  context: SyncContext,
  recorder: Recorder,
  max: number,
): Promise<void> {
  const { db, blobs, notify } = context;
  if (!blobs) return;
  const missing = allBlobs(db).filter(({ hash }) => blobs.size(hash) === undefined);
  const wanted = missing.filter(({ size }) => size <= max);
  recorder.skipped.blob += missing.length - wanted.length;
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const progress = (chunk: Uint8Array) =>
    notify({ type: "transfer", phase: "fetching", done: done += chunk.length, total });
  const results = inTurns(
    wanted,
    context.signal,
    (blob, signal) => fetchBlob({ ...context, signal }, blobs, blob, progress),
  );
  for await (const failure of results) {
    if (!failure) {
      recorder.imported.blob++;
    } else if (failure.category === "not-found") {
      recorder.skipped.blob++;
    } else {
      recorder.reject("blob", failure.category);
      notify({ type: "warning", message: failure.message });
    }
  }
}

/** Fetches a content into this device's copies; gives the failure where it is the content's own. */
async function fetchBlob(
  context: SyncContext,
  blobs: LocalBlobs,
  blob: Blob,
  progress: (chunk: Uint8Array) => void,
): Promise<HxError | undefined> {
  const { db, signal } = context;
  try {
    await twice(async () => {
      const body = await openBlob(context, blob);
      const doing = `fetching the content ${blob.hash}`;
      const staged = await blobs.stage(body, { doing, signal, onChunk: progress, hash: blob.hash });
      await keepFetched(db, staged);
    });
  } catch (error) {
    if (isDamage(error) || isCategory(error, "not-found")) return error;
    throw error;
  }
}

/** Runs `work`; once more where it met damage, which may have come from the way here. */
export async function twice<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isDamage(error)) throw error;
    return await work();
  }
}

function isDamage(error: unknown): error is HxError {
  return isCategory(error, "corrupt") || isCategory(error, "hash-mismatch");
}
