/** The journal of long uploads, as the store interface wants it (`UploadJournal`). */
import type { Database } from "./open.ts";

/** A part that the storage has confirmed. */
interface Part {
  number: number;
  etag: string;
  sha256: string;
}

/** An upload that was begun and neither completed nor given up. */
interface Upload {
  key: string;
  uploadId: string;
  partBytes: number;
  parts: Part[];
}

/** Remembers uploads across crashes: the shape of `UploadJournal` in `lib/store`. */
export interface StoredUploads {
  begun(upload: Omit<Upload, "parts">): void;
  sent(uploadId: string, part: Part): void;
  ended(uploadId: string): void;
  open(): Upload[];
}

/**
 * The uploads to one store. What can't be written is not remembered, and such an upload starts over: the
 * journal never fails its caller.
 *
 * @param store names the store: what is open in another one is none of its affair
 */
export function uploadJournal(db: Database, store: string): StoredUploads {
  return {
    begun: ({ uploadId, key, partBytes }) =>
      quietly(() =>
        db.run(
          "INSERT OR REPLACE INTO upload (upload_id, store, key, part_bytes) VALUES (?, ?, ?, ?)",
          uploadId,
          store,
          key,
          partBytes,
        )
      ),
    sent: (uploadId, { number, etag, sha256 }) =>
      quietly(() =>
        db.run(
          "INSERT OR REPLACE INTO upload_part (upload_id, number, etag, sha256) VALUES (?, ?, ?, ?)",
          uploadId,
          number,
          etag,
          sha256,
        )
      ),
    ended: (uploadId) =>
      quietly(() =>
        db.transaction(() => {
          db.run("DELETE FROM upload WHERE upload_id = ?", uploadId);
          db.run("DELETE FROM upload_part WHERE upload_id = ?", uploadId);
        })
      ),
    open: () => quietly(() => openUploads(db, store)) ?? [],
  };
}

function openUploads(db: Database, store: string): Upload[] {
  const rows = db.all<Omit<Upload, "parts">>(
    "SELECT upload_id AS uploadId, key, part_bytes AS partBytes FROM upload WHERE store = ?",
    store,
  );
  const parts = "SELECT number, etag, sha256 FROM upload_part WHERE upload_id = ? ORDER BY number";
  return rows.map((row) => ({ ...row, parts: db.all<Part>(parts, row.uploadId) }));
}

function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
