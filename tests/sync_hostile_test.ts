/** A store that lags, forgets, rolls back or overwrites: it is reported, and costs no data. */
import assert from "node:assert/strict";
import {
  countEvents,
  countPendingEvents,
  matchEvents,
  openDatabase,
  readIdentity,
} from "../lib/db/mod.ts";
import { isCategory } from "../lib/errors.ts";
import { encodeTombstone, keyOf, rfc3339, segmentId, tombstoneId } from "../lib/format/mod.ts";
import { sealObject } from "../lib/crypto/mod.ts";
import { manifestName, manifestPayload, sealManifest } from "../lib/manifest/mod.ts";
import { seeded, seededBytes } from "./seeded.ts";
import { MemoryStore, type SyncStore } from "../lib/store/mod.ts";
import { createVault, forget, joinVault, pull, push } from "../lib/sync/mod.ts";
import {
  commands,
  type Device,
  makeWorld,
  record,
  START,
  testEvent,
  testNode,
  type World,
} from "./world.ts";

const NONE = { list: 0, get: 0, put: 0, head: 0, delete: 0 };

const random = seededBytes(seeded(4));
const vaultContext = (store: SyncStore) => ({
  store,
  clock: () => START,
  random,
  signal: new AbortController().signal,
});

async function bytesOf(world: World, key: string): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response((await world.store.get(key)).body).bytes();
}

function manifestKey(world: World, device: Device): string {
  return keyOf(manifestName(world.vaultId, readIdentity(device.db)!.nodeId));
}

async function segmentKey(world: World, device: Device, number: number): Promise<string> {
  const { nodeId } = readIdentity(device.db)!;
  const id = await segmentId(nodeId, number);
  return keyOf({ type: "segment", vaultId: world.vaultId, nodeId, segmentId: id });
}

/** Puts a manifest that says what it likes under a node's key, sealed with the vault's own key. */
async function forgeManifest(
  world: World,
  nodeId: string,
  seq: number,
  end: number,
  observed: Record<string, number> = {},
): Promise<void> {
  const payload = manifestPayload({
    vault_id: world.vaultId,
    node_id: nodeId,
    manifest_seq: seq,
    segments: { start: 1, end },
    tombstones: { start: 1, end: 0 },
    node: { label: "forged", platform: "test", hx_version: "0" },
    observed,
  }, START);
  const bytes = await sealManifest(payload, world.keys, world.random);
  await world.store.putAtomic(keyOf(manifestName(world.vaultId, nodeId)), bytes);
}

Deno.test("an object that is not there yet is a hole, and comes with a later pull", async () => {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  record(a.db, testEvent(1));
  await push(a.context);
  const key = await segmentKey(world, a, 1);
  const bytes = await bytesOf(world, key);
  await world.store.delete(key);
  const report = await pull(b.context);
  assert.deepEqual([report.rejected, report.skipped.segment, countEvents(b.db)], [{}, 1, 0]);
  await world.store.putAtomic(key, bytes);
  assert.deepEqual((await pull(b.context)).requests, { ...NONE, list: 1, get: 1 });
  assert.equal(countEvents(b.db), 1);
  world.close();
});

Deno.test("after 100 holes in a row the rest of a node waits, and no other node with it", async () => {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  await forgeManifest(world, testNode(7), 1, 10_000_000);
  record(a.db, testEvent(1));
  await push(a.context);
  const report = await pull(b.context);
  assert.ok(report.requests.get < 150, `${report.requests.get} requests`);
  assert.equal(countEvents(b.db), 1);
  world.close();
});

Deno.test("rollback: reported, its names still count, what was accepted stays", async () => {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  record(a.db, testEvent(1));
  await push(a.context);
  const old = await bytesOf(world, manifestKey(world, a));
  record(a.db, testEvent(2));
  await push(a.context);
  await pull(b.context);
  await world.store.putAtomic(manifestKey(world, a), old);
  assert.deepEqual((await pull(b.context)).rejected, { manifest: { rollback: 1 } });
  assert.equal(countEvents(b.db), 2);
  // Its owner notices, publishes again, and the alarm ends.
  await pull(a.context);
  assert.deepEqual((await push(a.context)).requests, { ...NONE, put: 1 });
  assert.deepEqual((await pull(b.context)).rejected, {});
  world.close();
});

Deno.test("equivocation: another manifest of the same number is reported", async () => {
  const world = await makeWorld();
  const b = world.addDevice("b");
  await forgeManifest(world, testNode(7), 5, 0);
  await pull(b.context);
  await forgeManifest(world, testNode(7), 5, 0, { [testNode(8)]: 1 });
  assert.deepEqual((await pull(b.context)).rejected, { manifest: { equivocation: 1 } });
  world.close();
});

