/**
 * What a server does with the condition of a CompleteMultipartUpload: some honour `If-None-Match` on
 * PutObject alone.
 *
 * @module
 */
import { isCategory } from "../errors.ts";
import { type ConditionSupport, streamOf } from "../store/mod.ts";
import { LostUpload, uploadParts } from "./multipart.ts";
import { PART_BYTES, PartReader } from "./parts.ts";
import type { Transport } from "./transport.ts";

/**
 * Uploads `bytes` as the only part of an upload to a key that exists, and completes it under
 * `If-None-Match: *`. What is refused is aborted, so that no parts stay. Three requests, or four.
 *
 * @param key key in the bucket
 * @param bytes what the object holds, since a server that ignores the condition writes them
 * @throws {HxError} `auth`, `network`, `timeout`, `throttling`, as the transport
 */
export async function probeComplete(
  transport: Transport,
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
  signal?: AbortSignal,
): Promise<ConditionSupport> {
  const nothing = new PartReader(streamOf(new Uint8Array()), PART_BYTES);
  const conditions = { "if-none-match": "*" };
  try {
    await uploadParts(transport, { key, first: [bytes], parts: nothing, conditions, signal });
    return "ignored";
  } catch (error) {
    if (isCategory(error, "conflict")) return "yes";
    // The answer to a completion was lost, and the upload is gone: so it was carried out.
    if (error instanceof LostUpload && error.perhapsDone) return "ignored";
    // Nothing of this kind works there: long uploads have to do without conditions, if they can.
    if (isCategory(error, "config") || isCategory(error, "server")) return "refused";
    throw error;
  }
}
