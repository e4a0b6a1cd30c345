/**
 * The time that one request has, with its retries and its bodies.
 *
 * @module
 */

/** What a slow link carries: a body adds a second for each 16 KiB. */
const BYTES_PER_MS = 16 * 1024 / 1000;

/** Fires a `TimeoutError` when the time is used up; clear it when the work is over. */
export class Deadline {
  /** How long it was from the start, in milliseconds. */
  readonly milliseconds: number;
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout>;

  /**
   * @param timeoutMs time without bodies, in milliseconds
   * @param bodyBytes size of the request's body
   */
  constructor(timeoutMs: number, bodyBytes: number) {
    this.milliseconds = timeoutMs + bodyBytes / BYTES_PER_MS;
    this.#timer = this.#start(this.milliseconds);
  }

  /** Fires when the time is used up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the time anew for an answer's body of so many bytes. */
  restart(bodyBytes: number): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start(this.milliseconds + bodyBytes / BYTES_PER_MS);
  }

  /** Ends it: the signal fires no more. */
  clear(): void {
    clearTimeout(this.#timer);
  }

  #start(milliseconds: number): ReturnType<typeof setTimeout> {
    const error = new DOMException("the request took too long", "TimeoutError");
    // 2^31 - 1: the longest that a timer can be; what is longer would fire at once.
    return setTimeout(() => this.#controller.abort(error), Math.min(milliseconds, 2 ** 31 - 1));
  }
}
