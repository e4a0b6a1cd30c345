/** Time limits of S3 requests: deadlines, silence, and what is told of requests. No time passes. */
import assert from "node:assert/strict";
import { collect, sleep } from "../lib/store/mod.ts";
import { bytesOf, failsWith } from "./store_contract.ts";
import { onHttp, type Wire } from "./s3_wire.ts";

const etag = { headers: { etag: '"e"' } };

/** Says nothing at all. */
const silence = () => undefined;

/** Waits until so many requests have come and these timers run; lets the shortest one go off. */
async function fireAt(wire: Wire, requests: number, pending: number[]): Promise<void> {
  const { arrived, timers } = wire;
  while (arrived() < requests || `${timers.pending}` !== `${pending}`) await tick();
  timers.fire();
}

/** The same once so many answers have begun. */
async function fireInAnswer(wire: Wire, answers: number): Promise<void> {
  while (wire.notes.length < answers) await tick();
  await fireAt(wire, answers, [30_000, 120_000]);
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** `text`, and then nothing more. */
function stalling(text: string): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(bytesOf(text)) });
}

Deno.test("S3Store tries again where no answer comes for 30 seconds", () =>
  onHttp(
    (_, before) => before < 2 ? undefined : new Response("<ListBucketResult/>"),
    async (wire) => {
      const { store, notes, waits } = wire;
      const listing = store.list("");
      await fireAt(wire, 1, [30_000, 120_000]);
      await fireAt(wire, 2, [30_000, 120_000]);
      assert.deepEqual(await listing, { entries: [] });
      assert.deepEqual(waits, [100, 200]);
      const told = notes.map(({ attempt, outcome }) => `${attempt} ${outcome}`);
      assert.deepEqual(told, ["1 timeout", "2 timeout", "3 200"]);
    },
  ));

Deno.test("S3Store says what it waited for when silence does not end", () =>
  onHttp(silence, async (wire) => {
    const { store } = wire;
    const listing = failsWith(store.list("a/"), "timeout");
    for (let n = 1; n <= 8; n++) await fireAt(wire, n, [30_000, 120_000]);
    const { message, hint } = await listing;
    assert.equal(message, "s3:ListBucket on bucket/team/hx/a/*: nothing was heard for 30 s");
    assert.match(hint ?? "", /slow or dead/);
  }));

Deno.test("S3Store gives a body that goes out the time of a slow link", () =>
  onHttp(
    (_, before) => before === 0 ? undefined : new Response(null, etag),
    async (wire) => {
      const { store } = wire;
      const putting = store.putAtomic("k", new Uint8Array(160 * 1024));
      await fireAt(wire, 1, [30_000 + 10_000, 120_000 + 10_000]);
      await putting;
    },
  ));

Deno.test("S3Store has less patience with silence where it has less in all", () =>
  onHttp(
    (_, before) => before === 0 ? undefined : new Response("<ListBucketResult/>"),
    async (wire) => {
      const { store } = wire;
      const listing = store.list("");
      await fireAt(wire, 1, [4000, 8000]);
      await listing;
    },
    { timeoutMs: 8000 },
  ));

Deno.test("S3Store tells the last failure where the time runs out before its next try", () => {
  const asleep = Promise.withResolvers<void>();
  return onHttp(() => new Response(null, { status: 502 }), async ({ store, timers }) => {
    const listing = failsWith(store.list(""), "server");
    await asleep.promise;
    timers.fire();
    assert.match((await listing).message, /HTTP 502/);
  }, {
    sleep(_, signal) {
      asleep.resolve();
      return sleep(3_600_000, signal);
    },
  });
});

Deno.test("S3Store tells what took too long", () =>
  onHttp(silence, async (wire) => {
    const { store, notes } = wire;
    const first = failsWith(store.get("k"), "timeout");
    await fireAt(wire, 1, [5000, 6000]);
    const { message, hint } = await first;
    assert.equal(message, "s3:GetObject on bucket/team/hx/*: not done in 5 s");
    assert.match(hint ?? "", /--timeout/);
    assert.deepEqual(notes.map(({ outcome }) => outcome), ["timeout"]);
  }, { timeoutMs: 5000, stallMs: 6000 }));

