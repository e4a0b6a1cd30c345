/**
 * The answer to a GET: checked headers, and a body that is watched to its last byte.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { type GetOptions, guard, tooLong } from "../store/mod.ts";
import type { Live } from "./call.ts";
import type { Watchdog } from "./deadline.ts";
import type { Purpose } from "./errors.ts";
import { networkFailureOf } from "./network_errors.ts";

/** What was asked for. */
export interface Download extends Pick<GetOptions, "range" | "ifMatch" | "maxBytes"> {
  /** Key in the store, for error texts. */
  key: string;
  purpose: Purpose;
  /** The whole object will do where a range was asked for. */
  wholeWillDo?: boolean;
  onBytes: (bytes: number) => void;
}

/** An object whose bytes are on their way. */
export interface Opened {
  etag: string;
  /** Of the whole object, in bytes. */
  size: number;
  /** Which byte of the object comes first. */
  start: number;
  /** How many bytes come. */
  length: number;
  body: ReadableStream<Uint8Array>;
  /** To be told of every wait for a byte; it ends the body when none comes. */
  watchdog: Watchdog;
}

/**
 * The object that a response delivers.
 *
 * @throws {HxError} `corrupt` over `maxBytes`, `config` where the range was ignored, `conflict` where
 * `ifMatch` was, `server` where size or ETag are missing
 */
export async function openedOf(
  response: Response,
  { deadline, watchdog, signal }: Live,
  download: Download,
): Promise<Opened> {
  try {
    const { key, purpose, onBytes, maxBytes } = download;
    const head = headOf(response, download);
    const what = `the object ${key}`;
    if (maxBytes !== undefined && head.length > maxBytes) throw tooLong(what, maxBytes);
    deadline.restart(head.length);
    const body = guard(response.body ?? new Blob([]).stream(), {
      what,
      exactly: head.length,
      signal,
      onBytes,
      onEnd() {
        deadline.clear();
        watchdog.rest();
      },
      mapError: (error) => networkFailureOf(purpose, error).error,
    });
    return { ...head, body, watchdog };
  } catch (error) {
    await response.body?.cancel().catch(() => {});
    throw error;
  }
}

type Head = Pick<Opened, "etag" | "size" | "start" | "length">;

function headOf({ status, headers }: Response, download: Download): Head {
  const { key, range, ifMatch, wholeWillDo } = download;
  const etag = headers.get("etag");
  if (etag === null) throw incomplete(key, "an ETag");
  // Some servers ignore the condition of a GET.
  if (ifMatch !== undefined && ifMatch !== etag) {
    throw new HxError("conflict", `the object ${key} is not the version that was expected`);
  }
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity" && encoding !== "aws-chunked") {
    throw new HxError("config", `the answer for ${key} is compressed on the way`, {
      hint: "a proxy changes what the storage sends; go around it",
    });
  }
  if (range === undefined || (wholeWillDo && status === 200)) {
    const length = numberOf(headers.get("content-length"));
    if (status !== 200 || length === undefined) throw incomplete(key, "a Content-Length");
    return { etag, size: length, start: 0, length };
  }
  const found = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("content-range") ?? "");
  const [start = NaN, last = NaN, size = NaN] = (found ?? []).slice(1).map(Number);
  const { end = Infinity } = range;
  if (status !== 206 || start !== range.start || last !== Math.min(end, size - 1)) {
    throw new HxError("config", `the storage ignores byte ranges (asked for a part of ${key})`, {
      hint: "the provider lacks this feature",
    });
  }
  return { etag, size, start, length: last - start + 1 };
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