Deno.test("stale: a fresh device is warned by what another has observed", async () => {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  record(a.db, testEvent(1));
  await push(a.context);
  const old = await bytesOf(world, manifestKey(world, a));
  record(a.db, testEvent(2));
  await push(a.context);
  await pull(b.context);
  record(b.db, testEvent(3, { session_id: "b" }));
  await push(b.context);
  await world.store.putAtomic(manifestKey(world, a), old);
  const c = world.addDevice("c");
  assert.deepEqual((await pull(c.context)).rejected, { manifest: { stale: 1 } });
  world.close();
});

Deno.test("missing: a known node's manifest that is gone is reported, its history stays", async () => {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  record(a.db, testEvent(1));
  await push(a.context);
  await pull(b.context);
  await world.store.delete(manifestKey(world, a));
  assert.deepEqual((await pull(b.context)).rejected, { manifest: { missing: 1 } });
  assert.equal(countEvents(b.db), 1);
  await pull(a.context);
  await push(a.context);
  assert.deepEqual((await pull(b.context)).rejected, {});
  world.close();
});

Deno.test("a damaged own manifest is put right without splitting", async () => {
  const world = await makeWorld();
  const a = world.addDevice("a");
  record(a.db, testEvent(1));
  await push(a.context);
  const { nodeId } = readIdentity(a.db)!;
  await world.store.putAtomic(manifestKey(world, a), new Uint8Array([1, 2, 3]));
  await pull(a.context);
  await push(a.context);
  assert.equal(readIdentity(a.db)!.nodeId, nodeId);
  const b = world.addDevice("b");
  await pull(b.context);
  assert.equal(countEvents(b.db), 1);
  world.close();
});

Deno.test("a store that ignores conditions: clones still split, nothing is lost", async () => {
  const store = new MemoryStore({ ignoreConditions: true });
  const world = await makeWorld({ store, conditionalWrites: false });
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
  const b = world.addDevice("b");
  await pull(b.context);
  assert.deepEqual(commands(b.db), ["echo 1", "echo 2", "echo 3"]);
  world.close();
  Deno.removeSync(dir, { recursive: true });
});

Deno.test("a reinstalled device brings back neither duplicates nor what was forgotten", async () => {
  const world = await makeWorld();
  const a = world.addDevice("a");
  const file = [1, 2, 3].map((n) => testEvent(n, { node_id: testNode(9), session_id: "file" }));
  record(a.db, ...file);
  await push(a.context);

  await forget(a.db, world.keys, { events: matchEvents(a.db, { match: "echo 2" }), windows: [] });
  await push(a.context);
  const again = world.addDevice("a");
  record(again.db, ...file);
  await pull(again.context);
  assert.deepEqual(commands(again.db), ["echo 1", "echo 3"]);
  assert.equal(countPendingEvents(again.db), 0);
  assert.deepEqual((await push(again.context)).requests, NONE);
  world.close();
});

Deno.test("a tombstone from the future waits until its day", async () => {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  record(a.db, testEvent(1));
  await push(a.context);
  const nodeId = testNode(7);
  const id = await tombstoneId(nodeId, 1);
  const name = { type: "tombstone", vaultId: world.vaultId, tombstoneId: id } as const;
  const createdAt = rfc3339(START + 48 * 3600 * 1000);
  const { cmd: _, started_at: __, ...key } = testEvent(1);
  const sealed = await sealObject(
    { name, nodeId, createdAt, compression: "none" },
    encodeTombstone({ events: [key] }),
    world.keys,
    world.random,
  );
  await world.store.putAtomic(keyOf(name), sealed);
  const payload = manifestPayload({
    vault_id: world.vaultId,
    node_id: nodeId,
    manifest_seq: 1,
    segments: { start: 1, end: 0 },
    tombstones: { start: 1, end: 1 },
    node: { label: "t", platform: "t", hx_version: "0" },
    observed: {},
  }, START);
  const manifest = await sealManifest(payload, world.keys, world.random);
  await world.store.putAtomic(keyOf(manifestName(world.vaultId, nodeId)), manifest);
  await pull(b.context);
  assert.equal(countEvents(b.db), 1);
  world.clock.now += 25 * 3600 * 1000;
  await pull(b.context);
  assert.equal(countEvents(b.db), 0);
  world.close();
});

Deno.test("a vault that is gone is refused, and nothing is written", async () => {
  const world = await makeWorld();
  const a = world.addDevice("a");
  record(a.db, testEvent(1));
  await push(a.context);
  const empty = new MemoryStore();
  a.context.store = empty;
  await assert.rejects(pull(a.context), (error) => isCategory(error, "not-found"));
  assert.deepEqual((await empty.list("")).entries, []);
  world.close();
});