Deno.test("S3Store tries an answer again that stops in its middle", () =>
  onHttp(
    (_, before) => new Response(before === 0 ? stalling("<ListB") : "<ListBucketResult/>"),
    async (wire) => {
      const { store } = wire;
      const listing = store.list("");
      await fireInAnswer(wire, 1);
      assert.deepEqual(await listing, { entries: [] });
    },
  ));

Deno.test("S3Store judges a refusal that stops in its middle by its status", () =>
  onHttp(
    (_, before) => new Response(stalling("<Err"), { status: before === 0 ? 500 : 404 }),
    async (wire) => {
      const listing = failsWith(wire.store.list(""), "not-found");
      await fireInAnswer(wire, 1);
      await fireInAnswer(wire, 2);
      await listing;
      assert.equal(wire.meter.counts.requests.list, 2);
    },
  ));

/** Gives 4 bytes of 10 and falls silent; then the rest of it. */
function stopping(request: Request): Response {
  const range = /bytes=(\d+)-/.exec(request.headers.get("range") ?? "")?.[1];
  const headers = { etag: '"e"', "content-length": "10" };
  if (range === undefined) return new Response(stalling("0123"), { headers });
  const rest = "0123456789".slice(Number(range));
  return new Response(rest, {
    status: 206,
    headers: { etag: '"e"', "content-range": `bytes ${range}-9/10` },
  });
}

Deno.test("S3Store takes a body up again that falls silent", () =>
  onHttp(stopping, async (wire) => {
    const { store, timers, meter } = wire;
    const reader = (await store.get("k")).body.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "0123");
    // The reader has what came, and asks for nothing: no silence of the server's.
    assert.equal(timers.pending.length, 1);
    const next = reader.read();
    await fireAt(wire, 1, [30_000, 120_000 + 10 * 1000 / (16 * 1024)]);
    assert.equal(new TextDecoder().decode((await next).value), "456789");
    assert.equal((await reader.read()).done, true);
    assert.deepEqual([meter.counts.requests.get, meter.counts.retries], [2, 1]);
  }));

Deno.test("S3Store ends a body at its deadline, and when the caller's signal fires", async () => {
  for (const isDeadline of [true, false]) {
    await onHttp(stopping, async ({ store, timers, meter }) => {
      const stop = new AbortController();
      const { body } = await store.get("k", { signal: stop.signal });
      const reading = failsWith(collect(body), isDeadline ? "timeout" : "interrupted");
      while (timers.pending.length < 2) await tick();
      if (isDeadline) timers.fire();
      else stop.abort();
      await reading;
      assert.equal(meter.counts.requests.get, 1);
    }, { stallMs: 900_000 });
  }
});

Deno.test("S3Store notes every request, with its key, try, outcome and time, and no secret", () => {
  let now = 0;
  return onHttp((_, before) => {
    now += 7;
    if (before === 0) return new Response(null, { status: 503 });
    if (before === 1) return new Response("<Error><Code>NoSuchKey</Code></Error>", { status: 404 });
    return undefined;
  }, async ({ store, notes }) => {
    await failsWith(store.get("a/k"), "not-found");
    const stop = new AbortController();
    const listing = failsWith(store.list("b/", { signal: stop.signal }), "interrupted");
    while (now < 21) await tick();
    stop.abort();
    await listing;
    assert.deepEqual(notes, [
      { operation: "get", key: "team/hx/a/k", attempt: 1, outcome: "503", milliseconds: 7 },
      { operation: "get", key: "team/hx/a/k", attempt: 2, outcome: "404", milliseconds: 7 },
      {
        operation: "list",
        key: "bucket/team/hx/b/*",
        attempt: 1,
        outcome: "interrupted",
        milliseconds: 7,
      },
    ]);
  }, {
    clock: () => now,
    credentials: () =>
      Promise.resolve({ accessKeyId: "id", secretAccessKey: "hunter2", sessionToken: "t" }),
  });
});
