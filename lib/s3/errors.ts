/**
 * What an S3 server's refusals and a network's failures mean, as data.
 *
 * @module
 */
import { type Category, HxError } from "../errors.ts";
import { parseErrorAnswer } from "./xml.ts";

/** Whether, and how, a request may be repeated. */
export interface RetryClass {
  /** How often the request may be sent in all. */
  attempts: number;
  /** The server asked for less load: wait longer. */
  throttled?: boolean;
}

/** One row of the table: which failures, and what they mean. */
export interface Condition {
  /** S3 error codes; a `*` at the end stands for anything. */
  codes: readonly string[];
  /** HTTP statuses, where no code is known. */
  statuses: readonly number[];
  category: Category;
  retry: RetryClass;
  hint?: string;
}

const NO: RetryClass = { attempts: 1 };
const TWICE_MORE: RetryClass = { attempts: 3 };
const YES: RetryClass = { attempts: 8 };
const SLOWER: RetryClass = { attempts: 8, throttled: true };

/** The table; codes are tried before statuses, and rows in this order. */
export const CONDITIONS: readonly Condition[] = [
  {
    codes: ["SlowDown*", "Throttling*", "TooManyRequests*", "RequestLimitExceeded"],
    statuses: [429],
    category: "throttling",
    retry: SLOWER,
    hint: "the storage is rate-limiting; run it again later",
  },
  {
    codes: ["RequestTimeout"],
    statuses: [408, 499],
    category: "timeout",
    retry: YES,
    hint: "the link is slow; try again, or raise --timeout",
  },
  {
    codes: ["InvalidAccessKeyId", "XAdminUserNotFound"],
    statuses: [],
    category: "auth",
    retry: NO,
    hint: "the storage does not know this access key; check it and the endpoint",
  },
  {
    codes: ["SignatureDoesNotMatch"],
    statuses: [],
    category: "auth",
    retry: NO,
    hint: "check the secret key and the region; a proxy that changes requests does this too",
  },
  {
    codes: ["ExpiredToken*", "InvalidToken", "TokenRefreshRequired"],
    statuses: [],
    category: "auth",
    retry: NO,
    hint: "the session has ended: log in again",
  },
  {
    codes: ["AccessDenied*", "AllAccessDisabled", "AccountProblem"],
    statuses: [401, 403],
    category: "auth",
    retry: NO,
    hint: "allow that action on these keys in the bucket's policy",
  },
  {
    codes: ["RequestTimeTooSkewed"],
    statuses: [],
    category: "config",
    retry: NO,
    hint: "this machine's clock is wrong: set it",
  },
  {
    codes: ["NoSuchBucket"],
    statuses: [],
    category: "config",
    retry: NO,
    hint: "check the bucket",
  },
  {
    codes: [
      "PermanentRedirect",
      "TemporaryRedirect",
      "AuthorizationHeaderMalformed",
      "IllegalLocationConstraintException",
    ],
    statuses: [301, 302, 307, 308],
    category: "config",
    retry: NO,
    hint: "check the region, the bucket and the endpoint",
  },
  { codes: ["NoSuchKey", "NoSuchUpload"], statuses: [404], category: "not-found", retry: NO },
  {
    codes: ["ConditionalRequestConflict", "OperationAborted"],
    statuses: [409],
    category: "conflict",
    retry: YES,
    hint: "another writer was at the same object",
  },
  {
    codes: ["PreconditionFailed"],
    statuses: [412],
    category: "conflict",
    retry: NO,
    hint: "another writer was first",
  },
  {
    codes: ["BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest"],
    statuses: [],
    category: "hash-mismatch",
    retry: TWICE_MORE,
    hint: "bytes changed on the way: network, memory or a proxy",
  },
  { codes: ["InvalidRange"], statuses: [416], category: "corrupt", retry: NO },
  {
    codes: ["NotImplemented", "EntityTooLarge", "MissingContentLength", "MethodNotAllowed"],
    statuses: [405, 411, 413, 501],
    category: "config",
    retry: NO,
    hint: "the provider lacks this feature",
  },
  {
    codes: ["InternalError", "ServiceUnavailable"],
    statuses: [],
    category: "server",
    retry: YES,
    hint: "trouble at the storage; it is safe to run again",
  },
];

const SERVER: Condition = {
  codes: [],
  statuses: [500, 502, 503, 504, 520],
  category: "server",
  retry: YES,
  hint: "trouble at the storage; it is safe to run again",
};

