/**
 * How many requests a store may have in flight: fewer when the storage has too much to do, and
 * slowly more again when it answers.
 *
 * @module
 */
import { orAbort, throwIfAborted } from "../store/mod.ts";

/** Leave to have one request in flight. */
export interface Slot {
  /** The storage has too much to do: half as many requests at a time from now on. */
  crowded(): void;
  /** The storage has answered in good order: a little more again. */
  served(): void;
  /** Gives the slot back; doing so again changes nothing. */
  release(): void;
}

interface Waiter {
  admit: (slot: Slot) => void;
}

/**
 * Additive increase, multiplicative decrease, as TCP does it: one slot more for each round of good
 * answers, half of them after a refusal. Refusals of requests that were under way already when the
 * number was halved say nothing new, so one burst of them halves it once.
 */
export class Limiter {
  readonly #max: number;
  /** With a fraction: what the good answers since the last whole slot add up to. */
  #limit: number;
  #active = 0;
  #halvings = 0;
  readonly #waiting: Waiter[] = [];

  /** @param max slots at most, and at first */
  constructor(max: number) {
    this.#max = Math.max(1, max);
    this.#limit = this.#max;
  }

  /** How many slots there are now. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  /**
   * Waits for a slot, in the order of asking.
   *
   * @param first before those who wait already: for a request that has been begun
   * @throws {HxError} `interrupted` or `timeout` when the signal fires
   */
  async acquire(signal?: AbortSignal, first = false): Promise<Slot> {
    throwIfAborted(signal);
    const { promise, resolve } = Promise.withResolvers<Slot>();
    const waiter = { admit: resolve };
    if (first) this.#waiting.unshift(waiter);
    else this.#waiting.push(waiter);
    this.#admit();
    try {
      return await orAbort(promise, signal);
    } catch (error) {
      const at = this.#waiting.indexOf(waiter);
      if (at >= 0) this.#waiting.splice(at, 1);
      else promise.then((slot) => slot.release());
      throw error;
    }
  }

  #admit(): void {
    while (this.#active < this.limit && this.#waiting.length > 0) {
      this.#active++;
      this.#waiting.shift()!.admit(this.#newSlot());
    }
  }

  #newSlot(): Slot {
    const halvings = this.#halvings;
    let held = true;
    return {
      crowded: () => {
        if (halvings !== this.#halvings) return;
        this.#halvings++;
        this.#limit = Math.max(1, this.#limit / 2);
      },
      served: () => {
        this.#limit = Math.min(this.#max, this.#limit + 1 / this.limit);
        this.#admit();
      },
      release: () => {
        if (!held) return;
        held = false;
        this.#active--;
        this.#admit();
      },
    };
  }
}
