/** Rules of publishing that no other test holds (format, section 10). */
import assert from "node:assert/strict";
import {
  countPendingEvents,
  countPendingTombstones,
  matchEvents,
  readIdentity,
  readRanges,
  renameDevice,
  takeSyncLock,
} from "../lib/db/mod.ts";
import { HxError, isCategory } from "../lib/errors.ts";
import { MemoryStore, type PutOptions } from "../lib/store/mod.ts";
import { forget, pull, push, runSync } from "../lib/sync/mod.ts";
import { changed, clones, forkOf, nodeOf } from "./rules_kit.ts";
import { Crash } from "./scheduler.ts";
import { bytesOf, keyOfOwn, manifestKeyOf } from "./vault_kit.ts";
import { commands, type Device, makeWorld, record, testEvent, type World } from "./world.ts";

/** A world with a device `a`, and what a device that joins later shows. */
async function one(): Promise<{ world: World; a: Device; shown(): Promise<string[]> }> {
  const world = await makeWorld();
  const a = world.addDevice("a");
  return { world, a, shown: () => shownBy(world) };
}

async function shownBy(world: World): Promise<string[]> {
  const fresh = world.addDevice("fresh");
  await pull(fresh.context);
  return commands(fresh.db);
}

/** Every PUT of a device, by key, whether or not it came back. */
function logged(
  device: Device,
  world: World,
  after?: (key: string) => void,
): Map<string, string[]> {
  const log = new Map<string, string[]>();
  device.context.store = changed(world.store, {
    putAtomic: async (key: string, body, options?: PutOptions) => {
      log.set(key, [...log.get(key) ?? [], (body as Uint8Array).toBase64()]);
      const result = await world.store.putAtomic(key, body, options);
      after?.(key);
      return result;
    },
  });
  return log;
}

/** The same work, done at the first call only. */
function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}

for (const step of ["put segment", "put tombstone", "put manifest", "confirm"]) {
  Deno.test(`a push that died at "${step}" sends the same bytes once more`, async () => {
    const { world, a, shown } = await one();
    record(a.db, testEvent(1), testEvent(2));
    await forget(a.db, world.keys, { events: matchEvents(a.db, { match: "echo 2" }), windows: [] });
    const log = logged(a, world);
    const die = once(() => {
      throw new Crash();
    });
    a.context.step = (name) => {
      if (name === step) die();
    };
    await assert.rejects(push(a.context), Crash);
    record(a.db, testEvent(3));
    await push(a.context);
    for (const [key, bodies] of log) {
      // The manifest names event 3 in a second publish.
      const contents = new Set(bodies).size;
      assert.equal(contents, key.endsWith(".hxman") ? 2 : 1, key);
    }
    const { segments, tombstones, manifestSeq } = readIdentity(a.db)!;
    assert.deepEqual({ segments, tombstones, manifestSeq }, {
      segments: 2,
      tombstones: 1,
      manifestSeq: 2,
    });
    assert.deepEqual(await shown(), ["echo 1", "echo 3"]);
    world.close();
  });
}

for (const kind of [".hxseg", ".hxman"]) {
  Deno.test(`a lost response to the PUT of a ${kind} makes no clone`, async () => {
    for (const ignoreConditions of [false, true]) {
      const store = new MemoryStore({ ignoreConditions });
      const world = await makeWorld({ store, conditionalWrites: !ignoreConditions });
      const a = world.addDevice("a");
      const node = nodeOf(a);
      record(a.db, testEvent(1));
      const lose = once(() => {
        throw new HxError("network", "the response was lost");
      });
      logged(a, world, (key) => key.endsWith(kind) ? lose() : undefined);
      await assert.rejects(push(a.context), (error) => isCategory(error, "network"));
      await push(a.context);
      await pull(a.context);
      assert.equal(nodeOf(a), node);
      assert.equal(readIdentity(a.db)!.manifestSeq, 1);
      assert.deepEqual(await shownBy(world), ["echo 1"]);
      world.close();
    }
  });
}

