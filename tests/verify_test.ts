/** `verify()`: every object is read and judged, and nothing is changed. */
import assert from "node:assert/strict";
import { matchEvents, newIdentity, readIdentity } from "../lib/db/mod.ts";
import { HxError, isCategory } from "../lib/errors.ts";
import { encodeSegment, keyOf, rfc3339, segmentId } from "../lib/format/mod.ts";
import { sealObject } from "../lib/crypto/mod.ts";
import { manifestName, manifestPayload, sealManifest } from "../lib/manifest/mod.ts";
import { MemoryStore } from "../lib/store/mod.ts";
import { forget, pull, push, verify, type VerifyReport } from "../lib/sync/mod.ts";
import { addKeeper, attach, noise, withFolder } from "./artifact_kit.ts";
import { bytesOf, contentsOf, damage, keyOfOwn, manifestKeyOf } from "./vault_kit.ts";
import { type Device, makeWorld, record, START, testEvent, testNode, type World } from "./world.ts";

/** Two devices in step: a with three segments and a tombstone, b with a segment. */
async function twoDevices(
  store = new MemoryStore(),
): Promise<{ world: World; a: Device; b: Device }> {
  const world = await makeWorld({ store });
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  for (const n of [1, 2, 3]) {
    record(a.db, testEvent(n));
    await push(a.context);
  }
  await forget(a.db, world.keys, { events: matchEvents(a.db, { match: "echo 2" }), windows: [] });
  await push(a.context);
  record(b.db, testEvent(4, { session_id: "b" }));
  await push(b.context);
  for (const { context } of [a, b, a, b]) await pull(context).then(() => push(context));
  return { world, a, b };
}

const counts = ({ objects }: VerifyReport) =>
  Object.fromEntries(
    Object.entries(objects).map((
      [kind, { ok, unnamed, missing }],
    ) => [kind, [ok, unnamed, missing]]),
  );
const problems = (report: VerifyReport) =>
  report.problems.map(({ kind, problem, key, device }) => [kind, problem, key, device]);

Deno.test("verify() of a sound vault: all ok, nothing changed, each object read once", async () => {
  const { world, a, b } = await twoDevices();
  const before = await contentsOf(world.store);
  for (const device of [a, b]) {
    device.db.exec("PRAGMA query_only = 1"); // the database would refuse to be changed
    const report = await verify(device.context);
    device.db.exec("PRAGMA query_only = 0");
    assert.deepEqual([report.ok, report.problems, report.unknown], [true, [], 0]);
    assert.deepEqual(counts(report), {
      vault: [1, 0, 0],
      manifest: [2, 0, 0],
      segment: [4, 0, 0],
      tombstone: [1, 0, 0],
      blob: [0, 0, 0],
    });
    assert.deepEqual(report.requests, { list: 1, get: before.size, put: 0, head: 0, delete: 0 });
    assert.deepEqual(device.events.at(-1), {
      type: "progress",
      phase: "verify",
      done: before.size,
      total: before.size,
    });
  }
  assert.deepEqual(await contentsOf(world.store), before);
  world.close();
});

