/**
 * What a long life leaves behind: files and connections, timers and database handles after a thousand
 * operations, some of them given up midway, on each kind of store; and memory over ten thousand pulls.
 */
import assert from "node:assert/strict";
import v8 from "node:v8";
import vm from "node:vm";
import { openDatabase, readIdentity } from "../lib/db/mod.ts";
import { isCategory } from "../lib/errors.ts";
import { createS3Fetch } from "../lib/s3/mod.ts";
import { FolderStore, listAll, MemoryStore, type SyncStore } from "../lib/store/mod.ts";
import { pull, push } from "../lib/sync/mod.ts";
import { startMinio } from "./minio.ts";
import { s3Opener } from "./s3_kit.ts";
import { type Device, makeWorld, record, testEvent } from "./world.ts";

const minio = await startMinio();

const OPERATIONS = 1000;
const PULLS = 10_000;

/** An object that no single read brings whole. */
const BIG = { key: "big", bytes: new Uint8Array(1 << 20).fill(1) };

/** Open files, sockets and pipes of this process. */
function openFiles(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

/** Counts the timers that are set and neither cleared nor done. */
function countTimers(): { live(): number; restore(): void } {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const live = new Set<unknown>();
  globalThis.setTimeout = ((work: () => void, ...rest: [number?]) => {
    const id = set(() => {
      live.delete(id);
      work();
    }, ...rest);
    live.add(id);
    return id;
  }) as typeof globalThis.setTimeout;
  globalThis.clearTimeout = (id) => {
    live.delete(id);
    clear(id);
  };
  return {
    live: () => live.size,
    restore: () => void Object.assign(globalThis, { setTimeout: set, clearTimeout: clear }),
  };
}

const interrupted = (error: unknown) => isCategory(error, "interrupted");

/** The operations, in turn. */
function operations(a: Device, b: Device, open: () => Promise<SyncStore>, dir: string) {
  let events = 0;
  return [
    async () => {
      record(a.db, testEvent(++events));
      await push(a.context);
    },
    async () => void await pull(b.context),
    async () => {
      const { body } = await (await open()).get(BIG.key);
      const reader = body.getReader();
      await reader.read();
      await reader.cancel("enough");
    },
    async () => {
      const stop = new AbortController();
      const entries = listAll(await open(), "", { signal: stop.signal, pageSize: 1 });
      await assert.rejects(async () => {
        for await (const _ of entries) stop.abort();
      }, interrupted);
    },
    async () => {
      const stop = new AbortController();
      const pulling = pull({ ...b.context, signal: stop.signal });
      stop.abort();
      // Where everything is in memory it may have ended by then.
      await pulling.catch((error) => assert.ok(interrupted(error)));
    },
    () => {
      using db = openDatabase(`${dir}/a.db`);
      return Promise.resolve(void readIdentity(db));
    },
  ];
}

/** Waits until connections that were closed are gone, as long as some go. */
async function settledFiles(limit: number): Promise<number> {
  for (let tries = 0; tries < 100 && openFiles() > limit; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return openFiles();
}

/** Counts before and after a thousand operations. */
async function checkStore(opener: (dir: string) => Promise<() => Promise<SyncStore>>) {
  const dir = await Deno.makeTempDir({ prefix: "hx-leaks-" });
  const open = await opener(dir);
  const store = await open();
  const world = await makeWorld({ store, folder: dir });
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  await store.putAtomic(BIG.key, BIG.bytes);
  const work = operations(a, b, open, dir);
  for (const one of work) await one();
  const before = openFiles();
  const timers = countTimers();
  try {
    for (let n = 0; n < OPERATIONS; n++) await work[n % work.length]!();
    assert.equal(timers.live(), 0, "timers");
  } finally {
    timers.restore();
  }
  // Pooled connections may be some more or less than they were.
  const after = await settledFiles(before);
  assert.ok(after <= before + 4, `${before} files before, ${after} after`);
  world.close();
  await Deno.remove(dir, { recursive: true });
  return { before, after };
}

Deno.test("a thousand operations leave nothing open, memory", async () => {
  const store = new MemoryStore();
  const { before, after } = await checkStore(() => Promise.resolve(() => Promise.resolve(store)));
  assert.ok(after <= before, `${before} files before, ${after} after`);
});

Deno.test("a thousand operations leave nothing open, folder", async () => {
  const { before, after } = await checkStore(async (dir) => {
    await Deno.mkdir(`${dir}/store`);
    return () => FolderStore.open(`${dir}/store`);
  });
  assert.ok(after <= before, `${before} files before, ${after} after`);
});

Deno.test("a thousand operations leave nothing open, S3", async () => {
  const bucket = await minio.newBucket();
  const start = openFiles();
  const fetch = createS3Fetch();
  const open = s3Opener(minio, bucket, "hx", fetch);
  await checkStore(() => Promise.resolve(() => Promise.resolve(open())));
  fetch.close();
  assert.ok(await settledFiles(start) <= start, `${start} files at first, ${openFiles()} at last`);
});

/** Makes the collector come. */
function collectGarbage(): void {
  v8.setFlagsFromString("--expose-gc");
  (vm.runInNewContext("gc") as () => void)();
}

/** The middle one of a quarter's samples. */
function middle(samples: readonly number[], quarter: number): number {
  const size = samples.length / 4;
  const sorted = samples.slice(quarter * size, (quarter + 1) * size).sort((a, b) => a - b);
  return sorted[Math.floor(size / 2)]!;
}

Deno.test("ten thousand pulls with nothing new hold no more memory at the end", async () => {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  record(a.db, testEvent(1));
  await push(a.context);
  await pull(b.context);
  b.events.length = 0;
  const samples: { heapUsed: number; rss: number }[] = [];
  for (let n = 1; n <= PULLS; n++) {
    await pull(b.context);
    if (n % (PULLS / 40) !== 0) continue;
    // What weak references were made to is held until the event loop turns, which memory alone never makes it do.
    await new Promise((resolve) => setTimeout(resolve, 0));
    collectGarbage();
    samples.push(Deno.memoryUsage());
  }
  assert.equal(b.events.length, 0);
  // The first quarter warms up: what is compiled and cached comes in it.
  for (const [what, most] of [["heapUsed", 1.05], ["rss", 1.25]] as const) {
    const used = samples.map((sample) => sample[what]);
    const ratio = middle(used, 3) / middle(used, 1);
    assert.ok(ratio < most, `${what}: ${ratio.toFixed(3)} of what it was`);
  }
  world.close();
});
