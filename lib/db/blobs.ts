/**
 * The contents that artifact records name: what of them waits to be sent, and what is on its way.
 * Contents themselves never lie in the database.
 */
import type { Database } from "./open.ts";

/** A content, as the records that name it describe it. */
export interface Blob {
  /** SHA-256 in hex. */
  hash: string;
  /** Its size in bytes: the largest that a record claims. */
  size: number;
}

const SELECT = "SELECT blob_hash AS hash, max(byte_len) AS size FROM artifact";

/** The contents of records that wait to be published, small ones first. */
export function pendingBlobs(db: Database): Blob[] {
  return db.all<Blob>(`${SELECT} WHERE segment = 0 GROUP BY blob_hash ORDER BY size, hash`);
}

/** All contents that records name, small ones first. */
export function allBlobs(db: Database): Blob[] {
  return db.all<Blob>(`${SELECT} GROUP BY blob_hash ORDER BY size, hash`);
}

/** The contents whose hash begins so. */
export function blobsWithPrefix(db: Database, prefix: string): Blob[] {
  return db.all<Blob>(
    `${SELECT} WHERE substr(blob_hash, 1, ?) = ? GROUP BY blob_hash ORDER BY hash`,
    prefix.length,
    prefix,
  );
}

/** How records stand to a content. */
export type BlobUse =
  /** A record of this device waits to be published with it. */
  | "pending"
  /** Published records name it. */
  | "published"
  /** No record does. */
  | "none";

/** How records stand to a content. */
export function blobUse(db: Database, hash: string): BlobUse {
  const row = db.get<{ pending: number | null }>(
    "SELECT max(segment IS 0) AS pending FROM artifact WHERE blob_hash = ?",
    hash,
  )!;
  return row.pending === null ? "none" : row.pending === 1 ? "pending" : "published";
}

/** How many contents wait to be published. */
export function countPendingBlobs(db: Database): number {
  return db.get<{ n: number }>(
    "SELECT count(DISTINCT blob_hash) AS n FROM artifact WHERE segment = 0",
  )!.n;
}

/** A content whose upload has begun. */
export interface BlobOutboxEntry {
  /** SHA-256 of the content, in hex. */
  hash: string;
  /** The exact bytes of the sealed object's header; its key lies in it, wrapped. */
  header: Uint8Array<ArrayBuffer>;
  /** The version of the runtime that seals it: another one may compress otherwise. */
  runtime: string;
}

/** How the upload of a content was begun, if it was. */
export function readBlobOutbox(db: Database, hash: string): BlobOutboxEntry | undefined {
  return db.get<BlobOutboxEntry>(
    "SELECT blob_hash AS hash, header, runtime FROM blob_outbox WHERE blob_hash = ?",
    hash,
  );
}

/** All contents whose upload has begun. */
export function blobOutbox(db: Database): BlobOutboxEntry[] {
  return db.all<BlobOutboxEntry>("SELECT blob_hash AS hash, header, runtime FROM blob_outbox");
}

/** Notes how an upload begins, before its first byte is sent. */
export function writeBlobOutbox(db: Database, entry: BlobOutboxEntry): void {
  db.run(
    "INSERT OR REPLACE INTO blob_outbox (blob_hash, header, runtime) VALUES (?, ?, ?)",
    entry.hash,
    entry.header,
    entry.runtime,
  );
}

/** Takes back what has arrived, or is not to be gone on with. */
export function dropBlobOutbox(db: Database, hash: string): void {
  db.run("DELETE FROM blob_outbox WHERE blob_hash = ?", hash);
}

/** Takes back the uploads of contents for which no record waits any more. */
export function dropUnusedBlobOutbox(db: Database): void {
  db.run(
    `DELETE FROM blob_outbox
     WHERE blob_hash NOT IN (SELECT blob_hash FROM artifact WHERE segment = 0)`,
  );
}

/** Drops the records of a content that were not yet published; gives how many. */
export function dropPendingArtifacts(db: Database, hash: string): number {
  return db.run("DELETE FROM artifact WHERE blob_hash = ? AND segment = 0", hash);
}
