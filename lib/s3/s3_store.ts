/**
 * A store in an S3 bucket, or in a part of one.
 *
 * @module
 */
import { HxError, isCategory } from "../errors.ts";
import {
  checkKey,
  checkPrefix,
  checkRange,
  type GetOptions,
  type ListOptions,
  type ListPage,
  type ObjectInfo,
  type PutOptions,
  type StoredObject,
  type SyncStore,
  throwIfAborted,
} from "../store/mod.ts";
import { incomplete, numberOf, objectOf } from "./download.ts";
import { LostUpload, PART_BYTES, uploadParts } from "./multipart.ts";
import { PartReader } from "./parts.ts";
import { Transport, type TransportOptions } from "./transport.ts";
import { resuming } from "./resume.ts";
import { backoffMs } from "./retry.ts";
import { formatStoreUri } from "./uri.ts";
import { parseListAnswer } from "./xml.ts";

/** What {@link S3Store} takes. */
export interface S3StoreOptions extends TransportOptions {
  /** Largest listing page to ask for. @default 1000 */
  pageSize?: number;
}

/** A {@link SyncStore} over S3's HTTP interface. Close it when done. */
export class S3Store implements SyncStore {
  /** The store's URI; holds no secret. */
  readonly uri: string;
  readonly #options: S3StoreOptions;
  readonly #transport: Transport;
  /** The prefix with its slash, so that `team/hx` has nothing to do with `team/hx2`. */
  readonly #base: string;

  /**
   * Sends nothing yet.
   *
   * @param options where, who, and the machine's clock, chance and network
   */
  constructor(options: S3StoreOptions) {
    this.uri = formatStoreUri(options.location);
    this.#options = options;
    this.#transport = new Transport(options);
    this.#base = options.location.prefix === "" ? "" : `${options.location.prefix}/`;
  }

  /** Closes the connections. */
  close(): void {
    this.#options.fetch.close();
  }

  /** One page as the server gives it; the continuation is the server's token. */
  async list(prefix: string, options: ListOptions = {}): Promise<ListPage> {
    throwIfAborted(options.signal);
    checkPrefix(prefix);
    const full = this.#base + prefix;
    const { continuation, pageSize = this.#options.pageSize ?? 1000 } = options;
    const query: [string, string][] = [
      ["list-type", "2"],
      ["encoding-type", "url"],
      ["max-keys", String(Math.min(pageSize, 1000))],
      ["prefix", full],
    ];
    if (continuation !== undefined) query.push(["continuation-token", continuation]);
    const page = await this.#transport.send({
      operation: "list",
      action: "s3:ListBucket",
      target: `${this.#options.location.bucket}/${full}*`,
      method: "GET",
      query,
      read: async (response) => parseListAnswer(await this.#transport.textOf(response)),
    }, options.signal);
    if (continuation !== undefined && page.continuation === continuation) {
      throw new HxError("server", `listing ${full}*: the storage repeats a continuation token`);
    }
    const entries = page.entries.filter(({ key }) => key.startsWith(full) && this.#isOurs(key))
      .map((entry) => ({ ...entry, key: entry.key.slice(this.#base.length) }));
    return page.continuation === undefined
      ? { entries }
      : { entries, continuation: page.continuation };
  }

  /** The object as a stream that is checked for its size, and goes on after a broken connection. */
  async get(key: string, options: GetOptions = {}): Promise<StoredObject> {
    throwIfAborted(options.signal);
    checkRange(key, options.range);
    const first = await this.#getOnce(key, options);
    const { range, signal } = options;
    const { random, sleep, observer } = this.#options;
    const reopen = async (seen: number, count: number): Promise<StoredObject> => {
      await sleep(backoffMs(count, { attempts: 0 }, random()), signal);
      observer?.retry();
      const rest = { start: (range?.start ?? 0) + seen, end: range?.end };
      return await this.#getOnce(key, { range: rest, ifMatch: first.etag, signal });
    };
    return { ...first, body: resuming(first, { key, reopen }) };
  }

  /** One request, and the body as far as it carries. */
  async #getOnce(key: string, options: GetOptions): Promise<StoredObject> {
    const full = this.#fullKey(key);
    const { range, ifMatch } = options;
    const headers: Record<string, string> = {};
    if (range !== undefined) headers["range"] = `bytes=${range.start}-${range.end ?? ""}`;
    if (ifMatch !== undefined) headers["if-match"] = ifMatch;
    const purpose = this.#transport.purposeOf({ action: "s3:GetObject", key: full });
    const onBytes = (bytes: number) => this.#options.observer?.received(bytes);
    return await this.#transport.send({
      operation: "get",
      action: purpose.action,
      method: "GET",
      key: full,
      headers,
      streams: true,
      read: (response, deadline) =>
        objectOf(response, deadline, { key, options, purpose, onBytes }),
    }, options.signal);
  }

  /**
   * One PUT up to one part (8 MiB) of a stream, or for bytes of any size; else a multipart upload of
   * at most 78 GiB, whose ETag costs one HEAD more.
   */
  async putAtomic(
    key: string,
    body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
    options: PutOptions = {},
  ): Promise<{ etag: string }> {
    throwIfAborted(options.signal);
    const full = this.#fullKey(key);
    try {
      if (body instanceof Uint8Array) return await this.#putBytes(full, body, options);
      return await this.#putStream(key, full, body, options);
    } catch (error) {
      // Some servers answer 404 to If-Match on a key that is not there.
      if (options.ifMatch === undefined || !isCategory(error, "not-found")) throw error;
      throw new HxError("conflict", `the object ${key} is not there any more`, { cause: error });
    }
  }

  /** ETag and size from a HEAD; where that is refused, a GET of one byte asks why. */
  async head(key: string, options: { signal?: AbortSignal } = {}): Promise<ObjectInfo> {
    throwIfAborted(options.signal);
    const full = this.#fullKey(key);
    try {
      return await this.#transport.send({
        operation: "head",
        action: "s3:GetObject",
        method: "HEAD",
        key: full,
        read: (response) => Promise.resolve(infoOf(key, response)),
      }, options.signal);
    } catch (error) {
      if (isCategory(error, "auth") || isCategory(error, "config")) {
        const range = { start: 0, end: 0 };
        const { body } = await this.get(key, { range, signal: options.signal });
        await body.cancel();
      }
      throw error;
    }
  }

