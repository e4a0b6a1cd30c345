/**
 * A seeded scheduler of devices over one store. Every device runs its own script; whenever it calls the
 * store (or begins an operation) it parks, and only when every live device is parked is one of them,
 * chosen by the seed, let go. So a seed replays, though encryption finishes when it likes.
 */
import { HxError } from "../lib/errors.ts";
import type { ListPage, SyncStore } from "../lib/store/mod.ts";

/** A process that dies: whatever it was doing goes no further. */
export class Crash extends Error {}

/** What may go wrong with a store call when it is let go. */
export const FATES = [
  "lost request",
  "lost response",
  "crash before",
  "crash after",
  /** It reaches the store twice, and the second answer counts. */
  "twice",
  /** It reaches the store once more, some calls later. */
  "again later",
  /** A listing is one that was given before; its ETags may be, or may be new ones. */
  "stale",
] as const;

/** What becomes of a store call. */
export type Fate = "done" | typeof FATES[number];

/** What is under way between devices and one store. */
export class Network {
  readonly #next: () => number;
  readonly #late: { calls: number; work: () => Promise<unknown> }[] = [];
  readonly #listings = new Map<string, ListPage>();

  /** @param next seeded numbers in [0, 1) */
  constructor(next: () => number) {
    this.#next = next;
  }

  /** Delivers a call once more after some others. */
  repeat(work: () => Promise<unknown>): void {
    this.#late.push({ calls: 1 + Math.floor(this.#next() * 12), work });
  }

  /** Delivers what is due, or all of it; nobody hears the answers. */
  async deliver(all = false): Promise<void> {
    for (const late of this.#late.splice(0)) {
      if (!all && --late.calls > 0) this.#late.push(late);
      else await late.work().catch(() => {});
    }
  }

  /** Remembers a listing, or gives an earlier one in its place. */
  listed(prefix: string, page: ListPage, isStale: boolean): ListPage {
    const earlier = this.#listings.get(prefix);
    if (!isStale || !earlier) {
      this.#listings.set(prefix, page);
      return page;
    }
    const etags = new Map(earlier.entries.map(({ key, etag }) => [key, etag]));
    switch (Math.floor(this.#next() * 3)) {
      case 0:
        return earlier;
      case 1: // the objects of now, with ETags that come again
        return withEtags(page, (key, etag) => etags.get(key) ?? etag);
      default:
        return withEtags(page, () => `"${this.#next()}"`);
    }
  }
}

function withEtags(page: ListPage, etagOf: (key: string, etag: string) => string): ListPage {
  const entries = page.entries.map((entry) => ({ ...entry, etag: etagOf(entry.key, entry.etag) }));
  return { ...page, entries };
}

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
  network: Network,
  fate: (call: string) => Fate,
): SyncStore {
  let end: Fate = "done";
  const call = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    await scheduler.park(device, what);
    await network.deliver();
    end = fate(what);
    if (end === "crash before") throw new Crash();
    if (end === "lost request") throw new HxError("network", "the request was lost");
    if (end === "twice") await work().catch(() => {});
    if (end === "again later") network.repeat(work);
    const result = await work();
    if (end === "crash after") throw new Crash();
    if (end === "lost response") throw new HxError("network", "the response was lost");
    return result;
  };
  return {
    uri: store.uri,
    list: async (prefix, options) => {
      const page = await call("list", () => store.list(prefix, options));
      return network.listed(prefix, page, end === "stale");
    },
    get: (key, options) => call("get", () => store.get(key, options)),
    putAtomic: (key, body, options) => call("put", () => store.putAtomic(key, body, options)),
    head: (key, options) => call("head", () => store.head(key, options)),
    delete: (key, options) => call("delete", () => store.delete(key, options)),
  };
}
