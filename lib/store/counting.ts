/**
 * A store that counts what it is asked.
 *
 * @module
 */
import { asHxError } from "../errors.ts";
import { Meter, type StoreObserver, type StoreOperation } from "./meter.ts";
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
  readonly #clock: () => number;

  /**
   * Wraps `inner`.
   *
   * @param inner the store that does the work
   * @param observer where to report
   * @param clock milliseconds since 1970
   */
  constructor(
    inner: SyncStore,
    observer: StoreObserver = new Meter(),
    clock: () => number = Date.now,
  ) {
    this.#inner = inner;
    this.#observer = observer;
    this.#clock = clock;
  }

  /** The wrapped store's. */
  get uri(): string {
    return this.#inner.uri;
  }

  /** Counts a `list`. */
  async list(prefix: string, options?: ListOptions): Promise<ListPage> {
    return await this.#asked("list", prefix, () => this.#inner.list(prefix, options));
  }

  /** Counts a `get`, and the bytes as they are read. */
  async get(key: string, options?: GetOptions): Promise<StoredObject> {
    const found = await this.#asked("get", key, () => this.#inner.get(key, options));
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
    if (body instanceof Uint8Array) this.#observer.sent(body.length);
    const counted = body instanceof Uint8Array ? body : guard(body, {
      what: `the body for ${key}`,
      onBytes: (bytes) => this.#observer.sent(bytes),
    });
    return await this.#asked("put", key, () => this.#inner.putAtomic(key, counted, options));
  }

  /** Counts a `head`. */
  async head(key: string, options?: { signal?: AbortSignal }): Promise<ObjectInfo> {
    return await this.#asked("head", key, () => this.#inner.head(key, options));
  }

  /** Counts a `delete`. */
  async delete(key: string, options?: { signal?: AbortSignal }): Promise<void> {
    await this.#asked("delete", key, () => this.#inner.delete(key, options));
  }

  /** Counts a call, and tells how it ended. */
  async #asked<T>(operation: StoreOperation, key: string, ask: () => Promise<T>): Promise<T> {
    this.#observer.request(operation);
    const start = this.#clock();
    const note = (outcome: string) => {
      const milliseconds = this.#clock() - start;
      this.#observer.note?.({ operation, key, attempt: 1, outcome, milliseconds });
    };
    try {
      const result = await ask();
      note("ok");
      return result;
    } catch (error) {
      note(asHxError(error).category);
      throw error;
    }
  }
}
