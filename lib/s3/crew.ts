/**
 * Some pieces of work side by side.
 *
 * @module
 */
import { asHxError } from "../errors.ts";
import { throwIfAborted } from "../store/mod.ts";

/** Runs so many pieces of work at a time; the first failure stops all of it. */
export class Crew {
  /** Fires when the work is to stop: with the caller's signal, or when a piece of it fails. */
  readonly signal: AbortSignal;
  readonly #size: number;
  readonly #stop = new AbortController();
  readonly #active = new Set<Promise<void>>();
  #failed: { error: unknown } | undefined;

  /**
   * @param size pieces at a time
   * @param signal the caller's
   */
  constructor(size: number, signal: AbortSignal | undefined) {
    this.#size = size;
    this.signal = signal === undefined
      ? this.#stop.signal
      : AbortSignal.any([signal, this.#stop.signal]);
  }

  /**
   * Begins a piece of work, as soon as there is room for it.
   *
   * @throws {HxError} what the signal fires with
   */
  async start(work: () => Promise<void>): Promise<void> {
    while (this.#active.size >= this.#size) await Promise.race(this.#active);
    throwIfAborted(this.signal);
    const running: Promise<void> = work()
      .catch((error) => this.fail(error))
      .finally(() => void this.#active.delete(running));
    this.#active.add(running);
  }

  /** Stops the work; the first error is the one that {@link Crew.finish} throws. */
  fail(error: unknown): void {
    this.#failed ??= { error };
    this.#stop.abort(asHxError(error));
  }

  /** Waits for all that was begun; throws where anything failed. */
  async finish(): Promise<void> {
    await Promise.all(this.#active);
    if (this.#failed !== undefined) throw this.#failed.error;
  }
}