  /** Removes the object; of a versioned bucket, its current version. */
  async delete(key: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    throwIfAborted(options.signal);
    const full = this.#fullKey(key);
    try {
      await this.#transport.send({
        operation: "delete",
        action: "s3:DeleteObject",
        method: "DELETE",
        key: full,
        read: async (response) => await response.body?.cancel(),
      }, options.signal);
    } catch (error) {
      if (!isCategory(error, "not-found")) throw error;
    }
  }

  async #putBytes(
    full: string,
    body: Uint8Array<ArrayBuffer>,
    options: PutOptions,
  ): Promise<{ etag: string }> {
    const headers = conditionsOf(options);
    return await this.#transport.send({
      operation: "put",
      action: "s3:PutObject",
      method: "PUT",
      key: full,
      headers,
      body,
      fresh: Object.keys(headers).length > 0,
      async read(response) {
        await response.body?.cancel();
        const etag = response.headers.get("etag");
        if (etag === null) throw incomplete(full, "an ETag");
        return { etag };
      },
    }, options.signal);
  }

  async #putStream(
    key: string,
    full: string,
    body: ReadableStream<Uint8Array>,
    options: PutOptions,
  ): Promise<{ etag: string }> {
    const { signal } = options;
    const parts = new PartReader(body, PART_BYTES);
    try {
      const first = await parts.next(signal) ?? new Uint8Array();
      const second = first.length < PART_BYTES ? undefined : await parts.next(signal);
      if (second === undefined) return await this.#putBytes(full, first, options);
      const conditions = conditionsOf(options);
      await uploadParts(this.#transport, {
        key: full,
        first: [first, second],
        parts,
        conditions,
        ...(signal === undefined ? {} : { signal }),
      });
      return { etag: (await this.head(key, { signal })).etag };
    } catch (error) {
      parts.cancel(error);
      if (error instanceof LostUpload) return await this.#findLost(key, error, options);
      throw error;
    }
  }

  /** Judges an upload that was gone when it was to be completed, by what lies under its key. */
  async #findLost(key: string, lost: LostUpload, options: PutOptions): Promise<{ etag: string }> {
    const found = await this.head(key, { signal: options.signal }).catch((error) => {
      throw isCategory(error, "not-found") ? lost : error;
    });
    if (found.size !== lost.size) throw lost;
    if (options.ifMatch === undefined && options.ifNoneMatch === undefined) return found;
    throw new HxError("conflict", `the object ${key} is there, perhaps by this very upload`, {
      cause: lost,
    });
  }

  #fullKey(key: string): string {
    checkKey(key);
    const full = this.#base + key;
    checkKey(full);
    return full;
  }

  /** Whether a key of the bucket can be one of this store: folder markers and the like are not. */
  #isOurs(full: string): boolean {
    try {
      checkKey(full);
      return full.length > this.#base.length;
    } catch {
      return false;
    }
  }
}

function conditionsOf(options: PutOptions): Record<string, string> {
  return {
    ...(options.ifNoneMatch === undefined ? {} : { "if-none-match": options.ifNoneMatch }),
    ...(options.ifMatch === undefined ? {} : { "if-match": options.ifMatch }),
  };
}

function infoOf(key: string, response: Response): ObjectInfo {
  const etag = response.headers.get("etag");
  if (etag === null) throw incomplete(key, "an ETag");
  const size = numberOf(response.headers.get("content-length"));
  if (size === undefined) throw incomplete(key, "a Content-Length");
  return { etag, size };
}
