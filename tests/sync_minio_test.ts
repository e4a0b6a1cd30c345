/** Devices that sync through a real MinIO, every request counted. */
import assert from "node:assert/strict";
import { countEvents, matchEvents } from "../lib/db/mod.ts";
import { createS3Fetch } from "../lib/s3/mod.ts";
import { listAll, type SyncStore } from "../lib/store/mod.ts";
import { forget, joinVault, pull, push } from "../lib/sync/mod.ts";
import { isCategory } from "../lib/errors.ts";
import { startMinio } from "./minio.ts";
import { s3Opener } from "./s3_kit.ts";
import { commands, makeWorld, record, testEvent, visible, type World } from "./world.ts";

const minio = await startMinio();
const fetch = createS3Fetch();
const NONE = { list: 0, get: 0, put: 0, head: 0, delete: 0 };

async function minioWorld(
  prefix = "team/hx",
  seed = 1,
): Promise<{ world: World; store: SyncStore }> {
  const bucket = await minio.newBucket();
  const open = s3Opener(minio, bucket, prefix, fetch);
  const store = open();
  return { world: await makeWorld({ seed, store, open }), store };
}

Deno.test("MinIO: exact requests of push, pull and nothing new", async () => {
  const { world } = await minioWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  record(a.db, ...Array.from({ length: 5000 }, (_, i) => testEvent(i + 1)));
  assert.deepEqual((await push(a.context)).requests, { ...NONE, put: 2 });
  assert.deepEqual((await push(a.context)).requests, NONE);
  assert.deepEqual((await pull(b.context)).requests, { ...NONE, list: 1, get: 2 });
  assert.deepEqual((await pull(b.context)).requests, { ...NONE, list: 1 });
  assert.equal(countEvents(b.db), 5000);
  record(b.db, testEvent(9000, { session_id: "b" }));
  assert.deepEqual((await push(b.context)).requests, { ...NONE, put: 2 });
  assert.deepEqual((await pull(a.context)).requests, { ...NONE, list: 1, get: 2 });
  world.close();
});

Deno.test("MinIO: three devices, a key prefix with + % and unicode, forget wins", async () => {
  const { world } = await minioWorld("tëam +%41/hx");
  const devices = ["a", "b", "c"].map((name) => world.addDevice(name));
  const [a, b, c] = devices as [typeof devices[0], typeof devices[0], typeof devices[0]];
  for (const [i, device] of devices.entries()) {
    record(
      device.db,
      testEvent(10 + i, { session_id: device.name }),
      testEvent(50, { session_id: "shared", cmd: "login --password x" }),
    );
  }
  for (let round = 0; round < 2; round++) {
    for (const device of devices) {
      await pull(device.context);
      await push(device.context);
    }
  }
  await forget(a.db, world.keys, {
    events: matchEvents(a.db, { match: "--password" }),
    windows: [],
  });
  // While one forgets, another imports what is forgotten once more.
  record(b.db, testEvent(50, { session_id: "shared", cmd: "login --password x" }));
  for (let round = 0; round < 2; round++) {
    for (const device of devices) {
      await pull(device.context);
      await push(device.context);
    }
  }
  for (const device of devices) {
    assert.deepEqual(commands(device.db).sort(), ["echo 10", "echo 11", "echo 12"]);
    assert.deepEqual(visible(device.db), visible(c.db));
  }
  world.close();
});

Deno.test("MinIO: a corrupt object is counted, blocks nothing, and is taken once it is whole", async () => {
  const { world, store } = await minioWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  for (let i = 1; i <= 3; i++) {
    record(a.db, testEvent(i));
    await push(a.context);
  }
  const segments: string[] = [];
  for await (const { key } of listAll(store, "vaults/")) {
    if (key.endsWith(".hxseg")) segments.push(key);
  }
  const good = new Uint8Array(
    await new Response((await store.get(segments[1]!)).body).arrayBuffer(),
  );
  const bad = good.slice();
  bad[bad.length - 1]! ^= 1;
  await store.putAtomic(segments[1]!, bad);
  const first = await pull(b.context);
  assert.deepEqual(first.rejected, { segment: { corrupt: 1 } });
  assert.equal(first.imported.segment, 2);
  assert.equal(countEvents(b.db), 2);
  await store.putAtomic(segments[1]!, good);
  const second = await pull(b.context);
  assert.deepEqual(second.rejected, {});
  assert.deepEqual(second.requests, { ...NONE, list: 1, get: 1 });
  assert.equal(countEvents(b.db), 3);
  world.close();
});

Deno.test("MinIO: an object of another vault does not get in", async () => {
  const [one, two] = [await minioWorld(), await minioWorld("other", 2)];
  const a = one.world.addDevice("a");
  const b = two.world.addDevice("b");
  const c = one.world.addDevice("c");
  record(a.db, testEvent(1));
  record(b.db, testEvent(2));
  await push(a.context);
  await push(b.context);
  const stranger = (await keysOf(two.store)).find((key) => key.endsWith(".hxseg"))!;
  const own = (await keysOf(one.store)).find((key) => key.endsWith(".hxseg"))!;
  const bytes = await new Response((await two.store.get(stranger)).body).bytes();
  await one.store.putAtomic(own, bytes);
  assert.deepEqual((await pull(c.context)).rejected, { segment: { corrupt: 1 } });
  assert.equal(countEvents(c.db), 0);
  one.world.close();
  two.world.close();
});

Deno.test("MinIO: the wrong key opens no vault, and nothing is written", async () => {
  const { world, store } = await minioWorld();
  const before = await keysOf(store);
  await assert.rejects(
    joinVault({
      store,
      clock: Date.now,
      random: (n) => crypto.getRandomValues(new Uint8Array(n)),
      signal: new AbortController().signal,
    }, new Uint8Array(32)),
    (error) => isCategory(error, "auth"),
  );
  assert.deepEqual(await keysOf(store), before);
  world.close();
});

async function keysOf(store: SyncStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of listAll(store, "vaults/")) keys.push(key);
  return keys.sort();
}
