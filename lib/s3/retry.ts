/**
 * When to send a request again, and how long to wait before.
 *
 * @module
 */
import { abortError, throwIfAborted } from "../store/mod.ts";
import type { RetryClass } from "./conditions.ts";
import type { Failure } from "./errors.ts";

/** Waits so many milliseconds; rejects soon after the signal fires. */
export type Sleep = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

const BASE_MS = 100;
const THROTTLED_BASE_MS = 1000;
const CAP_MS = 20_000;

/** Tries in all, whatever the mixture of failures. */
const MAX_ATTEMPTS = 8;

/**
 * How long to wait after the failed attempt number `attempt` (from 1), in milliseconds: full jitter
 * under a ceiling that doubles. A server's wish counts, but no longer than the cap.
 *
 * @param random a number from 0 up to, not including, 1
 */
export function backoffMs(
  attempt: number,
  retry: RetryClass,
  random: number,
  retryAfterMs = 0,
): number {
  const base = retry.throttled ? THROTTLED_BASE_MS : BASE_MS;
  const ceiling = Math.min(CAP_MS, base * 2 ** (attempt - 1));
  return Math.max(random * ceiling, Math.min(retryAfterMs, CAP_MS));
}

/** What {@link retrying} needs. */
export interface Retrying {
  /** The clock, in milliseconds. */
  clock: () => number;
  /** From 0 up to, not including, 1. */
  random: () => number;
  sleep: Sleep;
  /** When the last attempt may begin, on `clock`. */
  deadline: number;
  signal?: AbortSignal;
  /** What went wrong, for what `work` threw; undefined = it is not for us to repeat. */
  classify: (error: unknown) => Failure | undefined;
}

/**
 * Runs `work` until it succeeds, or the failure is one that repeating does not mend, or time or
 * tries are used up: then it throws what `work` threw last. Each kind of failure has its own number
 * of tries, so that the first wrong hash is not the last straw after some broken connections.
 */
export async function retrying<T>(
  options: Retrying,
  work: (attempt: number) => Promise<T>,
): Promise<T> {
  const { signal } = options;
  const failures = new Map<string, number>();
  for (let attempt = 1;; attempt++) {
    throwIfAborted(signal);
    try {
      return await work(attempt);
    } catch (error) {
      if (signal?.aborted) throw abortError(signal);
      const failure = options.classify(error);
      if (failure === undefined) throw error;
      const { error: { category }, retry: { attempts } } = failure;
      const kind = `${category} ${attempts}`;
      const count = (failures.get(kind) ?? 0) + 1;
      failures.set(kind, count);
      if (count >= attempts || attempt >= Math.max(MAX_ATTEMPTS, attempts)) throw error;
      const wait = backoffMs(attempt, failure.retry, options.random(), failure.retryAfterMs);
      if (options.clock() + wait >= options.deadline) throw error;
      await options.sleep(wait, signal);
    }
  }
}
