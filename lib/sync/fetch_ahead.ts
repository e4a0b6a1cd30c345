/**
 * Maps items with up to `limit` calls under way and gives the results in order. Items are taken only
 * as results are asked for, so a long sequence costs no memory.
 *
 * However the loop over it ends, no call is left running: the rest is stopped through its signal and
 * waited for.
 */
export async function* fetchAhead<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  signal: AbortSignal,
  call: (item: T, signal: AbortSignal) => Promise<R>,
): AsyncGenerator<R> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const running: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const promise = call(item, both);
      promise.catch(() => {}); // it is awaited below; until then a failure is nobody's
      running.push(promise);
      if (running.length >= limit) yield await running.shift()!;
    }
    while (running.length > 0) yield await running.shift()!;
  } finally {
    if (running.length > 0) {
      stop.abort();
      await Promise.allSettled(running);
    }
  }
}
