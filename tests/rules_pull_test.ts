/** Rules of pulling that no other test holds (format, sections 8 and 9). */
import assert from "node:assert/strict";
import { sealObject } from "../lib/crypto/mod.ts";
import {
  countEvents,
  countPendingEvents,
  Interner,
  mergePin,
  mergeSession,
  renameDevice,
} from "../lib/db/mod.ts";
import { HxError, isCategory } from "../lib/errors.ts";
import { encodeTombstone, keyOf, rfc3339, tombstoneId } from "../lib/format/mod.ts";
import { type GetOptions, streamOf } from "../lib/store/mod.ts";
import { pull, push } from "../lib/sync/mod.ts";
import { changed, clones, forgeManifest, nodeOf } from "./rules_kit.ts";
import { bytesOf, damage, keyOfOwn, manifestKeyOf } from "./vault_kit.ts";
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

/** A device with so many segments of one event, and one that has nothing. */
async function published(segments: number): Promise<{ world: World; a: Device; b: Device }> {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  for (let n = 1; n <= segments; n++) {
    record(a.db, testEvent(n));
    await push(a.context);
  }
  return { world, a, b };
}

Deno.test("a segment may hold events of several recorders", async () => {
  const { world, a, b } = await published(0);
  record(a.db, testEvent(1), testEvent(2, { node_id: testNode(2) }));
  await push(a.context);
  assert.deepEqual((await pull(b.context)).rejected, {});
  assert.equal(countEvents(b.db), 2);
  world.close();
});

Deno.test("an event that waits is published by one of the devices that have it", async () => {
  const { world, a, b } = await published(0);
  for (const { db } of [a, b]) record(db, testEvent(1, { node_id: testNode(9) }));
  await push(a.context);
  await pull(b.context);
  assert.equal(countPendingEvents(b.db), 0);
  assert.deepEqual((await push(b.context)).requests, NONE);
  world.close();
});

Deno.test("sessions and pins come with their segment", async () => {
  const { world, a, b } = await published(0);
  a.db.transaction(() => {
    const ids = new Interner(a.db);
    mergeSession(a.db, ids, { session_id: "s", started_at: 5, host: "ada" }, true);
    mergePin(a.db, ids, { session_id: "s", pinned: true }, true);
  });
  await push(a.context);
  await pull(b.context);
  const row = b.db.get("SELECT host, pinned FROM session WHERE session_id = 's'");
  assert.deepEqual({ ...row as object }, { host: "ada", pinned: 1 });
  world.close();
});

Deno.test("a tombstone that another node wrote is refused", async () => {
  const { world, b } = await published(1);
  const [named, writer] = [testNode(7), testNode(8)];
  const id = await tombstoneId(named, 1);
  const name = { type: "tombstone", vaultId: world.vaultId, tombstoneId: id } as const;
  const { cmd: _, started_at: __, ...key } = testEvent(1);
  const meta = { name, nodeId: writer, createdAt: rfc3339(START), compression: "none" as const };
  const payload = encodeTombstone({ events: [key] });
  await world.store.putAtomic(
    keyOf(name),
    await sealObject(meta, payload, world.keys, world.random),
  );
  await forgeManifest(world, named, 1, { tombstones: 1 });
  assert.deepEqual((await pull(b.context)).rejected, { tombstone: { corrupt: 1 } });
  assert.equal(countEvents(b.db), 1);
  world.close();
});

Deno.test("what a manifest named once is looked for after it was rolled back", async () => {
  const { world, a, b } = await published(1);
  const old = await bytesOf(world.store, manifestKeyOf(world, a));
  record(a.db, testEvent(2));
  await push(a.context);
  const key = await keyOfOwn(world, a, "segment", 2);
  const late = await bytesOf(world.store, key);
  await world.store.delete(key);
  assert.equal((await pull(b.context)).skipped.segment, 1);
  await world.store.putAtomic(manifestKeyOf(world, a), old);
  assert.deepEqual((await pull(b.context)).rejected, { manifest: { rollback: 1 } });
  await world.store.putAtomic(key, late);
  await pull(b.context);
  assert.deepEqual(commands(b.db), ["echo 1", "echo 2"]);
  world.close();
});

Deno.test("what a rolled-back manifest names is known, too", async () => {
  const { world, a, b } = await published(2);
  const node = nodeOf(a);
  await forgeManifest(world, node, 9, { segments: 1 });
  await pull(b.context);
  assert.equal(countEvents(b.db), 1);
  await forgeManifest(world, node, 8, { segments: 2 });
  assert.deepEqual((await pull(b.context)).rejected, { manifest: { rollback: 1 } });
  assert.equal(countEvents(b.db), 2);
  world.close();
});

Deno.test("a bit that turns on the way costs a second GET and no object", async () => {
  const { world, b } = await published(1);
  const seen = new Set<string>();
  b.context.store = changed(world.store, {
    get: async (key: string, options?: GetOptions) => {
      const object = await world.store.get(key, options);
      if (seen.has(key)) return object;
      seen.add(key);
      const bytes = await new Response(object.body).bytes();
      bytes[bytes.length - 1]! ^= 1;
      return { ...object, body: streamOf(bytes) };
    },
  });
  assert.deepEqual((await pull(b.context)).rejected, {});
  assert.equal(seen.size, 2);
  assert.equal(countEvents(b.db), 1);
  world.close();
});

