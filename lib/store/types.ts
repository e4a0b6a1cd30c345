/**
 * The store interface: where opaque bytes lie. A store never sees a key or a plaintext.
 *
 * Keys are `/`-separated paths of at least one segment; no segment is empty, `.` or `..`. A store
 * is given keys relative to its own root or prefix and answers with such keys. Every method takes
 * an `AbortSignal` and rejects with its reason (as `HxError` of category `interrupted` or
 * `timeout`) soon after it fires. Every other failure is an `HxError`; its category says whether it
 * may help to try again: `network`, `timeout`, `throttling` and `server` may pass, the others not.
 *
 * @module
 */
import type { HxError } from "../errors.ts";

/** One object in a listing. */
export interface StoreEntry {
  /** The object's key, relative to the store's root. */
  key: string;
  /** Stored size in bytes. */
  size: number;
  /** Opaque token that changes when the content does; equals the one {@link SyncStore.get} gives. */
  etag: string;
}

/** One page of a listing. */
export interface ListPage {
  /** The objects of this page, in no promised order. */
  entries: StoreEntry[];
  /** Pass it as {@link ListOptions.continuation} for the next page; absent on the last one. */
  continuation?: string;
}

/** What {@link SyncStore.list} takes. */
export interface ListOptions {
  /** Where to go on: {@link ListPage.continuation} of the page before. */
  continuation?: string;
  /** Largest number of entries wanted; a store may give fewer. @default 1000 */
  pageSize?: number;
  /** Stops the call. */
  signal?: AbortSignal;
}

/** What {@link SyncStore.get} takes. */
export interface GetOptions {
  /** Bytes `start` to `end`, both included, counted from 0; without `end`, to the last byte. */
  range?: { start: number; end?: number };
  /** Only if the object still has this ETag; otherwise `conflict`. */
  ifMatch?: string;
  /**
   * Largest number of body bytes the caller will take. More than that is `corrupt`: before any byte
   * where the size is announced, in the body's stream where it is not.
   */
  maxBytes?: number;
  /** Stops the call and the body's stream. */
  signal?: AbortSignal;
}

/** An object as {@link SyncStore.get} gives it. */
export interface StoredObject {
  /** Opaque token of the content that `body` delivers. */
  etag: string;
  /** Size of the whole object in bytes, also where only a range was asked for. */
  size: number;
  /**
   * The bytes. The caller reads it to the end or cancels it. A body that ends early errors with
   * `network`; it never just stops.
   */
  body: ReadableStream<Uint8Array>;
}

/** What {@link SyncStore.putAtomic} takes. */
export interface PutOptions {
  /** `"*"`: only if no object has this key; otherwise `conflict`. */
  ifNoneMatch?: "*";
  /** Only if the object has this ETag; otherwise (also where there is no object) `conflict`. */
  ifMatch?: string;
  /** Bytes that a stream will deliver, where that is known: long uploads choose their parts by it. */
  size?: number;
  /**
   * Go on with an upload of this key that a run which died has left in the store's journal, where the
   * storage still has its parts. The stream begins at the first byte all the same; parts that are
   * there are compared by their hash instead of sent. Where one differs the old upload is given up and
   * the call rejects with `conflict`: bytes sealed with one key must not be sent in two versions.
   * @default false
   */
  resume?: boolean;
  /** Stops the call; nothing is then visible under the key that was not there before. */
  signal?: AbortSignal;
}

/** What {@link SyncStore.head} tells of an object. */
export interface ObjectInfo {
  /** Opaque token of the content. */
  etag: string;
  /** Stored size in bytes. */
  size: number;
}

/**
 * What a store does with the condition of a write: it obeys it, overwrites in spite of it, or refuses
 * every request that carries one.
 */
export type ConditionSupport = "yes" | "ignored" | "refused";

/** One step of an upload, as {@link SyncStore.tryUpload} has tried it. */
export interface UploadTrial {
  /** The permission it takes, such as `s3:AbortMultipartUpload`. */
  action: string;
  /** What went wrong, if something did. */
  error?: HxError;
}

/** Where a vault's objects lie: a bucket, a folder, memory. Untrusted: it sees ciphertext only. */
export interface SyncStore {
  /** The store's URI as a user would type it; holds no secret. */
  readonly uri: string;

  /**
   * One page of the objects whose key starts with `prefix` (a plain string prefix, not a folder).
   *
   * Objects put or deleted while a listing goes on may be in it or not; all others are in it exactly
   * once. A prefix with no objects gives an empty page, not an error; a store that is not there at
   * all (no bucket, no folder) is `config`. May be repeated.
   */
  list(prefix: string, options?: ListOptions): Promise<ListPage>;

  /**
   * The bytes of one object. A missing one is `not-found`. May be repeated.
   *
   * The bytes delivered all belong to one version of the object, that of the ETag given; where the
   * object changes meanwhile the stream errors or delivers the old version whole.
   */
  get(key: string, options?: GetOptions): Promise<StoredObject>;

  /**
   * Stores an object whole or not at all: no reader ever sees a part of it under its key, however
   * the call ends, and once the call has returned the object survives a power cut.
   *
   * A stream is read once, in bounded memory. After a failure of a passing category the object may
   * or may not be there. Repeating is safe for the same bytes without conditions; with a condition a
   * repeat may answer `conflict` because the first try did arrive, so read the object back before a
   * conflict means anything. A store that cannot do conditions either answers `config` or ignores
   * them: never trust them for more than saving work.
   */
  putAtomic(
    key: string,
    body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
    options?: PutOptions,
  ): Promise<{ etag: string }>;

  /** ETag and size without the bytes; a missing object is `not-found`. May be repeated. */
  head(key: string, options?: { signal?: AbortSignal }): Promise<ObjectInfo>;

  /** Removes one object; one that is not there is no error. May be repeated. */
  delete(key: string, options?: { signal?: AbortSignal }): Promise<void>;

  /**
   * Tries what becomes of `ifNoneMatch` on a long stream, in stores where its end is a request of
   * another kind than a put of bytes. Others do not have this method: the answer is that of a put.
   *
   * The object `key` has to be there, and `bytes` have to be its content: where the condition is
   * ignored they are written once more.
   */
  probeLongPut?(
    key: string,
    bytes: Uint8Array<ArrayBuffer>,
    options?: { signal?: AbortSignal },
  ): Promise<ConditionSupport>;

  /**
   * Tries, one by one, the permissions that long uploads take, in stores where they are others than
   * those of a put: begins an upload of `key` and gives it up again. Nothing becomes visible.
   */
  tryUpload?(key: string, options?: { signal?: AbortSignal }): Promise<UploadTrial[]>;

  /**
   * Gives up the long uploads that runs which died have left in the store's journal, in stores where
   * such uploads leave something behind; answers with how many. May be repeated.
   *
   * `keep` tells the keys whose uploads are to be gone on with.
   */
  clearUploads?(
    options?: { keep?: (key: string) => boolean; signal?: AbortSignal },
  ): Promise<number>;
}
