/**
 * Trying the permissions that long uploads take, without a byte of content.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { throwIfAborted, type UploadTrial } from "../store/mod.ts";
import type { Transport } from "./transport.ts";
import { HURRY_MS } from "./multipart.ts";
import { abortUpload, createUpload, listParts, listUploads } from "./upload_requests.ts";

/**
 * Begins an upload, lists its parts and the bucket's uploads, and gives it up: four requests, each
 * tried whatever became of the one before, as far as that makes sense.
 *
 * @param key key in the bucket
 * @throws {HxError} `interrupted`; what else goes wrong is in the answer
 */
export async function tryUpload(
  transport: Transport,
  key: string,
  signal?: AbortSignal,
): Promise<UploadTrial[]> {
  const trials: UploadTrial[] = [];
  const attempt = async <T>(action: string, ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      const result = await ask();
      trials.push({ action });
      return result;
    } catch (error) {
      if (!(error instanceof HxError)) throw error;
      trials.push({ action, error });
      return undefined;
    }
  };
  const uploadId = await attempt("s3:PutObject", () => createUpload(transport, key, signal));
  if (uploadId === undefined) return trials;
  const name = { key, uploadId };
  await attempt("s3:ListMultipartUploadParts", () => listParts(transport, name, signal));
  await attempt("s3:ListBucketMultipartUploads", () => listUploads(transport, signal));
  // Not stopped by the signal: it is what cleans up. Somebody waits for the end, though.
  const hurry = signal?.aborted ? { timeoutMs: HURRY_MS } : {};
  await attempt("s3:AbortMultipartUpload", () => abortUpload(transport, name, hurry));
  throwIfAborted(signal);
  return trials;
}
