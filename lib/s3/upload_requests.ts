/**
 * The requests of multipart uploads, each by itself.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { Failure, failureOf, isRefusal } from "./errors.ts";
import type { Transport } from "./transport.ts";
import {
  completeBody,
  type ListedPart,
  type ListedUpload,
  parseCompleteAnswer,
  parsePartsAnswer,
  parseUploadId,
  parseUploadsAnswer,
} from "./xml.ts";

/** One upload: the key in the bucket, and the storage's name for it. */
export interface UploadName {
  key: string;
  uploadId: string;
}

/** One part on its way. */
export interface Part {
  /** From 1. */
  number: number;
  body: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the body, in hex. */
  sha256: string;
}

const PUT = { operation: "put", action: "s3:PutObject" } as const;

/** The storage carries an upload's parts together before it answers; at 16 MiB a second, we suppose. */
const COMPLETE_SHARE = 1 / 1024;

/** Begins an upload; answers with the storage's name for it. */
export async function createUpload(
  transport: Transport,
  key: string,
  signal?: AbortSignal,
): Promise<string> {
  const query = [["uploads", ""]] as const;
  const call = { ...PUT, method: "POST", key, query, fresh: true, answers: true } as const;
  return await transport.send(call, ({ text }) => parseUploadId(text), signal);
}

/** Sends a part; answers with its ETag. */
export async function putPart(
  transport: Transport,
  { key, uploadId }: UploadName,
  { number, body, sha256 }: Part,
  signal: AbortSignal,
): Promise<string> {
  const query = [["partNumber", String(number)], ["uploadId", uploadId]] as const;
  return await transport.send({ ...PUT, method: "PUT", key, query, body, sha256 }, (answer) => {
    const etag = answer.headers.get("etag");
    if (etag === null) throw new HxError("server", "the storage gave a part no ETag");
    return etag;
  }, signal);
}

/** How an upload ends. */
export interface Completion {
  /** Those of all parts, in their order. */
  etags: readonly string[];
  /** Bytes in all. */
  size: number;
  /** `if-match` or `if-none-match`. */
  conditions: Readonly<Record<string, string>>;
  /** Called before each try. */
  onTry: () => void;
}

/** Makes the object of the parts; the answer's status is 200 for an error as well. */
export async function completeUpload(
  transport: Transport,
  { key, uploadId }: UploadName,
  { etags, size, conditions, onTry }: Completion,
  signal?: AbortSignal,
): Promise<void> {
  const call = {
    ...PUT,
    method: "POST",
    key,
    query: [["uploadId", uploadId]],
    headers: conditions,
    body: new TextEncoder().encode(completeBody(etags)),
    fresh: true,
    answers: true,
    workBytes: size * COMPLETE_SHARE,
    onTry,
  } as const;
  await transport.send(call, ({ status, text }) => {
    if (parseCompleteAnswer(text) === undefined) return;
    const { error, retry } = failureOf(transport.purposeOf(call), {
      status,
      body: text,
      retryAfter: null,
    });
    throw new Failure(error, retry);
  }, signal);
}

/**
 * Gives an upload up, and its parts with it; one that is gone already is no error.
 *
 * @param options `timeoutMs`: instead of the transport's
 */
export async function abortUpload(
  transport: Transport,
  { key, uploadId }: UploadName,
  { signal, timeoutMs }: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined } = {},
): Promise<void> {
  const call = {
    operation: "delete",
    action: "s3:AbortMultipartUpload",
    method: "DELETE",
    key,
    query: [["uploadId", uploadId]],
    timeoutMs,
  } as const;
  await transport.send(call, () => {}, signal).catch((error) => {
    if (!isRefusal(error, "NoSuchUpload")) throw error;
  });
}

/** The parts of an upload that the storage has. */
export async function listParts(
  transport: Transport,
  { key, uploadId }: UploadName,
  signal?: AbortSignal,
): Promise<ListedPart[]> {
  const found: ListedPart[] = [];
  let marker: string | undefined;
  do {
    const query: [string, string][] = [["uploadId", uploadId]];
    if (marker !== undefined) query.push(["part-number-marker", marker]);
    const call = {
      operation: "list",
      action: "s3:ListMultipartUploadParts",
      method: "GET",
      key,
      query,
      answers: true,
    } as const;
    const page = await transport.send(call, ({ text }) => parsePartsAnswer(text), signal);
    found.push(...page.parts);
    if (page.next !== undefined && Number(page.next) <= Number(marker ?? 0)) throw looping();
    marker = page.next;
  } while (marker !== undefined);
  return found;
}

/**
 * The uploads of the bucket that are neither completed nor given up. All of them: MinIO takes a
 * prefix here for a whole key.
 */
export async function listUploads(
  transport: Transport,
  signal?: AbortSignal,
): Promise<ListedUpload[]> {
  const found: ListedUpload[] = [];
  const seen = new Set<string>();
  let next: readonly [string, string][] | undefined = [];
  while (next !== undefined) {
    const query: [string, string][] = [["uploads", ""], ["encoding-type", "url"], ...next];
    const call = {
      operation: "list",
      action: "s3:ListBucketMultipartUploads",
      method: "GET",
      query,
      answers: true,
    } as const;
    const page = await transport.send(call, ({ text }) => parseUploadsAnswer(text), signal);
    found.push(...page.uploads);
    next = page.next;
    const mark = JSON.stringify(next);
    if (next !== undefined && seen.has(mark)) throw looping();
    seen.add(mark);
  }
  return found;
}

function looping(): HxError {
  return new HxError("server", "the storage's listing of an upload goes round in circles");
}