Deno.test("verify() on a device that has pulled nothing judges the same, and takes nothing in", async () => {
  const { world, a } = await twoDevices();
  const lost = await keyOfOwn(world, a, "segment", 1);
  const fresh = world.addDevice("fresh");
  await world.store.delete(lost);
  const report = await verify(fresh.context);
  assert.deepEqual(problems(report), [["segment", "missing", lost, null]]);
  assert.match(report.problems[0]!.hint, /repair` on the device that wrote it/);
  assert.equal(fresh.db.get("SELECT 1 FROM event"), undefined);
  assert.equal(fresh.db.get("SELECT 1 FROM manifest"), undefined);
  world.close();
});

Deno.test("verify() tells damaged, missing, unnamed and unknown objects apart, and whose they are", async () => {
  const { world, a, b } = await twoDevices();
  const { store } = world;
  const [damaged, missing, tombstone] = [
    await keyOfOwn(world, a, "segment", 1),
    await keyOfOwn(world, a, "segment", 3),
    await keyOfOwn(world, a, "tombstone", 1),
  ];
  await damage(store, damaged);
  await store.delete(missing);
  await store.putAtomic(tombstone, new Uint8Array(5 * 2 ** 20));
  // An upload whose manifest never came, one of the vault's own nodes and one of a stranger.
  const { nodeId } = readIdentity(b.db)!;
  const name = {
    type: "segment" as const,
    vaultId: world.vaultId,
    nodeId,
    segmentId: await segmentId(nodeId, 2),
  };
  const meta = { name, nodeId, createdAt: rfc3339(START), compression: "gzip" as const };
  const bytes = encodeSegment({ events: [testEvent(9)] });
  await store.putAtomic(keyOf(name), await sealObject(meta, bytes, world.keys, world.random));
  const strange = `${damaged.slice(0, damaged.lastIndexOf("/"))}/${testNode(5)}.hxseg`;
  const copy = damaged.replace(".hxseg", ".sync-conflict-20260101.hxseg");
  for (const key of [strange, copy]) await store.putAtomic(key, new Uint8Array(9));
  await store.putAtomic(`vaults/${testNode(8)}/objects/of/another/vault`, new Uint8Array(9));

  const report = await verify(b.context);
  assert.equal(report.ok, false);
  assert.deepEqual(counts(report).segment, [2, 1, 1]);
  assert.deepEqual(report.objects.segment.rejected, { corrupt: 1 });
  assert.deepEqual(report.objects.tombstone.rejected, { corrupt: 1 });
  assert.deepEqual(
    new Set(problems(report)),
    new Set([
      ["tombstone", "corrupt", tombstone, "a"],
      ["segment", "corrupt", damaged, "a"],
      ["segment", "missing", missing, "a"],
    ]),
  );
  assert.deepEqual(report.unknown_keys.sort(), [strange, copy].sort());
  assert.ok(report.problems.every(({ hint }) => /`hx sync repair` on a /.test(hint)));
  const own = await verify(a.context);
  assert.ok(own.problems.every(({ hint }) => /^`hx sync repair` puts it back$/.test(hint)));
  world.close();
});

Deno.test("verify() tells of manifests that are old, forged, gone or damaged", async () => {
  const { world, a, b } = await twoDevices();
  const { store } = world;
  const [ofA, ofB] = [manifestKeyOf(world, a), manifestKeyOf(world, b)];
  const [whole, old] = [await bytesOf(store, ofA), await bytesOf(store, ofB)];
  const problem = async (device: Device) => problems(await verify(device.context));
  record(b.db, testEvent(7, { session_id: "b" }));
  await push(b.context);
  await pull(a.context);
  await store.putAtomic(ofB, old);
  assert.deepEqual(await problem(a), [["manifest", "rollback", ofB, "b"]]);
  assert.deepEqual(await problem(b), [["manifest", "rollback", ofB, "b"]]);
  await pull(b.context);
  await push(b.context);
  assert.deepEqual(await problem(a), []);

  await store.delete(ofA);
  for (const device of [a, b]) {
    assert.deepEqual(await problem(device), [["manifest", "missing", ofA, "a"]]);
  }
  await store.putAtomic(ofA, whole.slice(0, -1));
  for (const device of [a, b]) {
    assert.deepEqual(await problem(device), [["manifest", "corrupt", ofA, "a"]]);
  }
  const { nodeId, manifestSeq } = readIdentity(a.db)!;
  const forged = manifestPayload({
    vault_id: world.vaultId,
    node_id: nodeId,
    manifest_seq: manifestSeq,
    segments: { start: 1, end: 3 },
    tombstones: { start: 1, end: 1 },
    node: { label: "a", platform: "test", hx_version: "0" },
    observed: { [testNode(6)]: 4 },
  }, START);
  await store.putAtomic(ofA, await sealManifest(forged, world.keys, world.random));
  assert.deepEqual(await problem(b), [["manifest", "equivocation", ofA, "a"]]);
  assert.deepEqual((await problem(a))[0], ["manifest", "conflict", ofA, "a"]);
  world.close();
});

Deno.test("verify() tells a device that it missed a publish which another one saw", async () => {
  const { world, a, b } = await twoDevices();
  const old = await bytesOf(world.store, manifestKeyOf(world, a));
  const c = world.addDevice("c");
  await pull(c.context);
  record(a.db, testEvent(8));
  await push(a.context);
  await pull(b.context);
  record(b.db, testEvent(9, { session_id: "b" }));
  await push(b.context);
  await world.store.putAtomic(manifestKeyOf(world, a), old);
  const { objects } = await verify(c.context);
  assert.deepEqual(objects.manifest.rejected, { stale: 1 });
  // What the lost manifest named is there, only nobody names it.
  assert.deepEqual([objects.segment.ok, objects.segment.unnamed], [5, 1]);
  world.close();
});

Deno.test("verify() sees a number that a copy of this device took for something else", async () => {
  const { world, a } = await twoDevices(new MemoryStore({ ignoreConditions: true }));
  const { nodeId } = readIdentity(a.db)!;
  const clone = world.addDevice("clone");
  clone.db.transaction(() => newIdentity(clone.db, nodeId, "a"));
  record(clone.db, testEvent(50, { session_id: "clone" }));
  clone.context.conditionalWrites = false;
  const key = await keyOfOwn(world, a, "segment", 1);
  await world.store.delete(key); // the clone looks first; this is what its look met
  await push(clone.context).catch(() => {}); // its manifest meets the other one's
  const found = problems(await verify(a.context));
  assert.deepEqual(found.find(([kind]) => kind === "segment"), ["segment", "conflict", key, "a"]);
  world.close();
});

Deno.test("verify() of a manifest that names ten million objects asks for few, and counts all", async () => {
  const { world, a } = await twoDevices();
  const forged = manifestPayload({
    vault_id: world.vaultId,
    node_id: testNode(7),
    manifest_seq: 1,
    segments: { start: 1, end: 10_000_000 },
    tombstones: { start: 1, end: 10_000_000 },
    node: { label: "x", platform: "t", hx_version: "0" },
    observed: {},
  }, START);
  const key = keyOf(manifestName(world.vaultId, testNode(7)));
  await world.store.putAtomic(key, await sealManifest(forged, world.keys, world.random));
  const { objects, requests, problems } = await verify(a.context);
  assert.deepEqual([objects.segment.missing, objects.tombstone.missing], [1e7, 1e7]);
  assert.ok(requests.get < 350, `${requests.get} requests`);
  assert.ok(problems.length <= 1000);
  world.close();
});

Deno.test("verify() says whether the vault itself is there, and ours", async () => {
  const { world, a } = await twoDevices();
  const key = keyOf({ type: "vault", vaultId: world.vaultId });
  const other = await makeWorld({ seed: 5 });
  const bytes = await bytesOf(other.store, keyOf({ type: "vault", vaultId: other.vaultId }));
  const text = new TextDecoder("latin1").decode(bytes).replace(other.vaultId, world.vaultId);
  const replaced = Uint8Array.from(text, (char) => char.charCodeAt(0));
  const problem = async () => (await verify(a.context)).problems.map(({ problem }) => problem);
  await world.store.putAtomic(key, replaced);
  assert.deepEqual(await problem(), ["auth"]);
  await world.store.putAtomic(key, new Uint8Array(3));
  assert.deepEqual(await problem(), ["corrupt"]);
  await world.store.delete(key);
  assert.deepEqual(await problem(), ["missing"]);
  other.close();
  world.close();
});

Deno.test("verify() ends where the store fails, instead of calling every object bad", async () => {
  const { world, a } = await twoDevices();
  const cut = world.addDevice("cut", { store: failing(world) });
  await assert.rejects(verify(cut.context), (error) => isCategory(error, "network"));
  assert.equal((await verify(a.context)).ok, true);
  world.close();
});

function failing({ store }: World): World["store"] {
  const fail = () => Promise.reject(new TypeError("unused"));
  return {
    uri: store.uri,
    list: (prefix, options) => store.list(prefix, options),
    get: async (key, options) => {
      if (!key.endsWith(".hxseg")) return await store.get(key, options);
      throw new HxError("network", "the cable was pulled");
    },
    head: fail,
    putAtomic: fail,
    delete: fail,
  };
}

Deno.test("verify() reads blobs to their end: sound, damaged, other content, missing, of no record", async () => {
  await withFolder(async (dir) => {
    const store = new MemoryStore();
    const world = await makeWorld({ store });
    const a = addKeeper(world, dir, "a");
    const contents = [noise(3_000_000, 1), noise(70, 2), noise(80, 3), noise(90, 4)];
    for (const bytes of contents) await attach(a, bytes);
    await push(a.context);
    assert.deepEqual((await verify(a.context)).objects.blob.ok, 4);
    const [lost, bad, swapped, large] = [...store.objects]
      .filter(([key]) => key.endsWith(".hxblob"))
      .sort(([, x], [, y]) => x.bytes.length - y.bytes.length).map(([key]) => key);
    await store.delete(lost!);
    await damage(store, bad!);
    // A whole object under another one's name does not pass for it.
    await store.putAtomic(swapped!, await bytesOf(store, large!));
    const report = await verify(a.context);
    assert.deepEqual(
      new Set(report.problems.map(({ key, problem }) => `${problem} ${key}`)),
      new Set([`missing ${lost}`, `corrupt ${bad}`, `corrupt ${swapped}`]),
    );
    // To a vault where nothing names them they are uploads that nobody finished.
    const b = world.addDevice("b");
    await store.delete(await keyOfOwn(world, a, "segment", 1));
    await store.delete(manifestKeyOf(world, a));
    const { objects, problems } = await verify(b.context);
    assert.deepEqual([objects.blob.ok, objects.blob.unnamed, objects.blob.missing], [0, 1, 0]);
    assert.deepEqual(problems.map(({ problem }) => problem), ["corrupt", "corrupt"]);
    world.close();
  });
});
