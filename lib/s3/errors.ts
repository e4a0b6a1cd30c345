/**
 * The failures of single tries: what to tell of them, and whether to try again.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { type Condition, conditionOf, ELSEWHERE, type RetryClass } from "./conditions.ts";
import { parseErrorAnswer } from "./xml.ts";

/** What a request was about, for error texts. */
export interface Purpose {
  /** The permission it takes, such as `s3:PutObject`. */
  action: string;
  /** The keys it is about, such as `bucket/prefix/objects/*`. */
  target: string;
}

interface RefusalOptions {
  status: number;
  code: string | undefined;
  /** What to do, where that is known better than the condition tells. */
  hint: string | undefined;
}

/** What the storage refused, for callers within `lib/s3` that look at the code; others see an HxError. */
export class Refusal extends HxError {
  /** The HTTP status. */
  readonly status: number;
  /** S3's error code, where one was given. */
  readonly code: string | undefined;

  constructor(condition: Condition, message: string, { status, code, hint }: RefusalOptions) {
    super(condition.category, message, { hint: hint ?? condition.hint });
    this.status = status;
    this.code = code;
  }
}

/** Whether the storage refused with that error code. */
export function isRefusal(error: unknown, code: string): error is Refusal {
  return error instanceof Refusal && error.code === code;
}

/** A failed try: what to tell, and whether to try again. Never leaves `lib/s3`. */
export class Failure extends Error {
  /** What to tell. */
  readonly error: HxError;
  readonly retry: RetryClass;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(error: HxError, retry: RetryClass, retryAfterMs?: number) {
    super(error.message);
    this.error = error;
    this.retry = retry;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An answer that is a refusal, as far as it matters here. */
export interface RefusedAnswer {
  status: number;
  body: string;
  /** The header of that name. */
  retryAfter: string | null;
  /** The region that the bucket is in, where the answer tells. */
  region?: string;
}

/** A purpose in words, such as `s3:PutObject on bucket/prefix/objects/*`. */
export function wordsOf({ action, target }: Purpose): string {
  return `${action} on ${target}`;
}

/** The failure that an answer with an error status, or with an error in its body, means. */
export function failureOf(purpose: Purpose, answer: RefusedAnswer): Failure {
  const { status, body, retryAfter, region } = answer;
  const code = parseErrorAnswer(body)?.code;
  const condition = conditionOf(status, code);
  const what = wordsOf(purpose);
  const told = code === undefined ? `HTTP ${status}` : `${code}, HTTP ${status}`;
  const message = condition.category === "not-found"
    ? `the storage has no such object (${what}: ${told})`
    : `${what} was refused (${told})`;
  const hint = condition === ELSEWHERE && region !== undefined
    ? `the bucket is in the region ${region}: pass --region ${region}`
    : undefined;
  const error = new Refusal(condition, message, { status, code, hint });
  return new Failure(error, retryOf(condition, status), parseRetryAfter(retryAfter));
}

/** A 503 without a code says so too: the storage has more to do than it can. */
function retryOf({ retry }: Condition, status: number): RetryClass {
  return status === 503 ? { ...retry, crowded: true } : retry;
}

/** Seconds only: the other form, a date, hangs on clocks, and no S3 server was seen to use it. */
function parseRetryAfter(header: string | null): number | undefined {
  if (header === null || !/^\d{1,9}$/.test(header)) return undefined;
  return Number(header) * 1000;
}
