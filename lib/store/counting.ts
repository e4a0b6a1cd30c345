/**
 * A store that counts what it is asked.
 *
 * @module
 */
import { Meter, type StoreObserver } from "./meter.ts";
import { guard } from "./streams.ts";
import type {
  GetOptions,
  ListOptions,
  ListPage,
  ObjectInfo,
  PutOptions,
  StoredObject,
  SyncStore,
} from "./types.ts";

/**
 * Wraps a store that has no transport of its own (memory, folder) and reports one request a call.
 * An `S3Store` reports its HTTP requests to the same kind of observer itself: do not wrap it, or
 * every call counts twice.
 */
export class CountingStore implements SyncStore {
  readonly #inner: SyncStore;
  readonly #observer: StoreObserver;

  /**
   * Wraps `inner`.
   *
   * @param inner the store that does the work
   * @param observer where to report
   */
  constructor(inner: SyncStore, observer: StoreObserver = new Meter()) {
    this.#inner = inner;
    this.#observer = observer;
  }

  /** The wrapped store's. */
  get uri(): string {
    return this.#inner.uri;
  }

  /** Counts a `list`. */
  async list(prefix: string, options?: ListOptions): Promise<ListPage> {
    this.#observer.request("list");
    return await this.#inner.list(prefix, options);
  }

  /** Counts a `get`, and the bytes as they are read. */
  async get(key: string, options?: GetOptions): Promise<StoredObject> {
    this.#observer.request("get");
    const found = await this.#inner.get(key, options);
    const body = guard(found.body, {
      what: `the object ${key}`,
      onBytes: (bytes) => this.#observer.received(bytes),
    });
    return { ...found, body };
  }

  /** Counts a `put`, and the bytes that the store takes. */
  async putAtomic(
    key: string,
    body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
    options?: PutOptions,
  ): Promise<{ etag: string }> {
    this.#observer.request("put");
    if (body instanceof Uint8Array) {
      this.#observer.sent(body.length);
      return await this.#inner.putAtomic(key, body, options);
    }
    const counted = guard(body, {
      what: `the body for ${key}`,
      onBytes: (bytes) => this.#observer.sent(bytes),
    });
    return await this.#inner.putAtomic(key, counted, options);
  }

  /** Counts a `head`. */
  async head(key: string, options?: { signal?: AbortSignal }): Promise<ObjectInfo> {
    this.#observer.request("head");
    return await this.#inner.head(key, options);
  }

  /** Counts a `delete`. */
  async delete(key: string, options?: { signal?: AbortSignal }): Promise<void> {
    this.#observer.request("delete");
    await this.#inner.delete(key, options);
  }
}
