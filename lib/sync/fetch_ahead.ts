/** How far results may lie ready before they are taken, in calls under way, and in bytes. */
const READY_ROUNDS = 2;
const READY_BYTES = 32 * 1024 * 1024;

/** How {@link fetchAhead} goes about it. */
export interface FetchAhead<T, R> {
  /** Most calls under way. */
  limit: number;
  signal: AbortSignal;
  call: (item: T, signal: AbortSignal) => Promise<R>;
  /** Bytes that a result holds. @default 0 */
  sizeOf?: (result: R) => number;
}

/**
 * Maps items with some calls under way and gives the results in order. The calls go on while a result
 * is worked on, as far as little lies ready; items are taken no further ahead than that, so a long
 * sequence costs no memory.
 *
 * However the loop over it ends, no call is left running: the rest is stopped through its signal and
 * waited for.
 */
export async function* fetchAhead<T, R>(
  items: Iterable<T>,
  { limit, signal, call, sizeOf = () => 0 }: FetchAhead<T, R>,
): AsyncGenerator<R> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const rest = items[Symbol.iterator]();
  const queue: Promise<R>[] = [];
  let [running, ready, ended] = [0, 0, false];
  /** Fills the free places; called again whenever one falls free. */
  const start = () => {
    while (
      !ended && running < limit && queue.length < limit * READY_ROUNDS && ready < READY_BYTES
    ) {
      const item = rest.next();
      ended = item.done ?? false;
      if (item.done) return;
      const result = one(item.value);
      result.catch(() => ended = true); // it is awaited below; until then a failure is nobody's
      queue.push(result);
    }
  };
  const one = async (item: T) => {
    running++;
    try {
      const result = await call(item, both);
      ready += sizeOf(result);
      return result;
    } finally {
      running--;
      start();
    }
  };
  try {
    for (;;) {
      start();
      const next = queue.shift();
      if (next === undefined) return;
      const result = await next;
      ready -= sizeOf(result);
      yield result;
    }
  } finally {
    ended = true;
    stop.abort();
    await Promise.allSettled(queue);
    rest.return?.();
  }
}
