/** The small parts of the stores: keys, streams, aborts, meters, listings, stores without conditions. */
import assert from "node:assert/strict";
import { HxError } from "../lib/errors.ts";
import {
  checkKey,
  checkPrefix,
  collect,
  CountingStore,
  guard,
  listAll,
  type ListPage,
  MemoryStore,
  Meter,
  orAbort,
  sleep,
  streamOf,
} from "../lib/store/mod.ts";
import { bytesOf, failsWith, patternBytes, readObject, sameBytes } from "./store_contract.ts";

const what = "the object k";

Deno.test("checkKey() allows 1,024 bytes, not characters", () => {
  checkKey("x".repeat(1024));
  assert.throws(() => checkKey("x".repeat(1025)), HxError);
  checkKey("ü".repeat(512));
  assert.throws(() => checkKey("ü".repeat(513)), HxError);
});

Deno.test("checkPrefix() allows what a key can begin with", () => {
  for (const prefix of ["", "a", "a/", "a/b", "a/.", ".."]) checkPrefix(prefix);
  for (const prefix of ["/", "a//", "../a", "a/./b", "a\0"]) {
    assert.throws(() => checkPrefix(prefix), HxError);
  }
});

Deno.test("guard() lets through what is as announced", async () => {
  const bytes = patternBytes(1000);
  let counted = 0;
  let ends = 0;
  const stream = guard(streamOf(bytes, 7), {
    what,
    exactly: 1000,
    maxBytes: 1000,
    onBytes: (n) => counted += n,
    onEnd: () => ends++,
  });
  assert.ok(sameBytes(await collect(stream), bytes));
  assert.deepEqual([counted, ends], [1000, 1]);
});

Deno.test("guard() errors what is too short, too long, or broken", async () => {
  const guarded = (options: { exactly?: number; maxBytes?: number }) =>
    collect(guard(streamOf(new Uint8Array(100), 10), { what, ...options }));
  await failsWith(guarded({ exactly: 101 }), "network");
  await failsWith(guarded({ exactly: 99 }), "corrupt");
  await failsWith(guarded({ maxBytes: 99 }), "corrupt");
  const broken = new ReadableStream<Uint8Array>({
    pull() {
      throw new TypeError("body");
    },
  });
  const mapError = () => new HxError("network", "mapped");
  await failsWith(collect(guard(broken, { what, mapError })), "network");
});

Deno.test("guard() gives up a source that hangs when aborted, and one that is not read on", async () => {
  for (const abort of [true, false]) {
    let cancelled = false;
    let ends = 0;
    const source = new ReadableStream<Uint8Array>({
      pull: () => new Promise(() => {}),
      cancel() {
        cancelled = true;
      },
    });
    const stop = new AbortController();
    const stream = guard(source, { what, signal: stop.signal, onEnd: () => ends++ });
    const reader = stream.getReader();
    const reading = reader.read();
    if (abort) {
      stop.abort();
      await failsWith(reading, "interrupted");
    } else {
      await reader.cancel();
      assert.equal((await reading).done, true);
    }
    assert.deepEqual([cancelled, ends], [true, 1]);
  }
});

Deno.test("collect() takes maxBytes and not one more, and cancels the rest", async () => {
  assert.equal((await collect(streamOf(new Uint8Array(100), 10), { maxBytes: 100 })).length, 100);
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
    cancel() {
      cancelled = true;
    },
  });
  await failsWith(collect(endless, { maxBytes: 99 }), "corrupt");
  assert.ok(cancelled);
});

Deno.test("orAbort() and sleep() stop when the signal fires", async () => {
  const never = new Promise(() => {});
  await failsWith(orAbort(never, AbortSignal.timeout(1)), "timeout");
  await failsWith(orAbort(never, AbortSignal.abort()), "interrupted");
  assert.equal(await orAbort(Promise.resolve(1), new AbortController().signal), 1);
  await failsWith(sleep(3_600_000, AbortSignal.timeout(1)), "timeout");
  const reason = new HxError("timeout", "the run's own deadline");
  await failsWith(sleep(3_600_000, AbortSignal.abort(reason)), "timeout");
});

Deno.test("listAll() fails where a continuation comes round again", async () => {
  class Looping extends MemoryStore {
    pages = 0;
    override list(): Promise<ListPage> {
      return Promise.resolve({ entries: [], continuation: `page ${this.pages++ % 3}` });
    }
  }
  const store = new Looping();
  await failsWith(Array.fromAsync(listAll(store, "")), "server");
  assert.equal(store.pages, 4);
});

Deno.test("MemoryStore can ignore conditions, as some providers do", async () => {
  const store = new MemoryStore({ ignoreConditions: true });
  await store.putAtomic("k", bytesOf("one"), { ifNoneMatch: "*" });
  await store.putAtomic("k", bytesOf("two"), { ifNoneMatch: "*" });
  await store.putAtomic("k", bytesOf("three"), { ifMatch: '"stale"' });
  assert.deepEqual(await readObject(store, "k"), bytesOf("three"));
});

Deno.test("CountingStore counts calls and the bytes that move", async () => {
  const meter = new Meter();
  const store = new CountingStore(new MemoryStore(), meter);
  await store.putAtomic("a", bytesOf("12345"));
  await store.putAtomic("b", streamOf(new Uint8Array(1000), 10));
  await readObject(store, "a");
  const before = meter.counts;
  assert.deepEqual(before, {
    requests: { list: 0, get: 1, put: 2, head: 0, delete: 0 },
    bytes_in: 5,
    bytes_out: 1005,
    retries: 0,
  });
  await failsWith(store.head("none"), "not-found");
  await store.list("");
  await store.delete("a");
  assert.deepEqual(meter.since(before), {
    requests: { list: 1, get: 0, put: 0, head: 1, delete: 1 },
    bytes_in: 0,
    bytes_out: 0,
    retries: 0,
  });
});
