/**
 * A store in memory: for tests, and to see what a sync would do.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { abortError, throwIfAborted } from "./abort.ts";
import { etagOf } from "./etag.ts";
import { checkKey, checkPrefix } from "./keys.ts";
import { spanOf } from "./range.ts";
import { collect, guard, streamOf } from "./streams.ts";
import type {
  GetOptions,
  ListOptions,
  ListPage,
  ObjectInfo,
  PutOptions,
  StoredObject,
  SyncStore,
} from "./types.ts";

/** What {@link MemoryStore} takes. */
export interface MemoryStoreOptions {
  /** Behave as a provider that overwrites in spite of conditions. @default false */
  ignoreConditions?: boolean;
}

/** A {@link SyncStore} that keeps its objects in memory. */
export class MemoryStore implements SyncStore {
  /** Always `memory:`. */
  readonly uri = "memory:";
  /** What is stored, by key; tests may look and tamper. */
  readonly objects: Map<string, { bytes: Uint8Array<ArrayBuffer>; etag: string }> = new Map();
  readonly #ignoreConditions: boolean;

  /**
   * An empty store.
   *
   * @param options which provider to resemble
   */
  constructor(options: MemoryStoreOptions = {}) {
    this.#ignoreConditions = options.ignoreConditions ?? false;
  }

  /** One page, in key order; the continuation is the last key given. */
  // deno-lint-ignore require-await
  async list(prefix: string, options: ListOptions = {}): Promise<ListPage> {
    throwIfAborted(options.signal);
    checkPrefix(prefix);
    const after = options.continuation;
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && (after === undefined || key > after)).sort();
    const page = keys.slice(0, options.pageSize ?? 1000);
    const entries = page.map((key) => ({ key, ...this.#info(key) }));
    const last = page.at(-1);
    return last !== undefined && page.length < keys.length
      ? { entries, continuation: last }
      : { entries };
  }

  /** The object's bytes; later changes do not reach a body already given. */
  // deno-lint-ignore require-await
  async get(key: string, options: GetOptions = {}): Promise<StoredObject> {
    throwIfAborted(options.signal);
    checkKey(key);
    const found = this.#find(key);
    if (options.ifMatch !== undefined && options.ifMatch !== found.etag) throw changed(key);
    const span = spanOf(key, found.bytes.length, options);
    const body = guard(streamOf(found.bytes.subarray(span.start, span.stop)), {
      what: `the object ${key}`,
      signal: options.signal,
    });
    return { etag: found.etag, size: found.bytes.length, body };
  }

  /** Stores a copy of the bytes. */
  async putAtomic(
    key: string,
    body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
    options: PutOptions = {},
  ): Promise<{ etag: string }> {
    throwIfAborted(options.signal);
    checkKey(key);
    const bytes = body instanceof Uint8Array
      ? body.slice()
      : await collect(body, { signal: options.signal, what: `the body for ${key}` });
    const etag = await etagOf(bytes);
    if (options.signal?.aborted) throw abortError(options.signal);
    if (!this.#ignoreConditions) this.#checkConditions(key, options);
    this.objects.set(key, { bytes, etag });
    return { etag };
  }

  /** ETag and size. */
  // deno-lint-ignore require-await
  async head(key: string, options: { signal?: AbortSignal } = {}): Promise<ObjectInfo> {
    throwIfAborted(options.signal);
    checkKey(key);
    return this.#info(key);
  }

  /** Removes the object. */
  // deno-lint-ignore require-await
  async delete(key: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    throwIfAborted(options.signal);
    checkKey(key);
    this.objects.delete(key);
  }

  #find(key: string): { bytes: Uint8Array<ArrayBuffer>; etag: string } {
    const found = this.objects.get(key);
    if (found === undefined) throw new HxError("not-found", `the store has no object ${key}`);
    return found;
  }

  #info(key: string): ObjectInfo {
    const { bytes, etag } = this.#find(key);
    return { etag, size: bytes.length };
  }

  #checkConditions(key: string, options: PutOptions): void {
    const found = this.objects.get(key);
    if (options.ifNoneMatch !== undefined && found !== undefined) {
      throw new HxError("conflict", `the object ${key} exists already`);
    }
    if (options.ifMatch !== undefined && options.ifMatch !== found?.etag) throw changed(key);
  }
}

function changed(key: string): HxError {
  return new HxError("conflict", `the object ${key} is not the version that was expected`);
}
