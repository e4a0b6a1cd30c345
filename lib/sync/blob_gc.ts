/** Freeing this device's copies of contents that the store has. */
import type { LocalBlobs } from "../blobs/mod.ts";
import { allBlobs, blobUse } from "../db/mod.ts";
import { type BlobContext, isStored } from "./blob_get.ts";
import { inTurns } from "./blob_turns.ts";
import type { SyncContext } from "./context.ts";

/** What was freed. */
export interface FreedBlobs {
  /** Copies removed. */
  copies: number;
  /** Their size in bytes. */
  bytes: number;
  /** Copies of published contents that the store was not seen to hold whole: they stay. */
  kept: number;
}

/**
 * Removes the copies of published contents, each only after the store was seen to hold it to its end.
 *
 * @param dryRun only count
 * @throws {HxError} as the store; what was freed until then is free
 */
export async function freeBlobs(
  context: BlobContext & Pick<SyncContext, "db">,
  blobs: LocalBlobs,
  dryRun: boolean,
): Promise<FreedBlobs> {
  const { db } = context;
  const freed: FreedBlobs = { copies: 0, bytes: 0, kept: 0 };
  const here = allBlobs(db).filter(({ hash }) =>
    blobUse(db, hash) === "published" && blobs.size(hash) !== undefined
  );
  const results = inTurns(
    here,
    context.signal,
    async (blob, signal) => ({ blob, stored: await isStored({ ...context, signal }, blob) }),
  );
  for await (const { blob, stored } of results) {
    const isFree = stored && (dryRun || db.transaction(() => {
      // It may have been attached again meanwhile.
      if (blobUse(db, blob.hash) !== "published") return false;
      blobs.remove(blob.hash);
      return true;
    }));
    if (isFree) {
      freed.copies++;
      freed.bytes += blob.size;
    } else {
      freed.kept++;
    }
  }
  return freed;
}
