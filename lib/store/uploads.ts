/**
 * The journal of long uploads: what a store must still know of them after a crash. The store is
 * handed one; where it is kept is not the store's affair.
 *
 * @module
 */

/** A part that the storage has confirmed. */
export interface UploadedPart {
  /** From 1. */
  number: number;
  /** The storage's token of the part. */
  etag: string;
  /** SHA-256 of the part's bytes, in hex: a part is taken for sent only if it would be the same. */
  sha256: string;
}

/** An upload that was begun and neither completed nor given up. */
export interface OpenUpload {
  /** The object's key, relative to the store's root. */
  key: string;
  /** The storage's name for the upload. */
  uploadId: string;
  /** Size of every part but the last, in bytes. */
  partBytes: number;
  /** The parts that are there, in no promised order. */
  parts: UploadedPart[];
}

/**
 * Remembers uploads across crashes. Each call returns when what it says is durable enough to survive
 * the process; none of them throws.
 */
export interface UploadJournal {
  /** An upload was begun; no part of it was sent yet. */
  begun(upload: Omit<OpenUpload, "parts">): void;
  /** The storage has confirmed a part. */
  sent(uploadId: string, part: UploadedPart): void;
  /** The upload was completed or given up: the storage keeps nothing for it any more. */
  ended(uploadId: string): void;
  /** Uploads of this store that no call has ended yet. */
  open(): OpenUpload[];
}