Deno.test("numbers that another process took meanwhile are not taken twice", async () => {
  const { world, a } = await one();
  record(a.db, testEvent(1));
  await push(a.context);
  const log = logged(a, world);
  renameDevice(a.db, "new name");
  let nested = false;
  a.context.step = async (name) => {
    if (name !== "seal" || nested) return;
    nested = true;
    await push({ ...a.context, step: () => {} });
    renameDevice(a.db, "newer name");
  };
  await push(a.context);
  assert.equal(readIdentity(a.db)!.manifestSeq, 3);
  assert.equal(new Set(log.get(manifestKeyOf(world, a))).size, 2);
  world.close();
});

Deno.test("a window that ends ahead of our clock is published so that readers take it", async () => {
  const { world, a, shown } = await one();
  record(a.db, testEvent(1, { started_at: world.clock.now / 1000 }));
  await push(a.context);
  const end_ts = world.clock.now / 1000 + 60;
  const windows = [{ start_ts: world.clock.now / 1000 - 1, end_ts }];
  await forget(a.db, world.keys, { events: [], windows });
  await push(a.context);
  assert.deepEqual(await shown(), []);
  world.close();
});

Deno.test("the manifest comes after all that it names", async () => {
  const { world, a } = await one();
  record(a.db, testEvent(1), testEvent(2));
  await forget(a.db, world.keys, { events: matchEvents(a.db, { match: "echo 2" }), windows: [] });
  const log = logged(a, world);
  await push(a.context);
  const kinds = [...log.keys()].map((key) => key.split(".").at(-1));
  assert.deepEqual(kinds.toSorted(), ["hxman", "hxseg", "hxtomb"]);
  assert.equal(kinds.at(-1), "hxman");
  world.close();
});

Deno.test("a push into what only looks like our vault publishes nothing", async () => {
  const { world, a } = await one();
  record(a.db, testEvent(1));
  await push(a.context);
  const empty = new MemoryStore();
  a.context.store = empty;
  record(a.db, testEvent(2));
  await assert.rejects(push(a.context), (error) => isCategory(error, "not-found"));
  assert.ok(![...empty.objects.keys()].some((key) => key.endsWith(".hxman")));
  world.close();
});

Deno.test("an own manifest that is gone, or older, is published with the next number", async () => {
  const { world, a } = await one();
  const key = manifestKeyOf(world, a);
  record(a.db, testEvent(1));
  await push(a.context);
  const old = await bytesOf(world.store, key);
  for (const break_ of [() => world.store.delete(key), () => world.store.putAtomic(key, old)]) {
    const { manifestSeq, nodeId } = readIdentity(a.db)!;
    await break_();
    await pull(a.context);
    await push(a.context);
    assert.equal(readIdentity(a.db)!.manifestSeq, manifestSeq + 1);
    assert.equal(nodeOf(a), nodeId);
  }
  world.close();
});

for (const ignoreConditions of [false, true]) {
  const where = ignoreConditions ? "a store that ignores conditions" : "a store with conditions";
  Deno.test(`two clones that publish nothing but a manifest: the second one splits, ${where}`, async () => {
    const { world, a, clone, close } = await clones({ ignoreConditions });
    const node = nodeOf(a);
    renameDevice(clone.db, "clone");
    renameDevice(a.db, "first");
    await push(clone.context);
    const theirs = await bytesOf(world.store, manifestKeyOf(world, a));
    await push(a.context);
    assert.notEqual(nodeOf(a), node);
    assert.equal(nodeOf(clone), node);
    assert.deepEqual(await bytesOf(world.store, manifestKeyOf(world, clone)), theirs);
    close();
  });

  Deno.test(`two clones that publish segments: nothing is written over, ${where}`, async () => {
    const { world, a, clone, close } = await clones({ ignoreConditions });
    record(a.db, testEvent(2));
    record(clone.db, testEvent(3));
    await push(a.context);
    const key = await keyOfOwn(world, a, "segment", 2);
    const ours = await bytesOf(world.store, key);
    await push(clone.context);
    assert.deepEqual(await bytesOf(world.store, key), ours);
    assert.deepEqual(await shownBy(world), ["echo 1", "echo 2", "echo 3"]);
    close();
  });
}

