/** `repair()`: what the store has lost or holds damaged is put back, by whom it came from. */
import assert from "node:assert/strict";
import {
  countEvents,
  countPendingEvents,
  matchEvents,
  openDatabase,
  readIdentity,
  seenManifests,
  splitIdentity,
  takeSyncLock,
} from "../lib/db/mod.ts";
import { isCategory } from "../lib/errors.ts";
import { keyOf, parseKey, parseSegment } from "../lib/format/mod.ts";
import { openObject } from "../lib/crypto/mod.ts";
import { MemoryStore } from "../lib/store/mod.ts";
import {
  forget,
  pull,
  push,
  repair,
  type RepairReport,
  runRepair,
  verify,
} from "../lib/sync/mod.ts";
import { addKeeper, attach, fetched, noise, withFolder } from "./artifact_kit.ts";
import { Crash } from "./scheduler.ts";
import { bytesOf, contentsOf, damage, keyOfOwn, manifestKeyOf } from "./vault_kit.ts";
import {
  commands,
  type Device,
  makeWorld,
  record,
  testEvent,
  testNode,
  visible,
  type World,
} from "./world.ts";

/** A device with three segments, of which `echo 2` was forgotten, and one that knows nothing. */
async function oneAndFresh(
  options: { ignoreConditions?: boolean } = {},
): Promise<{ world: World; store: MemoryStore; a: Device; fresh: Device }> {
  const store = new MemoryStore(options);
  const world = await makeWorld({ store, conditionalWrites: !options.ignoreConditions });
  const [a, fresh] = [world.addDevice("a"), world.addDevice("fresh")];
  for (const n of [1, 3, 5]) {
    record(a.db, testEvent(n), testEvent(n + 1));
    await push(a.context);
  }
  await forget(a.db, world.keys, { events: matchEvents(a.db, { match: "echo 2" }), windows: [] });
  await push(a.context);
  return { world, store, a, fresh };
}

const restored = ({ ok, restored, problems }: RepairReport) => ({ ok, ...restored, problems });
const NONE = { ok: true, manifest: 0, segment: 0, tombstone: 0, blob: 0, problems: [] };
const LEFT = ["echo 1", "echo 3", "echo 4", "echo 5", "echo 6"];

Deno.test("repair() of a sound vault reads, and writes nothing", async () => {
  const { world, a, fresh } = await oneAndFresh();
  const before = await contentsOf(world.store);
  for (const device of [a, fresh]) {
    const report = await repair(device.context);
    assert.deepEqual(restored(report), NONE);
    assert.equal(report.requests.put, 0);
  }
  assert.deepEqual(await contentsOf(world.store), before);
  assert.deepEqual(commands(fresh.db), LEFT);
  world.close();
});

for (const ignoreConditions of [false, true]) {
  const where = ignoreConditions ? " in a store that ignores conditions" : "";
  Deno.test(`repair() puts back all that was lost or damaged${where}, less what was forgotten`, async () => {
    const { world, store, a, fresh } = await oneAndFresh({ ignoreConditions });
    await store.delete(await keyOfOwn(world, a, "segment", 1));
    await damage(store, await keyOfOwn(world, a, "segment", 2));
    await store.putAtomic(await keyOfOwn(world, a, "segment", 3), new Uint8Array(17 * 2 ** 20));
    await store.delete(await keyOfOwn(world, a, "tombstone", 1));
    await store.delete(manifestKeyOf(world, a));
    const { nodeId } = readIdentity(a.db)!;
    const back = { ...NONE, manifest: 1, segment: 3, tombstone: 1 };
    assert.deepEqual(restored(await repair(a.context)), back);
    assert.deepEqual(restored(await repair(a.context)), NONE);
    assert.equal(readIdentity(a.db)!.nodeId, nodeId);
    assert.deepEqual((await pull(fresh.context)).rejected, {});
    assert.deepEqual(commands(fresh.db), LEFT);
    assert.deepEqual(visible(fresh.db), visible(a.db));
    assert.equal((await verify(fresh.context)).ok, true);
    const key = await keyOfOwn(world, a, "segment", 1);
    const { payload } = await openObject(await bytesOf(store, key), parseKey(key)!, world.keys);
    assert.deepEqual(parseSegment(payload).events.map(({ cmd }) => cmd), ["echo 1"]);
    world.close();
  });
}

Deno.test("repair() puts back a whole store that was emptied, from the devices that filled it", async () => {
  const { world, store, a, fresh } = await oneAndFresh();
  const b = world.addDevice("b");
  record(b.db, testEvent(9, { session_id: "b" }));
  await pull(b.context);
  await push(b.context);
  await pull(a.context);
  const vault = keyOf({ type: "vault", vaultId: world.vaultId });
  const kept = await bytesOf(store, vault);
  store.objects.clear();
  await assert.rejects(repair(a.context), (error) => isCategory(error, "not-found"));
  assert.equal(store.objects.size, 0);
  await store.putAtomic(vault, kept);

  const first = await repair(a.context);
  assert.equal(first.ok, false); // b's own are still missing, and it is said who has them
  assert.deepEqual(first.problems.map(({ kind, problem, device }) => [kind, problem, device]), [
    ["manifest", "missing", "b"],
    ["segment", "missing", "b"],
  ]);
  assert.match(first.problems[1]!.hint, /`hx sync repair` on b puts it back/);
  assert.equal((await repair(b.context)).ok, true);
  assert.equal((await repair(a.context)).ok, true);
  await pull(fresh.context);
  assert.deepEqual(commands(fresh.db).sort(), [...LEFT, "echo 9"].sort());
  world.close();
});

