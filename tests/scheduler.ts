/**
 * A seeded scheduler of devices over one store. Every device runs its own script; whenever it calls the
 * store (or begins an operation) it parks, and only when every live device is parked is one of them,
 * chosen by the seed, let go. So a seed replays, though encryption finishes when it likes.
 */
import { HxError } from "../lib/errors.ts";
import type { SyncStore } from "../lib/store/mod.ts";

/** A process that dies: whatever it was doing goes no further. */
export class Crash extends Error {}

/** What may happen to a store call when it is let go. */
export type Fate = "done" | "lost request" | "lost response" | "crash before" | "crash after";

/** Lets one parked device go at a time. */
export class Scheduler {
  readonly #next: () => number;
  readonly #parked: { device: string; go: () => void }[] = [];
  #live = 0;
  /** What was let go, in order: equal for equal seeds. */
  readonly trace: string[] = [];

  /** @param next seeded numbers in [0, 1) */
  constructor(next: () => number) {
    this.#next = next;
  }

  /** Runs all scripts to their ends. */
  async run(scripts: readonly (() => Promise<void>)[]): Promise<void> {
    this.#live = scripts.length;
    const results = await Promise.allSettled(scripts.map(async (script) => {
      try {
        await script();
      } finally {
        this.#live--;
        this.#release();
      }
    }));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** Parks a device until it is its turn. */
  park(device: string, what: string): Promise<void> {
    return new Promise((resolve) => {
      this.#parked.push({
        device,
        go: () => {
          this.trace.push(`${device} ${what}`);
          resolve();
        },
      });
      this.#release();
    });
  }

  #release(): void {
    if (this.#parked.length === 0 || this.#parked.length < this.#live) return;
    // Devices park in an order that encryption decides; by name it is the seed's alone.
    this.#parked.sort((a, b) => a.device < b.device ? -1 : 1);
    const [chosen] = this.#parked.splice(Math.floor(this.#next() * this.#parked.length), 1);
    chosen!.go();
  }
}

/** A device's own view of the store: it parks before each call, which then meets its fate. */
export function scheduledStore(
  store: SyncStore,
  device: string,
  scheduler: Scheduler,
  fate: () => Fate,
): SyncStore {
  const call = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    await scheduler.park(device, what);
    const end = fate();
    if (end === "crash before") throw new Crash();
    if (end === "lost request") throw new HxError("network", "the request was lost");
    const result = await work();
    if (end === "crash after") throw new Crash();
    if (end === "lost response") throw new HxError("network", "the response was lost");
    return result;
  };
  return {
    uri: store.uri,
    list: (prefix, options) => call("list", () => store.list(prefix, options)),
    get: (key, options) => call("get", () => store.get(key, options)),
    putAtomic: (key, body, options) => call("put", () => store.putAtomic(key, body, options)),
    head: (key, options) => call("head", () => store.head(key, options)),
    delete: (key, options) => call("delete", () => store.delete(key, options)),
  };
}
