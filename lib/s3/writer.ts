/**
 * Puts objects: small ones in one request, streams of more than a part in a multipart upload that
 * can be gone on with after a crash.
 *
 * @module
 */
import { HxError, isCategory } from "../errors.ts";
import type { ObjectInfo, OpenUpload, PutOptions, UploadJournal } from "../store/mod.ts";
import { incomplete } from "./download.ts";
import { Refusal } from "./errors.ts";
import { type EarlierUpload, giveUp, LostUpload, uploadParts } from "./multipart.ts";
import type { UploadRecord } from "./multipart.ts";
import { partBytesOf, PartReader } from "./parts.ts";
import type { Transport } from "./transport.ts";
import { abortUpload, listParts, listUploads } from "./upload_requests.ts";

/** What {@link Writer} works with. */
export interface WriterOptions {
  transport: Transport;
  /** What all keys of the store begin with in the bucket. */
  base: string;
  journal?: UploadJournal;
  /** The clock, in milliseconds since 1970. */
  clock: () => number;
  /** The store's own. */
  head: (key: string, options: { signal?: AbortSignal }) => Promise<ObjectInfo>;
}

/** What clearing uploads takes. */
export interface ClearUploadsOptions {
  /** Keys whose uploads are to be gone on with. */
  keep?: (key: string) => boolean;
  /**
   * Give up also what no journal here knows, if the storage tells that it was begun longer ago than
   * this, in milliseconds. Other devices upload below the same prefix: it has to be longer than any
   * upload takes. @default such uploads stay
   */
  staleMs?: number;
  /** Stops the call. */
  signal?: AbortSignal;
}

/** The writing half of an S3 store. Keys are the store's own. */
export class Writer {
  readonly #options: WriterOptions;
  /** Uploads that calls are at work on: nobody's leavings. */
  readonly #live = new Set<string>();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** One PUT. */
  async putBytes(
    key: string,
    body: Uint8Array<ArrayBuffer>,
    options: PutOptions,
  ): Promise<{ etag: string }> {
    const { transport, base } = this.#options;
    const headers = conditionsOf(options);
    const fresh = Object.keys(headers).length > 0;
    const call = {
      operation: "put",
      action: "s3:PutObject",
      method: "PUT",
      key: base + key,
      headers,
      body,
      fresh,
    } as const;
    return await transport.send(call, (answer) => {
      const etag = answer.headers.get("etag");
      if (etag === null) throw incomplete(key, "an ETag");
      return { etag };
    }, options.signal);
  }

