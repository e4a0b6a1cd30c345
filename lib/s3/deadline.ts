/**
 * The time that a request has: with all its tries and bodies, and without hearing anything.
 *
 * @module
 */
import { HxError } from "../errors.ts";

/** Calls `fire` after so many milliseconds, unless what it returns is called before. */
export type Timer = (milliseconds: number, fire: () => void) => () => void;

/** The runtime's own timer. */
export function systemTimer(milliseconds: number, fire: () => void): () => void {
  // 2^31 - 1: the longest that a timer can be; what is longer would fire at once.
  const id = setTimeout(fire, Math.min(milliseconds, 2 ** 31 - 1));
  return () => clearTimeout(id);
}

/** What a slow link carries: a body adds a second for each 16 KiB. */
const BYTES_PER_MS = 16 * 1024 / 1000;

/** The time that a slow link needs for so many bytes, in milliseconds. */
export function bodyMs(bytes: number): number {
  return bytes / BYTES_PER_MS;
}

function inSeconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}

/** Fires a `timeout` when the time is used up; clear it when the work is over. */
export class Deadline {
  /** How long it was from the start, in milliseconds. */
  readonly milliseconds: number;
  readonly #timer: Timer;
  readonly #what: string;
  readonly #controller = new AbortController();
  #stop: () => void;

  /**
   * @param what what the time is for, for the error's text
   * @param milliseconds how long the request may take, the body of its answer not counted
   */
  constructor(timer: Timer, what: string, milliseconds: number) {
    this.#timer = timer;
    this.#what = what;
    this.milliseconds = milliseconds;
    this.#stop = this.#start(milliseconds);
  }

  /** Fires when the time is used up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the time anew for an answer's body of so many bytes. */
  restart(bodyBytes: number): void {
    this.#stop();
    this.#stop = this.#start(this.milliseconds + bodyMs(bodyBytes));
  }

  /** Ends it: the signal fires no more. */
  clear(): void {
    this.#stop();
  }

  #start(milliseconds: number): () => void {
    return this.#timer(milliseconds, () => {
      const error = new HxError(
        "timeout",
        `${this.#what}: not done in ${inSeconds(milliseconds)}`,
        {
          hint: "the link is slow; try again, or raise --timeout",
        },
      );
      this.#controller.abort(error);
    });
  }
}

/** Nothing was heard for too long: the try is given up, and another one may be made. */
export class StallError extends HxError {
  /**
   * @param what what was waited for
   * @param milliseconds how long nothing was heard
   */
  constructor(what: string, milliseconds: number) {
    super("timeout", `${what}: nothing was heard for ${inSeconds(milliseconds)}`, {
      hint: "the link is slow or dead; it is safe to run again",
    });
  }
}

/** Fires a {@link StallError} when what it was told to expect does not come. */
export class Watchdog {
  readonly #timer: Timer;
  readonly #milliseconds: number;
  readonly #what: string;
  readonly #controller = new AbortController();
  #stop: () => void = () => {};

  /**
   * Expects nothing at first.
   *
   * @param what what is waited for, for the error's text
   * @param milliseconds how long nothing may be heard
   */
  constructor(timer: Timer, what: string, milliseconds: number) {
    this.#timer = timer;
    this.#what = what;
    this.#milliseconds = milliseconds;
  }

  /** Fires when nothing was heard for too long. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Something has to come now.
   *
   * @param more time beside the usual, in milliseconds: for a body that has to go out first
   */
  expect(more = 0): void {
    this.#stop();
    const milliseconds = this.#milliseconds + more;
    const fire = () => this.#controller.abort(new StallError(this.#what, milliseconds));
    this.#stop = this.#timer(milliseconds, fire);
  }

  /** It came, or nothing is expected any more. */
  rest(): void {
    this.#stop();
  }
}
