/**
 * The answer to a GET: checked headers, and a body that is watched to its last byte.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { type GetOptions, guard, type StoredObject, tooLong } from "../store/mod.ts";
import type { Deadline } from "./deadline.ts";
import { networkFailureOf, type Purpose } from "./errors.ts";

/** What the body's reader needs to know. */
export interface Download {
  key: string;
  options: GetOptions;
  purpose: Purpose;
  onBytes: (bytes: number) => void;
}

/**
 * The object that a response delivers.
 *
 * @throws {HxError} `corrupt` over `maxBytes`, `config` where the range was ignored, `server` where
 * size or ETag are missing
 */
export async function objectOf(
  response: Response,
  deadline: Deadline,
  download: Download,
): Promise<StoredObject> {
  try {
    const { key, options, purpose, onBytes } = download;
    const { etag, size, length } = headersOf(response, download);
    const what = `the object ${key}`;
    if (options.maxBytes !== undefined && length > options.maxBytes) {
      throw tooLong(what, options.maxBytes);
    }
    deadline.restart(length);
    const signals = options.signal === undefined ? [] : [options.signal];
    const body = guard(response.body ?? new Blob([]).stream(), {
      what,
      exactly: length,
      signal: AbortSignal.any([...signals, deadline.signal]),
      onBytes,
      onEnd: () => deadline.clear(),
      mapError: (error) => networkFailureOf(purpose, error).error,
    });
    return { etag, size, body };
  } catch (error) {
    await response.body?.cancel().catch(() => {});
    throw error;
  }
}

function headersOf(
  response: Response,
  { key, options }: Download,
): { etag: string; size: number; length: number } {
  const etag = response.headers.get("etag");
  if (etag === null) throw incomplete(key, "an ETag");
  const encoding = response.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity" && encoding !== "aws-chunked") {
    throw new HxError("config", `the answer for ${key} is compressed on the way`, {
      hint: "a proxy changes what the storage sends; go around it",
    });
  }
  if (options.range === undefined) {
    const length = numberOf(response.headers.get("content-length"));
    if (length === undefined) throw incomplete(key, "a Content-Length");
    return { etag, size: length, length };
  }
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get("content-range") ?? "");
  if (response.status !== 206 || range === null || Number(range[1]) !== options.range.start) {
    throw new HxError("config", `the storage ignores byte ranges (asked for a part of ${key})`, {
      hint: "the provider lacks this feature",
    });
  }
  return { etag, size: Number(range[3]), length: Number(range[2]) - Number(range[1]) + 1 };
}

/** A header's number; undefined where there is none. */
export function numberOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

/** The `server` error for an answer without a header that it must have. */
export function incomplete(key: string, missing: string): HxError {
  return new HxError("server", `the storage's answer for ${key} lacks ${missing}`, {
    hint: "is the endpoint an S3 server? a proxy may drop headers",
  });
}
