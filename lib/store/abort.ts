/**
 * Abort signals as the store contract wants them: an `HxError`, soon after the signal fires.
 *
 * @module
 */
import { asHxError, HxError } from "../errors.ts";

/** The error that an aborted call rejects with: `timeout` for a deadline, else `interrupted`. */
export function abortError(signal: AbortSignal): HxError {
  const reason: unknown = signal.reason;
  if (reason instanceof HxError) return reason;
  if (reason instanceof DOMException && reason.name === "TimeoutError") return asHxError(reason);
  return new HxError("interrupted", "interrupted", { cause: reason });
}

/**
 * Does nothing unless `signal` has fired.
 *
 * @throws {HxError} `interrupted` or `timeout`
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/**
 * The promise's outcome, or the abort, whichever comes first. The work itself goes on; what it
 * brings after an abort is dropped.
 *
 * @throws {HxError} `interrupted` or `timeout`, and whatever `work` rejects with
 */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const gate = Promise.withResolvers<never>();
  const onAbort = () => gate.reject(abortError(signal));
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, gate.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    work.catch(() => {});
    gate.promise.catch(() => {});
  }
}

/**
 * Waits `milliseconds`, or less where the signal fires.
 *
 * @throws {HxError} `interrupted` or `timeout`
 */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  const gate = Promise.withResolvers<void>();
  const timer = setTimeout(gate.resolve, milliseconds);
  const onAbort = () => gate.resolve();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await gate.promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
  throwIfAborted(signal);
}