  /** One PUT up to one part; else an upload, and a HEAD for the ETag: that of a completion is none. */
  async putStream(
    key: string,
    body: ReadableStream<Uint8Array>,
    options: PutOptions,
  ): Promise<{ etag: string }> {
    const { transport, base } = this.#options;
    const { signal } = options;
    let parts: PartReader | undefined;
    const mine = new Set<string>();
    try {
      const left = options.resume ? await this.#findEarlier(key, mine, signal) : undefined;
      parts = new PartReader(body, left?.partBytes ?? partBytesOf(options.size));
      const first = await parts.next(signal) ?? new Uint8Array();
      const second = first.length < parts.partBytes ? undefined : await parts.next(signal);
      const record = this.#recordOf(key, parts.partBytes, mine);
      if (second === undefined && (left?.known.size ?? 0) === 0) {
        if (left?.uploadId !== undefined) {
          const name = { key: base + key, uploadId: left.uploadId };
          await giveUp(transport, name, { record, signal });
        }
        return await this.putBytes(key, first, options);
      }
      await uploadParts(transport, {
        key: base + key,
        first: second === undefined ? [first] : [first, second],
        parts,
        conditions: conditionsOf(options),
        record,
        earlier: left,
        signal,
      });
      return { etag: (await this.#completed(key, signal)).etag };
    } catch (error) {
      if (parts !== undefined) parts.cancel(error);
      else body.cancel(error).catch(() => {});
      if (error instanceof LostUpload) return await this.#findLost(key, error, options);
      throw error;
    } finally {
      for (const uploadId of mine) this.#live.delete(uploadId);
    }
  }

  /** Gives up what runs that died have left; answers with how many uploads that were. */
  async clearUploads({ keep, staleMs, signal }: ClearUploadsOptions): Promise<number> {
    const { transport, base, journal } = this.#options;
    let count = 0;
    for (const { key, uploadId } of this.#leavings()) {
      if (keep?.(key)) continue;
      await abortUpload(transport, { key: base + key, uploadId }, { signal });
      journal?.ended(uploadId);
      count++;
    }
    if (staleMs === undefined) return count;
    const ours = new Set([...this.#live, ...journal?.open().map(({ uploadId }) => uploadId) ?? []]);
    for (const { key, uploadId, begunAt = Infinity } of await this.#listUploads(signal)) {
      const age = this.#options.clock() + (transport.skewMs ?? 0) - begunAt;
      if (ours.has(uploadId) || age <= staleMs || !key.startsWith(base)) continue;
      await abortUpload(transport, { key, uploadId }, { signal });
      count++;
    }
    return count;
  }

  /** None where they may not be listed, or the storage can't. */
  async #listUploads(signal: AbortSignal | undefined): ReturnType<typeof listUploads> {
    try {
      return await listUploads(this.#options.transport, signal);
    } catch (error) {
      if (isCategory(error, "auth") || isCategory(error, "config")) return [];
      throw error;
    }
  }

  /** The journalled uploads that no call is at work on. */
  #leavings(): OpenUpload[] {
    const open = this.#options.journal?.open() ?? [];
    return open.filter(({ uploadId }) => !this.#live.has(uploadId));
  }

  #recordOf(key: string, partBytes: number, mine: Set<string>): UploadRecord {
    const { journal } = this.#options;
    return {
      begun: (uploadId) => {
        this.#enlist(uploadId, mine);
        journal?.begun({ key, uploadId, partBytes });
      },
      sent: (uploadId, part) => journal?.sent(uploadId, part),
      ended: (uploadId) => journal?.ended(uploadId),
    };
  }

  #enlist(uploadId: string, mine: Set<string>): void {
    this.#live.add(uploadId);
    mine.add(uploadId);
  }

  /**
   * What was left of an upload of the key: the one that got farthest. Where the storage has it no
   * more, or can't list its parts, there is a new upload; what went out before still counts, so that
   * it is never sent in another version.
   */
  async #findEarlier(
    key: string,
    mine: Set<string>,
    signal: AbortSignal | undefined,
  ): Promise<EarlierUpload & { partBytes: number } | undefined> {
    const { transport, base, journal } = this.#options;
    const found = this.#leavings().filter((upload) => upload.key === key)
      .sort((a, b) => b.parts.length - a.parts.length)[0];
    if (found === undefined) return undefined;
    const { uploadId, partBytes } = found;
    const known = new Map(found.parts.map((part) => [part.number, part]));
    const name = { key: base + key, uploadId };
    this.#enlist(uploadId, mine);
    try {
      const listed = await listParts(transport, name, signal);
      const there = new Map(listed.map((part) => [part.number, part]));
      return { uploadId, partBytes, known, there };
    } catch (error) {
      if (isCategory(error, "not-found")) journal?.ended(uploadId);
      else if (isUnable(error)) {
        const record = this.#recordOf(key, partBytes, mine);
        await giveUp(transport, name, { record, signal });
      } else throw error;
      return { partBytes, known, there: new Map() };
    }
  }

  /** What was just completed: by a HEAD, whose 404 would be news here. */
  async #completed(key: string, signal: AbortSignal | undefined): Promise<ObjectInfo> {
    return await this.#options.head(key, { signal }).catch((error) => {
      if (!isCategory(error, "not-found")) throw error;
      throw new HxError("server", `the object ${key} is not there after its upload`, {
        hint: "someone else may have deleted it; it is safe to run again",
        cause: error,
      });
    });
  }

  /** Judges an upload that was gone when it was to be completed, by what lies under its key. */
  async #findLost(key: string, lost: LostUpload, options: PutOptions): Promise<ObjectInfo> {
    if (!lost.perhapsDone) throw lost;
    const found = await this.#options.head(key, { signal: options.signal }).catch((error) => {
      throw isCategory(error, "not-found") ? lost : error;
    });
    const { size, etags } = lost.sent;
    const parts = /-(\d+)"?$/.exec(found.etag)?.[1];
    const isOther = parts !== undefined && Number(parts) !== etags.length;
    if (found.size !== size || isOther) throw lost;
    if (options.ifMatch === undefined && options.ifNoneMatch === undefined) return found;
    throw new HxError("conflict", `the object ${key} is there, perhaps by this very upload`, {
      hint: "read it back to know",
      cause: lost,
    });
  }
}

/** Whether the storage does not list parts: it may not, it can't, or it answers something else. */
function isUnable(error: unknown): boolean {
  return isCategory(error, "auth") || isCategory(error, "config") ||
    (isCategory(error, "server") && !(error instanceof Refusal));
}

function conditionsOf({ ifMatch, ifNoneMatch }: PutOptions): Record<string, string> {
  return {
    ...(ifNoneMatch === undefined ? {} : { "if-none-match": ifNoneMatch }),
    ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
  };
}