Deno.test("repair() can die at any step, and run again does the rest", async () => {
  for (let at = 0;; at++) {
    const { world, store, a, fresh } = await oneAndFresh();
    for (const n of [1, 3]) await store.delete(await keyOfOwn(world, a, "segment", n));
    await store.delete(await keyOfOwn(world, a, "tombstone", 1));
    await store.delete(manifestKeyOf(world, a));
    let left = at;
    const step = () => {
      if (left-- === 0) throw new Crash();
    };
    const died = await repair({ ...a.context, step }).then(() => false, (error) => {
      if (!(error instanceof Crash)) throw error;
      return true;
    });
    assert.equal((await repair(a.context)).ok, true, `died at step ${at}`);
    await pull(fresh.context);
    assert.deepEqual(commands(fresh.db), LEFT, `died at step ${at}`);
    assert.equal((await verify(fresh.context)).ok, true);
    world.close();
    if (!died) return assert.ok(at >= 5, `only ${at} steps`);
  }
});

Deno.test("repair() is refused while a sync runs, and its failure is kept for status", async () => {
  const { world, store, a } = await oneAndFresh();
  await withFolder(async (dir) => {
    const lock = takeSyncLock(`${dir}/lock`);
    await assert.rejects(runRepair(a.context, `${dir}/lock`), (error) => isCategory(error, "busy"));
    lock.release();
    store.objects.clear();
    await assert.rejects(runRepair(a.context, `${dir}/lock`));
    const { report } = a.db.get<{ report: string }>("SELECT report FROM run")!;
    assert.match(report, /"operation":"repair","category":"not-found"/);
    takeSyncLock(`${dir}/lock`).release();
  });
  world.close();
});

Deno.test("repair() takes in again what this database has lost of objects it once imported", async () => {
  const { world, a, fresh } = await oneAndFresh();
  await pull(fresh.context);
  for (const { db } of [a, fresh]) db.run("DELETE FROM event WHERE seq IN (1, 3)");
  await pull(fresh.context);
  assert.equal(countEvents(fresh.db), 3);
  for (const device of [a, fresh]) {
    assert.equal((await repair(device.context)).ok, true);
    assert.deepEqual(commands(device.db), LEFT);
    assert.equal(countPendingEvents(device.db), 0);
  }
  world.close();
});

Deno.test("repair() reads manifests again whose ETag says that they are the same", async () => {
  const { world, store, a, fresh } = await oneAndFresh();
  await pull(fresh.context);
  const key = manifestKeyOf(world, a);
  const { etag } = store.objects.get(key)!;
  record(a.db, testEvent(7));
  await push(a.context);
  store.objects.get(key)!.etag = etag;
  await pull(fresh.context);
  assert.deepEqual(commands(fresh.db), LEFT);
  await repair(fresh.context);
  assert.deepEqual(commands(fresh.db), [...LEFT, "echo 7"]);
  const { nodeId, manifestSeq } = readIdentity(a.db)!;
  assert.equal(seenManifests(fresh.db).get(nodeId)!.manifestSeq, manifestSeq);
  world.close();
});

Deno.test("repair() finds the history of a device whose manifest is lost and that is gone for ever", async () => {
  const { world, store, a, fresh } = await oneAndFresh();
  await store.delete(manifestKeyOf(world, a));
  await pull(fresh.context);
  assert.equal(countEvents(fresh.db), 0);
  const report = await repair(fresh.context);
  assert.deepEqual([report.ok, report.imported.segment, report.imported.tombstone], [true, 3, 1]);
  assert.deepEqual(commands(fresh.db), LEFT);
  assert.equal(readIdentity(fresh.db)!.segments, 0); // it did not publish it as its own
  world.close();
});

Deno.test("repair() of a restored backup whose manifest is lost splits, and takes in the newer objects", async () => {
  await withFolder(async (dir) => {
    const { world, store, a } = await oneAndFresh();
    a.db.run("VACUUM INTO ?", `${dir}/backup.db`);
    record(a.db, testEvent(7));
    await push(a.context);
    await store.delete(manifestKeyOf(world, a));
    const back = world.addDevice("back", { db: openDatabase(`${dir}/backup.db`) });
    const { nodeId } = readIdentity(back.db)!;
    assert.equal((await repair(back.context)).ok, true);
    assert.notEqual(readIdentity(back.db)!.nodeId, nodeId);
    assert.deepEqual(commands(back.db), [...LEFT, "echo 7"]);
    world.close();
  });
});

