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
  type ConditionSupport,
  type GetOptions,
  type ListOptions,
  type ListPage,
  type ObjectInfo,
  type PutOptions,
  type StoredObject,
  type SyncStore,
  throwIfAborted,
  type UploadJournal,
  type UploadTrial,
} from "../store/mod.ts";
import type { TransportOptions } from "./call.ts";
import { incomplete, numberOf, type Opened, openedOf } from "./download.ts";
import { Refusal } from "./errors.ts";
import { listPage } from "./listing.ts";
import { probeComplete } from "./probe.ts";
import { resuming } from "./resume.ts";
import { backoffMs } from "./retry.ts";
import { Transport } from "./transport.ts";
import { formatStoreUri } from "./uri.ts";
import { type ClearUploadsOptions, Writer } from "./writer.ts";

/** What {@link S3Store} takes. */
export interface S3StoreOptions extends TransportOptions {
  /** Largest listing page to ask for. @default 1000 */
  pageSize?: number;
  /** Where long uploads are remembered, to be gone on with or cleared after a crash. */
  journal?: UploadJournal;
}

/** What a store has found out about its server; for the caller to keep, or to show. */
export interface Findings {
  /** The bucket's region, where the location had another one. */
  region?: string;
  /** The server's clock less this machine's, in milliseconds, by its last answer. */
  skewMs?: number;
}