Deno.test("a vault that is gone before the first publish, or opens with another key, is refused", async () => {
  const [world, other] = [await makeWorld(), await makeWorld({ seed: 2 })];
  const [a, joined] = [world.addDevice("a"), world.addDevice("joined")];
  record(a.db, testEvent(1));
  await push(a.context);
  const empty = new MemoryStore();
  for (const { context } of [a, joined]) {
    context.store = empty;
    await assert.rejects(pull(context), (error) => isCategory(error, "not-found"));
  }
  const key = keyOf({ type: "vault", vaultId: world.vaultId });
  const theirs = await bytesOf(other, keyOf({ type: "vault", vaultId: other.vaultId }));
  const text = new TextDecoder("latin1").decode(theirs).replace(other.vaultId, world.vaultId);
  await empty.putAtomic(key, Uint8Array.from(text, (char) => char.charCodeAt(0)));
  for (const { context } of [a, joined]) {
    await assert.rejects(pull(context), (error) => isCategory(error, "auth"));
  }
  assert.deepEqual([...empty.objects.keys()], [key]);
  other.close();
  world.close();
});

/** A device with `echo 1` and `echo 2` pushes, and forgets the first of them at a step of that push. */
async function forgetAt(step: string): Promise<{ world: World; b: Device }> {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  record(a.db, testEvent(1), testEvent(2));
  let done = false;
  a.context.step = async (name) => {
    if (name !== step || done) return;
    done = true;
    await forget(a.db, world.keys, { events: matchEvents(a.db, { match: "echo 1" }), windows: [] });
  };
  await push(a.context);
  return { world, b };
}

Deno.test("an event forgotten between sealing and sending is published with its tombstone", async () => {
  const { world, b } = await forgetAt("put segment");
  await pull(b.context);
  assert.deepEqual(commands(b.db), ["echo 2"]);
  world.close();
});

Deno.test("an event forgotten while it is sealed is never published", async () => {
  const { world, b } = await forgetAt("seal");
  const report = await pull(b.context);
  assert.equal(report.imported.segment, 1);
  assert.deepEqual(commands(b.db), ["echo 2"]);
  world.close();
});

Deno.test("joinVault() passes a damaged vault by, and says so where nothing else is there", async () => {
  const one = await makeWorld({ seed: 1 });
  const store = one.store;
  const damagedKey = `vaults/${testNode(1)}/vault.hxvault`;
  const context = vaultContext(store);
  const master = random(32);
  await createVault(context, { vaultId: testNode(2), master, name: "x", nodeId: testNode(3) }, {
    beside: true,
  });
  await store.putAtomic(damagedKey, new Uint8Array([0, 0, 0, 1, 0]));
  assert.equal((await joinVault(context, master)).vaultId, testNode(2));
  await assert.rejects(joinVault(context, random(32)), (error) => isCategory(error, "auth"));
  for (const id of [one.vaultId, testNode(2)]) await store.delete(`vaults/${id}/vault.hxvault`);
  await assert.rejects(joinVault(context, master), (error) => isCategory(error, "corrupt"));
  await store.delete(damagedKey);
  await assert.rejects(joinVault(context, master), (error) => isCategory(error, "not-found"));
  one.close();
});

Deno.test("createVault() refuses to sit beside another vault, and completes what a crash left", async () => {
  const store = new MemoryStore();
  const context = vaultContext(store);
  const made = { vaultId: testNode(2), master: random(32), name: "x", nodeId: testNode(3) };
  await createVault(context, made);
  const again = await createVault(context, made);
  assert.deepEqual(again.capabilities, { conditionalPut: "yes", conditionalComplete: "yes" });
  const other = { ...made, vaultId: testNode(4) };
  await assert.rejects(createVault(context, other), (error) => isCategory(error, "conflict"));
  await createVault(context, other, { beside: true });
});

for (const [what, size] of [["too large", 17 * 2 ** 20], ["damaged", 100], ["empty", 0]] as const) {
  Deno.test(`what is ${what} under own keys is written over: no split, nothing lost`, async () => {
    for (const ignoreConditions of [false, true]) {
      const store = new MemoryStore({ ignoreConditions });
      const world = await makeWorld({ store, conditionalWrites: !ignoreConditions });
      const [a, b] = [world.addDevice("a"), world.addDevice("b")];
      record(a.db, testEvent(1));
      await push(a.context);
      await world.store.putAtomic(manifestKey(world, a), new Uint8Array(size));
      await world.store.putAtomic(await segmentKey(world, a, 2), new Uint8Array(size));
      record(a.db, testEvent(2));
      await push(a.context);
      await pull(a.context);
      await push(a.context);
      assert.deepEqual(a.events.filter((event) => event.type === "warning"), []);
      assert.deepEqual((await pull(b.context)).rejected, {});
      assert.deepEqual(commands(b.db), ["echo 1", "echo 2"]);
      world.close();
    }
  });
}

Deno.test("many damaged objects are all counted, and warned of a few times", async () => {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  for (let n = 1; n <= 12; n++) {
    record(a.db, testEvent(n));
    await push(a.context);
    await world.store.putAtomic(await segmentKey(world, a, n), new Uint8Array(50));
  }
  assert.deepEqual((await pull(b.context)).rejected, { segment: { corrupt: 12 } });
  assert.equal(b.events.filter((event) => event.type === "warning").length, 5);
  world.close();
});