Deno.test("repair() publishes under another number what a clone's object took the place of", async () => {
  await withFolder(async (dir) => {
    const { world, store, a, fresh } = await oneAndFresh({ ignoreConditions: true });
    const key = await keyOfOwn(world, a, "segment", 4);
    a.db.run("VACUUM INTO ?", `${dir}/clone.db`);
    const clone = world.addDevice("clone", { db: openDatabase(`${dir}/clone.db`) });
    record(clone.db, testEvent(70, { session_id: "clone" }));
    // Both look before they put, at the same instant; the clone dies before its manifest.
    clone.context.step = (name) => {
      if (name === "put manifest") throw new Crash();
    };
    await assert.rejects(push(clone.context), Crash);
    const theirs = await bytesOf(store, key);
    await store.delete(key);
    record(a.db, testEvent(80));
    await push(a.context);
    await store.putAtomic(key, theirs);

    assert.equal((await verify(a.context)).objects.segment.rejected.conflict, 1);
    const report = await repair(a.context);
    assert.deepEqual([report.ok, report.published_again], [true, 1]);
    await pull(fresh.context);
    assert.deepEqual(commands(fresh.db), [...LEFT, "echo 70", "echo 80"]);
    assert.deepEqual(visible(a.db), visible(fresh.db));
    assert.equal((await verify(a.context)).ok, true);
    world.close();
  });
});

Deno.test("repair() never seals a number that was not taken, whatever lies under its key", async () => {
  const { world, store, a, fresh } = await oneAndFresh();
  const key = await keyOfOwn(world, a, "segment", 4);
  await store.putAtomic(key, new Uint8Array(50));
  const { ok, problems } = await repair(a.context);
  assert.equal(ok, false);
  assert.deepEqual(problems.map(({ key, problem }) => [key, problem]), [[key, "corrupt"]]);
  assert.match(problems[0]!.hint, /nothing has to be done/);
  assert.deepEqual(await bytesOf(store, key), new Uint8Array(50));
  record(a.db, testEvent(7));
  await push(a.context); // takes the number, and writes over what is in its way
  assert.equal((await repair(a.context)).ok, true);
  await pull(fresh.context);
  assert.deepEqual(commands(fresh.db), [...LEFT, "echo 7"]);
  world.close();
});

Deno.test("repair() publishes what only a segment holds that no manifest names", async () => {
  const { world, a, fresh } = await oneAndFresh();
  record(a.db, testEvent(7));
  a.context.step = (name) => {
    if (name === "put manifest") throw new Crash();
  };
  await assert.rejects(push(a.context), Crash);
  delete a.context.step;
  // Another copy of this device goes on with its name, and has not come so far.
  splitIdentity(a.db, testNode(77));
  await repair(a.context);
  await pull(fresh.context);
  assert.deepEqual(commands(fresh.db), [...LEFT, "echo 7"]);
  world.close();
});

Deno.test("repair() leaves what is on its way to the push, which sends the same bytes", async () => {
  const { world, a, fresh } = await oneAndFresh();
  record(a.db, testEvent(7));
  a.context.step = (name) => {
    if (name === "put segment") throw new Crash();
  };
  await assert.rejects(push(a.context), Crash);
  const sealed = a.db.get<{ bytes: Uint8Array }>(
    "SELECT bytes FROM outbox WHERE kind = 'segment'",
  )!;
  delete a.context.step;
  const key = await keyOfOwn(world, a, "segment", 4);
  // Sealed anew it would look like the object of a clone to the push.
  await world.store.putAtomic(key, new Uint8Array(50));
  const { nodeId } = readIdentity(a.db)!;
  const report = await repair(a.context);
  assert.equal(report.published.segment, 1);
  assert.equal(readIdentity(a.db)!.nodeId, nodeId);
  assert.deepEqual(await bytesOf(world.store, key), new Uint8Array(sealed.bytes));
  await pull(fresh.context);
  assert.equal(countEvents(fresh.db), 6);
  world.close();
});

Deno.test("repair() puts blobs back where a sound copy is, and says of the others who could", async () => {
  await withFolder(async (dir) => {
    const store = new MemoryStore();
    const world = await makeWorld({ store });
    const [a, b] = [addKeeper(world, dir, "a"), addKeeper(world, dir, "b")];
    const contents = [noise(2_000_000, 1), noise(70, 2), noise(80, 3)];
    const records = [];
    for (const bytes of contents) records.push(await attach(a, bytes));
    await push(a.context);
    await pull(b.context);
    const keys = [...store.objects].filter(([key]) => key.endsWith(".hxblob"))
      .sort(([, x], [, y]) => y.bytes.length - x.bytes.length).map(([key]) => key);
    await damage(store, keys[0]!);
    await store.delete(keys[1]!);
    await store.delete(keys[2]!);

    const there = await repair(b.context);
    assert.equal(there.ok, false);
    assert.ok(there.problems.every(({ hint }) => /device that has the content/.test(hint)));
    const here = await repair(a.context);
    assert.deepEqual(restored(here), { ...NONE, blob: 3 });
    for (const [i, record] of records.entries()) {
      assert.deepEqual(await fetched(b, record), contents[i]);
    }
    assert.equal((await verify(b.context)).ok, true);
    world.close();
  });
});
