/** Artifacts on this device: taken in, dropped, and swept away once nothing refers to their content. */
import type { LocalBlobs, StagedBlob } from "../blobs/mod.ts";
import {
  addArtifact,
  blobUse,
  type Database,
  dropPendingArtifacts,
  dropUnusedBlobOutbox,
  Interner,
} from "../db/mod.ts";
import { HxError } from "../errors.ts";
import { type RandomBytes, uuid4 } from "../format/mod.ts";
import type { ArtifactRecord } from "../format/types.ts";

/** What an artifact is beside its content. */
export type ArtifactFields = Pick<ArtifactRecord, "event" | "name" | "media_type" | "created_at">;

/**
 * Keeps a copied content together with its record, which waits to be published. Both or neither: a
 * content is swept away as soon as no record refers to it.
 *
 * @throws {HxError} `not-found` where the event was forgotten meanwhile; `config` where the disk is full
 */
export async function keepArtifact(
  db: Database,
  random: RandomBytes,
  staged: StagedBlob,
  fields: ArtifactFields,
): Promise<ArtifactRecord> {
  const record: ArtifactRecord = {
    artifact_id: uuid4(random),
    ...fields,
    blob_hash: staged.hash,
    byte_len: staged.size,
  };
  try {
    db.transaction(() => {
      if (!addArtifact(db, new Interner(db), record)) {
        throw new HxError("not-found", "the command of this artifact was forgotten meanwhile");
      }
      staged.keep();
    });
  } catch (error) {
    await staged.discard();
    throw error;
  }
  return record;
}

/** Keeps a content that was fetched, unless every record of it was forgotten meanwhile. */
export async function keepFetched(db: Database, staged: StagedBlob): Promise<void> {
  let kept = false;
  try {
    db.transaction(() => {
      if (blobUse(db, staged.hash) === "none") return;
      staged.keep();
      kept = true;
    });
  } finally {
    if (!kept) await staged.discard();
  }
}

/** Removes the contents that no record refers to any more; gives how many. */
export function sweepBlobs(db: Database, blobs: LocalBlobs): number {
  return db.transaction(() => {
    dropUnusedBlobOutbox(db);
    const unused = blobs.hashes().filter((hash) => blobUse(db, hash) === "none");
    for (const hash of unused) blobs.remove(hash);
    return unused.length;
  });
}

/**
 * Drops a content from this device, and the records of it that were not yet published. Published ones
 * stay: the format has no deletion of a single artifact, only of its event.
 *
 * @returns how many records were dropped
 */
export function dropArtifact(db: Database, blobs: LocalBlobs, hash: string): number {
  return db.transaction(() => {
    const dropped = dropPendingArtifacts(db, hash);
    blobs.remove(hash);
    dropUnusedBlobOutbox(db);
    return dropped;
  });
}
