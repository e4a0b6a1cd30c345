/** Sealing the contents of artifacts, once more with the same bytes where an upload was begun. */
import { gzipSync } from "node:zlib";
import type { LocalBlobs } from "../blobs/mod.ts";
import { resealer, type Sealer, sealer, startSha256 } from "../crypto/mod.ts";
import { type Blob, dropBlobOutbox, readBlobOutbox, writeBlobOutbox } from "../db/mod.ts";
import { HxError, isCategory } from "../errors.ts";
import { type Compression, type ObjectName, rfc3339 } from "../format/mod.ts";
import { throwIfAborted } from "../store/mod.ts";
import type { SyncContext } from "./context.ts";

/** A content about to be sent. */
export interface BlobSealing {
  sealer: Sealer;
  /** An earlier run has begun to send just these bytes. */
  isAgain: boolean;
}

/**
 * Chooses how to seal a content, and notes it before the first byte can be sent. With the key of an
 * earlier run only where that gives the same bytes: the copy is checked first, and compressed by the
 * same program (format, section 5: a key never seals two payloads).
 *
 * @throws {HxError} `hash-mismatch` where the copy is damaged
 */
export async function sealingOf(
  context: SyncContext,
  blobs: LocalBlobs,
  blob: Blob,
  name: ObjectName & { type: "blob" },
): Promise<BlobSealing> {
  const { db, keys, random, clock, runtime = "" } = context;
  const begun = readBlobOutbox(db, blob.hash);
  if (begun) {
    const again = await resealer(begun.header, name, keys).catch((error) => {
      if (isCategory(error, "corrupt")) return undefined; // of another vault
      throw error;
    });
    if (again && (again.compression === "none" || begun.runtime === runtime)) {
      for await (const _ of checkedCopy(context, blobs, blob.hash, true));
      return { sealer: again, isAgain: true };
    }
  }
  const compression = await compressionFor(blobs, blob);
  const meta = { name, createdAt: rfc3339(clock()), compression };
  const made = await sealer(meta, keys, random);
  writeBlobOutbox(db, { hash: blob.hash, header: made.header, runtime });
  return { sealer: made, isAgain: false };
}

/**
 * The bytes of this device's copy, which is checked as it is read: it errors at its end where it is not
 * what its name says. Then no upload of it is to be gone on with.
 *
 * @param reuse each piece is good only until the next one is asked for
 */
export async function* checkedCopy(
  context: Pick<SyncContext, "db" | "signal">,
  blobs: LocalBlobs,
  hash: string,
  reuse = false,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const sum = await startSha256();
  for await (const chunk of blobs.read(hash, { reuse })) {
    throwIfAborted(context.signal);
    sum.update(chunk);
    yield chunk;
  }
  if (sum.hex() === hash) return;
  dropBlobOutbox(context.db, hash);
  throw new HxError("hash-mismatch", `this device's copy of ${hash} is damaged`, {
    hint: "attach the file again, which replaces the copy; or check the disk",
  });
}

/** Pieces of a content that are tried, and their size in bytes. */
const SAMPLES = 4;
const SAMPLE_BYTES = 64 * 1024;

/** Compressing has to save so much of it to be worth the time. */
const WORTH = 0.1;

/** What compresses has a size that is not known before; from here on an upload needs to know it. */
const MAX_GZIP_BYTES = 64 * 2 ** 30;

async function compressionFor(blobs: LocalBlobs, { hash, size }: Blob): Promise<Compression> {
  if (size > MAX_GZIP_BYTES) return "none";
  let plain = 0;
  let packed = 0;
  for (let i = 0; i < SAMPLES; i++) {
    const start = Math.floor(i * Math.max(0, size - SAMPLE_BYTES) / (SAMPLES - 1));
    for await (const piece of blobs.read(hash, { start, stop: start + SAMPLE_BYTES })) {
      plain += piece.length;
      packed += gzipSync(piece).length;
    }
    if (size <= SAMPLE_BYTES) break;
  }
  return packed < plain * (1 - WORTH) ? "gzip" : "none";
}
