/**
 * The one error type of hx: what happened, in which category, and what to do about it.
 *
 * @module
 */

/**
 * What kind of trouble an error is. Each category has one exit code ({@link exitCode}) and one
 * place in `hx sync status`. `usage`, `busy` and `interrupted` never come from a store.
 */
export type Category =
  | "auth"
  | "not-found"
  | "throttling"
  | "timeout"
  | "network"
  | "server"
  | "corrupt"
  | "hash-mismatch"
  | "conflict"
  | "config"
  | "usage"
  | "busy"
  | "interrupted"
  | "unexpected";

/** The exit code of each category, as scripts rely on them (docs: the command line). */
const EXIT_CODES: Readonly<Record<Category, number>> = {
  unexpected: 1,
  usage: 2,
  auth: 10,
  "not-found": 11,
  throttling: 12,
  timeout: 13,
  network: 14,
  server: 15,
  corrupt: 16,
  "hash-mismatch": 17,
  conflict: 18,
  config: 19,
  busy: 20,
  interrupted: 130,
};

/** What {@link HxError} takes beside its message. */
export interface HxErrorOptions {
  /** One line: what the user can do. */
  hint?: string;
  /** The error that led to this one. */
  cause?: unknown;
}

/**
 * An error that a user can act on.
 *
 * @example
 * ```ts
 * import { HxError } from "./errors.ts";
 *
 * const error = new HxError("config", "the folder /mnt/hx is not there", {
 *   hint: "mount the share, then run the command again",
 * });
 * console.assert(error.category === "config");
 * ```
 */
export class HxError extends Error {
  /** What kind of trouble this is. */
  readonly category: Category;
  /** One line: what the user can do, if there is something. */
  readonly hint: string | undefined;

  /**
   * Makes an error.
   *
   * @param category what kind of trouble this is
   * @param message one line: what was being done and what was found; never a secret, never a command
   * @param options the hint and the cause
   */
  constructor(category: Category, message: string, options: HxErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "HxError";
    this.category = category;
    this.hint = options.hint;
  }
}

/** Whether `error` is an {@link HxError} of the given category. */
export function isCategory(error: unknown, category: Category): error is HxError {
  return error instanceof HxError && error.category === category;
}

/**
 * Any thrown value as an {@link HxError}: an abort becomes `interrupted` (or `timeout` where a
 * deadline aborted), what is unknown becomes `unexpected`.
 */
export function asHxError(error: unknown): HxError {
  if (error instanceof HxError) return error;
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new HxError("timeout", "the operation took longer than allowed", { cause: error });
  }
  if (error instanceof DOMException && error.name === "AbortError") {
    return new HxError("interrupted", "interrupted", { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new HxError("unexpected", message, { cause: error });
}

/** The process exit code for an error: 1 for what is not an {@link HxError}. */
export function exitCode(error: unknown): number {
  return error instanceof HxError ? EXIT_CODES[error.category] : EXIT_CODES.unexpected;
}
