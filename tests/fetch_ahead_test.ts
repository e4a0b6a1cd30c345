import assert from "node:assert/strict";
import { fetchAhead } from "../lib/sync/fetch_ahead.ts";

const signal = new AbortController().signal;
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

function counted(call: (item: number, signal: AbortSignal) => Promise<number>) {
  const seen = { running: 0, most: 0, taken: 0 };
  return {
    seen,
    *items(count: number) {
      for (let i = 0; i < count; i++) {
        seen.taken++;
        yield i;
      }
    },
    async call(item: number, stop: AbortSignal) {
      seen.most = Math.max(seen.most, ++seen.running);
      try {
        return await call(item, stop);
      } finally {
        seen.running--;
      }
    },
  };
}

Deno.test("fetchAhead() gives results in order, with no more calls under way than allowed", async () => {
  // Later items are ready sooner.
  const { seen, items, call } = counted(async (item) => {
    for (let i = item % 7; i < 7; i++) await turn();
    return item;
  });
  const results: number[] = [];
  for await (const item of fetchAhead(items(100), { limit: 5, signal, call })) results.push(item);
  assert.deepEqual(results, Array.from({ length: 100 }, (_, i) => i));
  assert.equal(seen.most, 5);
});

Deno.test("fetchAhead() goes on while a result is worked on, but not far ahead", async () => {
  const { seen, items, call } = counted((item) => Promise.resolve(item));
  for await (const item of fetchAhead(items(1000), { limit: 5, signal, call })) {
    if (item > 0) continue;
    for (let i = 0; i < 100; i++) await turn();
    assert.ok(seen.taken > 5, "the others wait for the first");
    assert.ok(seen.taken <= 11, `${seen.taken} items are taken`);
  }
  assert.equal(seen.taken, 1000);
});

Deno.test("fetchAhead() holds few large results", async () => {
  const { seen, items, call } = counted((item) => Promise.resolve(item));
  const sizeOf = () => 16 * 1024 * 1024;
  for await (const item of fetchAhead(items(20), { limit: 3, signal, call, sizeOf })) {
    for (let i = 0; i < 20; i++) await turn();
    // Two fill what may lie ready; those that were under way meanwhile may come on top.
    assert.ok(seen.taken - item <= 6, `${seen.taken - item} lie ready`);
  }
});

Deno.test("fetchAhead() stops its calls and waits for them, however the loop ends", async () => {
  let stopped = 0;
  const call = (item: number, stop: AbortSignal) =>
    item === 2
      ? Promise.reject(new Error("two"))
      : item < 2
      ? Promise.resolve(item)
      : new Promise<number>((resolve) =>
        stop.addEventListener("abort", () => setTimeout(() => resolve(stopped++), 0))
      );
  const { seen, items, call: run } = counted(call);
  const loop = async (end: number) => {
    for await (const item of fetchAhead(items(10), { limit: 4, signal, call: run })) {
      if (item === end) break;
    }
  };
  await assert.rejects(loop(9), /two/);
  assert.equal(seen.running, 0);
  assert.ok(stopped > 0);
  await loop(0);
  assert.equal(seen.running, 0);
});
