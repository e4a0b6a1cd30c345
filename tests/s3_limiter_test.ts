/** How many requests of a store are in flight, by itself and on the wire. */
import assert from "node:assert/strict";
import { Limiter, type Slot } from "../lib/s3/limiter.ts";
import { collect, streamOf } from "../lib/store/mod.ts";
import { bytesOf, failsWith } from "./store_contract.ts";
import { onHttp } from "./s3_wire.ts";

/** Lets everything that can go on go on. */
async function settle(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve();
}

/** Asks for `count` slots; gives those that were got so far. */
function askFor(limiter: Limiter, count: number): Slot[] {
  const got: Slot[] = [];
  for (let n = 0; n < count; n++) limiter.acquire().then((slot) => got.push(slot));
  return got;
}

Deno.test("Limiter lets so many in, and the next when one is given back", async () => {
  const limiter = new Limiter(3);
  const got = askFor(limiter, 5);
  await settle();
  assert.equal(got.length, 3);
  got[0]!.release();
  got[0]!.release();
  await settle();
  assert.equal(got.length, 4);
  got[1]!.release();
  await settle();
  assert.equal(got.length, 5);
});

Deno.test("Limiter halves once for a burst of refusals, down to one", async () => {
  const limiter = new Limiter(16);
  const burst = askFor(limiter, 16);
  await settle();
  for (const slot of burst) slot.crowded();
  assert.equal(limiter.limit, 8);
  for (const slot of burst) slot.release();
  const limits = [];
  for (let round = 0; round < 5; round++) {
    const slot = await limiter.acquire();
    slot.crowded();
    slot.release();
    limits.push(limiter.limit);
  }
  assert.deepEqual(limits, [4, 2, 1, 1, 1]);
});

Deno.test("Limiter takes away no slot that is held, but gives out none above the limit", async () => {
  const limiter = new Limiter(4);
  const held = askFor(limiter, 4);
  await settle();
  held[0]!.crowded();
  const more = askFor(limiter, 1);
  held[0]!.release();
  held[1]!.release();
  await settle();
  assert.equal(more.length, 0);
  held[2]!.release();
  await settle();
  assert.equal(more.length, 1);
});

Deno.test("Limiter creeps back by one slot for each round of good answers", async () => {
  const limiter = new Limiter(8);
  const slot = await limiter.acquire();
  slot.crowded();
  assert.equal(limiter.limit, 4);
  const needed = [];
  for (const wanted of [5, 6, 7, 8]) {
    let count = 0;
    for (; limiter.limit < wanted; count++) slot.served();
    needed.push(count);
  }
  assert.ok(needed.every((count, at) => count >= 3 + at && count <= 6 + at), `${needed}`);
  for (let n = 0; n < 100; n++) slot.served();
  assert.equal(limiter.limit, 8);
});

Deno.test("Limiter lets in who has begun already before who has not", async () => {
  const limiter = new Limiter(1);
  const slot = await limiter.acquire();
  const order: string[] = [];
  const ask = async (name: string, first: boolean) => {
    const own = await limiter.acquire(undefined, first);
    order.push(name);
    own.release();
  };
  const asking = [ask("a", false), ask("b", false), ask("again", true)];
  slot.release();
  await Promise.all(asking);
  assert.deepEqual(order, ["again", "a", "b"]);
});

Deno.test("Limiter forgets who stops waiting, also in the moment of being let in", async () => {
  const limiter = new Limiter(1);
  const slot = await limiter.acquire();
  const stop = new AbortController();
  const waiting = limiter.acquire(stop.signal);
  stop.abort();
  await failsWith(waiting, "interrupted");
  const late = new AbortController();
  const admitted = limiter.acquire(late.signal);
  late.abort();
  slot.release();
  await failsWith(admitted, "interrupted");
  (await limiter.acquire()).release();
  await failsWith(limiter.acquire(AbortSignal.abort()), "interrupted");
});

/** Answers when told to, and knows how many requests wait. */
class Gate {
  waiting: (() => void)[] = [];
  most = 0;
  readonly pass = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.waiting.push(resolve);
    this.most = Math.max(this.most, this.waiting.length);
    await promise;
  };
  /** Waits until so many requests have come. */
  async until(count: number): Promise<void> {
    while (this.waiting.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("S3Store has no more requests in flight than it may", async () => {
  const gate = new Gate();
  await onHttp(async () => {
    await gate.pass();
    return new Response(null, { headers: { etag: '"e"' } });
  }, async ({ store }) => {
    const puts = Array.from({ length: 12 }, (_, n) => store.putAtomic(`${n}`, bytesOf("x")));
    for (let left = 12; left > 0; left--) {
      await gate.until(Math.min(4, left));
      gate.waiting.shift()!();
    }
    await Promise.all(puts);
    assert.equal(gate.most, 4);
  }, { concurrency: 4 });
});

Deno.test("S3Store counts a body that is open for no request", () =>
  onHttp(() => new Response("0123456789", { headers: { etag: '"e"' } }), async ({ store }) => {
    const open = [];
    for (let n = 0; n < 5; n++) open.push(await store.get("k"));
    for (const { body } of open) assert.equal((await collect(body)).length, 10);
  }, { concurrency: 1 }));

Deno.test("S3Store holds no slot while it waits for its next try", async () => {
  let tries = 0;
  const asleep = Promise.withResolvers<void>();
  const wake = Promise.withResolvers<void>();
  await onHttp((request) => {
    const isFirst = request.url.endsWith("/slow") && tries++ === 0;
    return new Response(null, { status: isFirst ? 500 : 200, headers: { etag: '"e"' } });
  }, async ({ store }) => {
    const slow = store.putAtomic("slow", bytesOf("x"));
    await asleep.promise;
    await store.putAtomic("quick", bytesOf("x"));
    assert.equal(tries, 1);
    wake.resolve();
    await slow;
    assert.equal(tries, 2);
  }, {
    concurrency: 1,
    sleep: async () => {
      asleep.resolve();
      await wake.promise;
    },
  });
});

Deno.test("S3Store sends fewer requests at a time after a 503, and stops waiting when aborted", async () => {
  const gate = new Gate();
  let refusals = 8;
  await onHttp(async () => {
    await gate.pass();
    const status = refusals-- > 0 ? 503 : 200;
    return new Response(null, { status, headers: { etag: '"e"' } });
  }, async ({ store }) => {
    const stop = new AbortController();
    const puts = Array.from({ length: 8 }, (_, n) => store.putAtomic(`${n}`, bytesOf("x")));
    await gate.until(8);
    for (const pass of gate.waiting.splice(0)) pass();
    await gate.until(4);
    gate.most = 4;
    const aborted = store.putAtomic("late", bytesOf("x"), { signal: stop.signal });
    const stream = store.putAtomic("later", streamOf(bytesOf("x")), { signal: stop.signal });
    stop.abort();
    await failsWith(aborted, "interrupted");
    await failsWith(stream, "interrupted");
    for (let left = 8; left > 0; left--) {
      await gate.until(1);
      gate.waiting.shift()!();
    }
    await Promise.all(puts);
    assert.ok(gate.most <= 6, `${gate.most}`);
  }, { concurrency: 8 });
});
