/**
 * What an S3 server's refusals mean, as data.
 *
 * @module
 */
import type { Category } from "../errors.ts";

/** Whether, and how, a request may be repeated. */
export interface RetryClass {
  /** How often the request may be sent, as far as failures of this kind count. */
  attempts: number;
  /** The server asked for less load: wait longer. */
  throttled?: boolean;
  /** The server has too much to do: send it fewer requests at a time. */
  crowded?: boolean;
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
const SLOWER: RetryClass = { attempts: 8, throttled: true, crowded: true };

/** The keys were good once: renewing them may help. */
const EXPIRED_CODES: readonly string[] = ["ExpiredToken*", "InvalidToken", "TokenRefreshRequired"];

/** The bucket is in another region, as far as the storage can tell. */
export const ELSEWHERE: Condition = {
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
};

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
    codes: ["IncompleteBody"],
    statuses: [],
    category: "network",
    retry: YES,
    hint: "the storage got a part of the request only; it is safe to run again",
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
    codes: EXPIRED_CODES,
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
  ELSEWHERE,
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
  {
    codes: ["InvalidPart*"],
    statuses: [],
    category: "server",
    retry: NO,
    hint: "the storage lost a part of the upload; it is safe to run again",
  },
  {
    codes: [],
    statuses: [407],
    category: "config",
    retry: NO,
    hint: "put the proxy's user name and password into HTTP_PROXY or HTTPS_PROXY",
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

/** Whether an error code says that the credentials have run out. */
export function saysExpired(code: string | undefined): boolean {
  return code !== undefined && EXPIRED_CODES.some((pattern) => matches(pattern, code));
}

function matches(pattern: string, code: string): boolean {
  return pattern.endsWith("*") ? code.startsWith(pattern.slice(0, -1)) : code === pattern;
}