for (const kind of [".hxseg", ".hxman"]) {
  Deno.test(`without conditions, a clone that writes a ${kind} right after us is noticed`, async () => {
    const { world, store, a, clone, close } = await clones({ ignoreConditions: true });
    const node = nodeOf(a);
    // What the clone publishes at the same time, where nothing of ours is seen yet.
    const elsewhere = forkOf(store);
    clone.context.store = elsewhere;
    record(clone.db, testEvent(3));
    await push(clone.context);
    record(a.db, testEvent(2));
    const overwritten = once(() => {
      for (const [key, object] of elsewhere.objects) {
        if (key.endsWith(kind)) store.objects.set(key, object);
      }
    });
    logged(a, world, (key) => key.endsWith(kind) ? overwritten() : undefined);
    await push(a.context);
    assert.notEqual(nodeOf(a), node);
    assert.ok((await shownBy(world)).includes("echo 2"));
    close();
  });
}

/** A clone that has sealed an event, a deletion and nothing more when it meets the other one's. */
async function splitClone() {
  const given = await clones();
  const { world, a, clone } = given;
  const node = nodeOf(a);
  for (const [{ db }, n] of [[a, 2], [clone, 4]] as const) {
    record(db, testEvent(n), testEvent(n + 1, { session_id: `${n}` }));
    const events = matchEvents(db, { match: `echo ${n + 1}` });
    await forget(db, world.keys, { events, windows: [] });
  }
  await push(a.context);
  await push(clone.context);
  return { ...given, node };
}

Deno.test("a split keeps event keys, publishes once what was not sent, and what was sent not again", async () => {
  const { world, a, clone, node, close } = await splitClone();
  assert.notEqual(nodeOf(clone), node);
  assert.equal(countPendingEvents(clone.db) + countPendingTombstones(clone.db), 0);
  const { segments, tombstones } = readIdentity(clone.db)!;
  assert.deepEqual({ segments, tombstones }, { segments: 1, tombstones: 1 });
  const events = clone.db.all<{ seq: number; segment: number | null; node_id: string }>(
    "SELECT e.seq, e.segment, n.node_id FROM event e JOIN node n ON n.id = e.node ORDER BY e.seq",
  );
  const { node_id } = testEvent(1);
  assert.deepEqual(events.map((row) => ({ ...row })), [
    { seq: 1, segment: null, node_id },
    { seq: 4, segment: 1, node_id },
  ]);
  // Nothing of the old identity is fetched that came from here.
  for (const range of ["known", "imported"] as const) {
    assert.deepEqual(readRanges(clone.db, range, "segment").get(node), [{ start: 1, end: 1 }]);
  }
  for (const { context } of [clone, a, clone]) await pull(context);
  const all = ["echo 1", "echo 2", "echo 4"];
  assert.deepEqual([commands(a.db), commands(clone.db)], [all, all]);
  assert.deepEqual(await shownBy(world), all);
  close();
});

Deno.test("runSync() runs once at a time, and leaves the lock free", async () => {
  const { world, a } = await one();
  const dir = Deno.makeTempDirSync();
  const lock = takeSyncLock(`${dir}/lock`);
  const run = () => runSync(a.context, `${dir}/lock`, ["pull", "push"]);
  await assert.rejects(run(), (error) => isCategory(error, "busy"));
  lock.release();
  await run();
  takeSyncLock(`${dir}/lock`).release();
  Deno.removeSync(dir, { recursive: true });
  world.close();
});

Deno.test("segments are cut at 5,000 events and at 8 MiB of JSON", async () => {
  const { world, a } = await one();
  record(a.db, ...Array.from({ length: 5001 }, (_, n) => testEvent(n)));
  assert.equal((await push(a.context)).imported.segment, 2);
  const long = "x".repeat(1 << 20);
  record(
    a.db,
    ...Array.from({ length: 9 }, (_, n) => testEvent(n, { session_id: "b", cmd: long })),
  );
  assert.equal((await push(a.context)).imported.segment, 2);
  world.close();
});

Deno.test("a deletion of more than 20,000 events is more than one tombstone", async () => {
  const { world, a } = await one();
  record(a.db, ...Array.from({ length: 20_001 }, (_, n) => testEvent(n)));
  await forget(a.db, world.keys, { events: matchEvents(a.db, {}), windows: [] });
  assert.equal(countPendingTombstones(a.db), 2);
  world.close();
});