const REFUSED: Condition = {
  codes: [],
  statuses: [],
  category: "config",
  retry: NO,
  hint: "the storage refuses such a request: check endpoint, region and bucket",
};

/**
 * The row for an answer; `code` is undefined where the body told none. A status under 300 is that of
 * a Complete whose body is an error.
 */
export function conditionOf(status: number, code: string | undefined): Condition {
  const byCode = code === undefined
    ? undefined
    : CONDITIONS.find(({ codes }) => codes.some((pattern) => matches(pattern, code)));
  return byCode ?? CONDITIONS.find(({ statuses }) => statuses.includes(status)) ??
    (status >= 500 || status < 300 ? SERVER : REFUSED);
}

function matches(pattern: string, code: string): boolean {
  return pattern.endsWith("*") ? code.startsWith(pattern.slice(0, -1)) : code === pattern;
}

/** A failed try: what to tell, and whether to try again. Never leaves `lib/s3`. */
export class Failure extends Error {
  /** What to tell. */
  readonly error: HxError;
  readonly retry: RetryClass;
  /** S3's error code, where one was given. */
  readonly code: string | undefined;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(error: HxError, retry: RetryClass, code?: string, retryAfterMs?: number) {
    super(error.message);
    this.error = error;
    this.retry = retry;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What a request was about, for error texts. */
export interface Purpose {
  /** The permission it takes, such as `s3:PutObject`. */
  action: string;
  /** The keys it is about, such as `bucket/prefix/objects/*`. */
  target: string;
}

/** The failure that an answer with an error status, or with an error in its body, means. */
export function failureOf(
  purpose: Purpose,
  answer: { status: number; body: string; retryAfter: string | null },
): Failure {
  const code = parseErrorAnswer(answer.body)?.code;
  const condition = conditionOf(answer.status, code);
  const what = `${purpose.action} on ${purpose.target}`;
  const told = code === undefined ? `HTTP ${answer.status}` : `${code}, HTTP ${answer.status}`;
  const message = condition.category === "not-found"
    ? `the storage has no such object (${what}: ${told})`
    : `${what} was refused (${told})`;
  const error = new HxError(condition.category, message, { hint: condition.hint });
  return new Failure(error, condition.retry, code, parseRetryAfter(answer.retryAfter));
}

/** Seconds only: the other form, a date, hangs on clocks, and no S3 server was seen to use it. */
function parseRetryAfter(header: string | null): number | undefined {
  if (header === null || !/^\d{1,9}$/.test(header)) return undefined;
  return Number(header) * 1000;
}

interface NetworkCondition {
  pattern: RegExp;
  found: string;
  category: Category;
  retry: RetryClass;
  hint: string;
}

const NETWORK_CONDITIONS: readonly NetworkCondition[] = [
  {
    pattern: /certificate|tls|handshake|invalidcontenttype|corrupt message/,
    found: "no trusted encrypted connection",
    category: "config",
    retry: NO,
    hint: "set a CA certificate; is it http or https?",
  },
  {
    pattern: /dns error|failed to lookup/,
    found: "the host name is not known",
    category: "network",
    retry: TWICE_MORE,
    hint: "check the endpoint, the network and the VPN",
  },
  {
    pattern: /timed out|timeout/,
    found: "no answer in time",
    category: "timeout",
    retry: YES,
    hint: "the link is slow; try again, or raise --timeout",
  },
  {
    pattern: /connection refused|tcp connect error/,
    found: "nothing answers there",
    category: "network",
    retry: TWICE_MORE,
    hint: "check the endpoint, the network and the VPN",
  },
];

const RESET: NetworkCondition = {
  pattern: /./,
  found: "the connection broke",
  category: "network",
  retry: YES,
  hint: "check the network; it is safe to run again",
};

/** The failure that an exception of `fetch`, or of a body it gave, means. */
export function networkFailureOf(purpose: Purpose, cause: unknown): Failure {
  const text = textsOf(cause).toLowerCase();
  const condition = NETWORK_CONDITIONS.find(({ pattern }) => pattern.test(text)) ?? RESET;
  const message = `${purpose.action} on ${purpose.target}: ${condition.found}`;
  const error = new HxError(condition.category, message, { hint: condition.hint, cause });
  return new Failure(error, condition.retry);
}

/** The innermost text: the outer ones name the URL, whose words would mislead. */
function textsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : textsOf(error.cause);
}