/** A {@link SyncStore} over S3's HTTP interface. Close it when done. */
export class S3Store implements SyncStore {
  /** The store's URI; holds no secret. */
  readonly uri: string;
  readonly #options: S3StoreOptions;
  readonly #transport: Transport;
  readonly #writer: Writer;
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
    const { journal, clock } = options;
    this.#writer = new Writer({
      transport: this.#transport,
      base: this.#base,
      clock,
      head: (key, headOptions) => this.head(key, headOptions),
      ...(journal === undefined ? {} : { journal }),
    });
  }

  /** What the answers so far have told of the server. */
  get findings(): Findings {
    const { location: { region }, skewMs } = this.#transport;
    return {
      ...(region === this.#options.location.region ? {} : { region }),
      ...(skewMs === undefined ? {} : { skewMs }),
    };
  }

  /** Closes the connections. */
  close(): void {
    this.#options.fetch.close();
  }

  /** One page as the server gives it; the continuation is the server's token. */
  async list(prefix: string, options: ListOptions = {}): Promise<ListPage> {
    throwIfAborted(options.signal);
    checkPrefix(prefix);
    const pageSize = options.pageSize ?? this.#options.pageSize;
    return await listPage(this.#transport, this.#base, prefix, { ...options, pageSize });
  }

  /**
   * The object as a stream that is checked for its size, and goes on after a broken connection or
   * one that fell silent, as often as needed while each time brings some bytes.
   */
  async get(key: string, options: GetOptions = {}): Promise<StoredObject> {
    throwIfAborted(options.signal);
    checkRange(key, options.range);
    const { random, sleep, observer } = this.#options;
    const first = await this.#open(key, options);
    const { etag, size } = first;
    const end = options.range?.end;
    const reopen = async (start: number, count: number, cancelled: AbortSignal) => {
      const signal = options.signal === undefined
        ? cancelled
        : AbortSignal.any([options.signal, cancelled]);
      await sleep(backoffMs(count, { attempts: 0 }, random()), signal);
      observer?.retry();
      return await this.#open(key, { range: { start, end }, ifMatch: etag, signal }, true);
    };
    return { etag, size, body: resuming(first, { key, reopen }) };
  }

  /** One request, and the body as far as it carries. */
  async #open(key: string, options: GetOptions, wholeWillDo = false): Promise<Opened> {
    const full = this.#fullKey(key);
    const { range, ifMatch, maxBytes } = options;
    const headers: Record<string, string> = {};
    if (range !== undefined) headers["range"] = `bytes=${range.start}-${range.end ?? ""}`;
    if (ifMatch !== undefined) headers["if-match"] = ifMatch;
    const call = {
      operation: "get",
      action: "s3:GetObject",
      method: "GET",
      key: full,
      headers,
    } as const;
    const purpose = this.#transport.purposeOf(call);
    const onBytes = (bytes: number) => this.#options.observer?.received(bytes);
    const download = { key, range, ifMatch, maxBytes, purpose, wholeWillDo, onBytes };
    return await this.#transport.open(
      call,
      (response, live) => openedOf(response, live, download),
      options.signal,
    );
  }

  /**
   * One PUT up to one part (8 MiB) of a stream, or for bytes of any size; else a multipart upload,
   * whose ETag costs one HEAD more. Without `size` it holds 78 GiB at most.
   */
  async putAtomic(
    key: string,
    body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
    options: PutOptions = {},
  ): Promise<{ etag: string }> {
    throwIfAborted(options.signal);
    this.#fullKey(key);
    try {
      if (body instanceof Uint8Array) return await this.#writer.putBytes(key, body, options);
      return await this.#writer.putStream(key, body, options);
    } catch (error) {
      // Some servers answer 404 to If-Match on a key that is not there.
      if (options.ifMatch === undefined || !isCategory(error, "not-found")) throw error;
      throw new HxError("conflict", `the object ${key} is not there any more`, { cause: error });
    }
  }

  /**
   * ETag and size from a HEAD. Its refusals carry no code, so what they mean is asked with a GET of
   * one byte; so is a 404 while nothing has shown yet that the credentials are good and the bucket is
   * there, since some servers answer 404 to an unknown access key.
   */
  async head(key: string, options: { signal?: AbortSignal } = {}): Promise<ObjectInfo> {
    throwIfAborted(options.signal);
    const { signal } = options;
    const call = {
      operation: "head",
      action: "s3:GetObject",
      method: "HEAD",
      key: this.#fullKey(key),
    } as const;
    const ask = () => this.#transport.send(call, ({ headers }) => infoOf(key, headers), signal);
    try {
      return await ask();
    } catch (error) {
      const unclear = isCategory(error, "auth") || isCategory(error, "config") ||
        (isCategory(error, "not-found") && !this.#transport.proven);
      if (!unclear || !(error instanceof Refusal)) throw error;
      await this.#askWhy(key, signal);
      // What was refused may be mended now: expired credentials are renewed when a code says so.
      return await ask();
    }
  }

  /** Reads one byte, for the error that it brings. */
  async #askWhy(key: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      const { body } = await this.#open(key, { range: { start: 0, end: 0 }, signal });
      await body.cancel();
    } catch (error) {
      const isEmpty = error instanceof Refusal && error.status === 416;
      if (!isEmpty) throw error;
    }
  }

  /** Removes the object; of a versioned bucket, its current version. */
  async delete(key: string, options: { signal?: AbortSignal } = {}): Promise<void> {
    throwIfAborted(options.signal);
    const call = {
      operation: "delete",
      action: "s3:DeleteObject",
      method: "DELETE",
      key: this.#fullKey(key),
    } as const;
    try {
      await this.#transport.send(call, () => {}, options.signal);
    } catch (error) {
      if (!isCategory(error, "not-found")) throw error;
    }
  }

  /** As {@link SyncStore.probeLongPut}: a completion of one small part. */
  async probeLongPut(
    key: string,
    bytes: Uint8Array<ArrayBuffer>,
    options: { signal?: AbortSignal } = {},
  ): Promise<ConditionSupport> {
    throwIfAborted(options.signal);
    return await probeComplete(this.#transport, this.#fullKey(key), bytes, options.signal);
  }

  /** As {@link SyncStore.tryUpload}: begins an upload, looks at it, and gives it up. */
  async tryUpload(
    key: string,
    options: { signal?: AbortSignal } = {},
  ): Promise<UploadTrial[]> {
    throwIfAborted(options.signal);
    const { tryUpload } = await import("./upload_trial.ts");
    return await tryUpload(this.#transport, this.#fullKey(key), options.signal);
  }

  /**
   * Gives up the uploads in the journal that runs which died have left, so that their parts cost
   * nothing more, but for those to keep. What can't be given up now stays in the journal.
   *
   * @returns how many uploads were given up
   * @throws {HxError} as {@link S3Store.delete}
   */
  async clearUploads(options: ClearUploadsOptions = {}): Promise<number> {
    throwIfAborted(options.signal);
    return await this.#writer.clearUploads(options);
  }

  #fullKey(key: string): string {
    checkKey(key);
    const full = this.#base + key;
    checkKey(full);
    return full;
  }
}

function infoOf(key: string, headers: Headers): ObjectInfo {
  const etag = headers.get("etag");
  if (etag === null) throw incomplete(key, "an ETag");
  const size = numberOf(headers.get("content-length"));
  if (size === undefined) throw incomplete(key, "a Content-Length");
  return { etag, size };
}
