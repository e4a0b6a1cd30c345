import assert from "node:assert/strict";
import {
  countEvents,
  countPendingEvents,
  matchEvents,
  openDatabase,
  readIdentity,
} from "../lib/db/mod.ts";
import { forget, pull, push } from "../lib/sync/mod.ts";
import { commands, makeWorld, record, testEvent, visible } from "./world.ts";

const NONE = { list: 0, get: 0, put: 0, head: 0, delete: 0 };

Deno.test("push() of k events up to 5,000 is two PUTs and nothing else", async () => {
  const world = await makeWorld();
  const a = world.addDevice("a");
  for (const count of [1, 5000]) {
    const start = countEvents(a.db);
    record(a.db, ...Array.from({ length: count }, (_, i) => testEvent(start + i + 1)));
    const report = await push(a.context);
    assert.deepEqual(report.requests, { ...NONE, put: 2 });
    assert.equal(countPendingEvents(a.db), 0);
  }
  world.close();
});

Deno.test("push() with nothing new is no request", async () => {
  const world = await makeWorld();
  const a = world.addDevice("a");
  record(a.db, testEvent(1));
  await push(a.context);
  assert.deepEqual((await push(a.context)).requests, NONE);
  world.close();
});

Deno.test("pull() with nothing new is exactly one LIST", async () => {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  record(a.db, testEvent(1));
  await push(a.context);
  const first = await pull(b.context);
  assert.deepEqual(first.requests, { ...NONE, list: 1, get: 2 });
  assert.deepEqual((await pull(b.context)).requests, { ...NONE, list: 1 });
  assert.deepEqual((await pull(a.context)).requests, { ...NONE, list: 1 });
  world.close();
});

Deno.test("three devices converge, and what is forgotten stays away", async () => {
  const world = await makeWorld();
  const [a, b, c] = ["a", "b", "c"].map((name) => world.addDevice(name));
  record(a!.db, testEvent(1), testEvent(2, { cmd: "login --password x" }));
  record(b!.db, testEvent(3, { session_id: "other" }));
  for (const round of [1, 2]) {
    for (const device of [a!, b!, c!]) {
      await pull(device.context);
      await push(device.context);
    }
    assert.ok(round);
  }
  assert.equal(countEvents(c!.db), 3);
  assert.deepEqual(visible(a!.db), visible(c!.db));
  await forget(c!.db, world.keys, {
    events: matchEvents(c!.db, { match: "--password" }),
    windows: [],
  });
  await push(c!.context);
  for (const device of [a!, b!]) {
    await pull(device.context);
    assert.deepEqual(commands(device.db), ["echo 1", "echo 3"]);
    assert.equal(device.db.get("SELECT 1 FROM command WHERE cmd LIKE '%password%'"), undefined);
  }
  record(a!.db, testEvent(2, { cmd: "login --password x" }));
  assert.deepEqual(commands(a!.db), ["echo 1", "echo 3"]);
  world.close();
});

Deno.test("a copied database splits once, doubles nothing and loses nothing", async () => {
  const world = await makeWorld();
  const a = world.addDevice("a");
  record(a.db, testEvent(1));
  await push(a.context);
  const dir = Deno.makeTempDirSync();
  a.db.run("VACUUM INTO ?", `${dir}/clone.db`);

  const clone = world.addDevice("clone", { db: openDatabase(`${dir}/clone.db`) });
  record(a.db, testEvent(2));
  record(clone.db, testEvent(3));
  await push(a.context);
  await push(clone.context);
  assert.notEqual(readIdentity(clone.db)!.nodeId, readIdentity(a.db)!.nodeId);
  assert.equal(clone.events.filter((event) => event.type === "warning").length, 1);
  for (const device of [a, clone]) {
    await pull(device.context);
    await push(device.context);
  }
  await pull(a.context);
  assert.deepEqual(commands(a.db), ["echo 1", "echo 2", "echo 3"]);
  assert.deepEqual(visible(a.db), visible(clone.db));
  world.close();
  Deno.removeSync(dir, { recursive: true });
});

Deno.test("forget() cuts its tombstones so that every reader takes them", async () => {
  const world = await makeWorld();
  const a = world.addDevice("a");
  const b = world.addDevice("b", { confirmDeletes: () => Promise.resolve(true) });
  // Ids as long as the format allows, which cost 6 bytes a character in JSON.
  const long = (n: number) => `${n}`.padEnd(16_384, "\u0001");
  record(a.db, ...Array.from({ length: 300 }, (_, n) => testEvent(n, { session_id: long(n) })));
  record(a.db, ...Array.from({ length: 20_500 }, (_, n) => testEvent(n)));
  await push(a.context);
  await pull(b.context);
  await forget(a.db, world.keys, { events: matchEvents(a.db, {}), windows: [] });
  const report = await push(a.context);
  assert.ok(report.imported.tombstone > 2);
  assert.deepEqual((await pull(b.context)).rejected, {});
  assert.equal(countEvents(b.db), 0);
  world.close();
});