/** A store whose first GETs of one key give what it held before. */
function lagging(
  world: World,
  key: string,
  old: Uint8Array<ArrayBuffer>,
  times: number,
): World["store"] {
  let left = times;
  return changed(world.store, {
    get: async (asked: string, options?: GetOptions) => {
      if (asked !== key || left-- <= 0) return await world.store.get(asked, options);
      return { etag: '"old"', size: old.length, body: streamOf(old) };
    },
  });
}

Deno.test("a manifest that was published between two reads is not called stale", async () => {
  const { world, a, b } = await published(1);
  const key = manifestKeyOf(world, a);
  const old = await bytesOf(world.store, key);
  record(a.db, testEvent(2));
  await push(a.context);
  await pull(b.context);
  record(b.db, testEvent(3));
  await push(b.context);
  const c = world.addDevice("c", { store: lagging(world, key, old, 1) });
  assert.deepEqual((await pull(c.context)).rejected, {});
  assert.equal(countEvents(c.db), 3);
  world.close();
});

Deno.test("a GET that lags behind the LIST is made up for by the next pull", async () => {
  const { world, a, b } = await published(1);
  const key = manifestKeyOf(world, a);
  const old = await bytesOf(world.store, key);
  record(a.db, testEvent(2));
  await push(a.context);
  b.context.store = lagging(world, key, old, 1);
  await pull(b.context);
  assert.equal(countEvents(b.db), 1);
  await pull(b.context);
  assert.equal(countEvents(b.db), 2);
  world.close();
});

/** A store that gives every object the same ETag. */
function oneEtag(store: World["store"]): World["store"] {
  const etag = '"same"';
  return changed(store, {
    list: async (prefix, options) => {
      const { entries, ...page } = await store.list(prefix, options);
      return { ...page, entries: entries.map((entry) => ({ ...entry, etag })) };
    },
    get: async (key, options) => ({ ...await store.get(key, options), etag }),
    putAtomic: async (key, body, { signal } = {}) => {
      await store.putAtomic(key, body, { signal });
      return { etag };
    },
  });
}

Deno.test("an ETag that comes again hides a manifest for a day and no longer", async () => {
  const { world, a, b } = await published(1);
  b.context.store = oneEtag(world.store);
  await pull(b.context);
  record(a.db, testEvent(2));
  await push(a.context);
  await pull(b.context);
  assert.equal(countEvents(b.db), 1);
  world.clock.now += 25 * 3600 * 1000;
  await pull(b.context);
  assert.equal(countEvents(b.db), 2);
  world.close();
});

Deno.test("an ETag that comes again hides a clone for a day and no longer", async () => {
  const { world, a, clone, close } = await clones();
  const node = nodeOf(a);
  for (const { context } of [a, clone]) context.store = oneEtag(world.store);
  world.clock.now += 25 * 3600 * 1000;
  await pull(a.context); // from here on it knows its manifest by that ETag
  renameDevice(clone.db, "other");
  await push(clone.context);
  await pull(a.context);
  assert.equal(nodeOf(a), node);
  world.clock.now += 25 * 3600 * 1000;
  await pull(a.context);
  assert.notEqual(nodeOf(a), node);
  close();
});

Deno.test("what was refused is taken once it is right", async () => {
  const { world, a, b } = await published(1);
  const key = await keyOfOwn(world, a, "segment", 1);
  const right = await bytesOf(world.store, key);
  await damage(world.store, key);
  assert.deepEqual((await pull(b.context)).rejected, { segment: { corrupt: 1 } });
  await world.store.putAtomic(key, right);
  assert.deepEqual((await pull(b.context)).rejected, {});
  assert.equal(countEvents(b.db), 1);
  world.close();
});

Deno.test("a pull ends where the store fails again and again, and keeps what came before", async () => {
  const { world, b } = await published(20);
  let gets = 0;
  b.context.concurrency = 1;
  b.context.store = changed(world.store, {
    get: async (key, options) => {
      if (++gets > 4) throw new HxError("server", "no");
      return await world.store.get(key, options);
    },
  });
  await assert.rejects(pull(b.context), (error) => isCategory(error, "server"));
  assert.ok(gets < 15, `${gets} GETs`);
  assert.equal(countEvents(b.db), 3);
  world.close();
});

Deno.test("a restored backup splits first, so that one pull brings all that it had published", async () => {
  const { world, a, clone: backup, close } = await clones();
  const node = nodeOf(a);
  record(a.db, testEvent(2));
  await push(a.context);
  await pull(backup.context);
  assert.notEqual(nodeOf(backup), node);
  assert.equal(backup.events.filter(({ type }) => type === "warning").length, 1);
  assert.deepEqual(commands(backup.db), ["echo 1", "echo 2"]);
  assert.ok(world.devices.includes(backup));
  close();
});
