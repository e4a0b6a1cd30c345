/**
 * Multipart uploads: objects larger than one part, in bounded memory, visible whole or not at all.
 *
 * @module
 */
import { asHxError, HxError, isCategory } from "../errors.ts";
import { Failure, failureOf } from "./errors.ts";
import type { PartReader } from "./parts.ts";
import type { Transport } from "./transport.ts";
import { completeBody, parseCompleteAnswer, parseUploadId } from "./xml.ts";

/**
 * Bytes of every part but the last. A stream does not tell its length, so parts cannot grow with it:
 * with {@link MAX_PARTS} parts an object ends at 78 GiB.
 */
export const PART_BYTES = 8 * 1024 * 1024;

/** S3's limit. */
export const MAX_PARTS = 10_000;

/** What {@link uploadParts} sends. */
export interface Upload {
  /** Key in the bucket. */
  key: string;
  /** The parts read already, at least two of them unless a part follows. */
  first: Uint8Array<ArrayBuffer>[];
  /** What follows them. */
  parts: PartReader;
  /** `if-match` or `if-none-match`, for the last step. */
  conditions: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/**
 * Uploads all parts and completes the object; answers with its size in bytes. Whatever goes wrong,
 * the parts are removed again.
 *
 * @throws {HxError} as the transport; `config` where there are too many parts; `not-found` where the
 * upload is gone at the end, as it is when a completion arrived whose answer was lost
 */
export async function uploadParts(transport: Transport, upload: Upload): Promise<number> {
  const { key, signal } = upload;
  const uploadId = await create(transport, key, signal);
  let done = false;
  try {
    const { etags, size } = await sendParts(transport, uploadId, upload);
    await complete(transport, uploadId, etags, upload).catch((error) => {
      throw isCategory(error, "not-found") ? new LostUpload(error.message, size) : error;
    });
    done = true;
    return size;
  } finally {
    if (!done) await abort(transport, key, uploadId);
  }
}

/** The upload was gone when it was to be completed: perhaps an earlier try did complete it. */
export class LostUpload extends HxError {
  /** Bytes that were uploaded. */
  readonly size: number;

  constructor(message: string, size: number) {
    super("server", message, { hint: "it is safe to run again" });
    this.size = size;
  }
}

async function create(transport: Transport, key: string, signal?: AbortSignal): Promise<string> {
  return await transport.send({
    operation: "put",
    action: "s3:PutObject",
    method: "POST",
    key,
    query: [["uploads", ""]],
    fresh: true,
    read: async (response) => parseUploadId(await transport.textOf(response)),
  }, signal);
}

/** Sends each part while the next one is read: two parts in memory, one being read. */
async function sendParts(
  transport: Transport,
  uploadId: string,
  upload: Upload,
): Promise<{ etags: string[]; size: number }> {
  const stop = new AbortController();
  const signal = upload.signal === undefined
    ? stop.signal
    : AbortSignal.any([upload.signal, stop.signal]);
  const etags: string[] = [];
  const waiting = [...upload.first];
  let size = 0;
  let part = waiting.shift();
  while (part !== undefined) {
    if (etags.length === MAX_PARTS) throw tooLarge();
    size += part.length;
    const sending = sendPart(transport, upload.key, uploadId, etags.length + 1, part, signal);
    const reading = waiting.length > 0 ? waiting.shift() : upload.parts.next(signal);
    const [etag, next] = await both(sending, Promise.resolve(reading), stop);
    etags.push(etag);
    part = next;
  }
  return { etags, size };
}

/** Both results; where one fails the other is stopped and waited for, and the first error thrown. */
async function both<A, B>(
  a: Promise<A>,
  b: Promise<B>,
  stop: AbortController,
): Promise<[A, B]> {
  try {
    return await Promise.all([a, b]);
  } catch (error) {
    stop.abort(asHxError(error));
    await Promise.allSettled([a, b]);
    throw error;
  }
}

async function sendPart(
  transport: Transport,
  key: string,
  uploadId: string,
  number: number,
  body: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<string> {
  return await transport.send({
    operation: "put",
    action: "s3:PutObject",
    method: "PUT",
    key,
    query: [["partNumber", String(number)], ["uploadId", uploadId]],
    body,
    async read(response) {
      await response.body?.cancel();
      const etag = response.headers.get("etag");
      if (etag === null) throw new HxError("server", "the storage gave a part no ETag");
      return etag;
    },
  }, signal);
}

async function complete(
  transport: Transport,
  uploadId: string,
  etags: string[],
  { key, conditions, signal }: Upload,
): Promise<void> {
  const action = "s3:PutObject";
  await transport.send({
    operation: "put",
    action,
    method: "POST",
    key,
    query: [["uploadId", uploadId]],
    headers: conditions,
    body: new TextEncoder().encode(completeBody(etags)),
    fresh: true,
    async read(response) {
      const body = await transport.textOf(response);
      if (parseCompleteAnswer(body) === undefined) return;
      const { status } = response;
      const failure = failureOf(transport.purposeOf({ action, key }), {
        status,
        body,
        retryAfter: null,
      });
      throw new Failure(failure.error, failure.retry, failure.code);
    },
  }, signal);
}

/** Not stopped by the caller's signal: it is what cleans up after that. */
async function abort(transport: Transport, key: string, uploadId: string): Promise<void> {
  try {
    await transport.send({
      operation: "delete",
      action: "s3:AbortMultipartUpload",
      method: "DELETE",
      key,
      query: [["uploadId", uploadId]],
      read: async (response) => await response.body?.cancel(),
    }, AbortSignal.timeout(ABORT_MS));
  } catch {
    // The parts stay until the bucket's own clean-up; the error that led here matters more.
  }
}

const ABORT_MS = 10_000;

function tooLarge(): HxError {
  const gib = Math.floor(PART_BYTES * MAX_PARTS / 1024 ** 3);
  return new HxError("config", `the object is larger than the ${gib} GiB that one upload holds`, {
    hint: "split the file",
  });
}
