/** Kill -9 between any two steps of a sync, then go on: everything is there once. */
import assert from "node:assert/strict";
import { openObject } from "../lib/crypto/mod.ts";
import { openDatabase, readIdentity, readOutbox } from "../lib/db/mod.ts";
import { parseKey } from "../lib/format/mod.ts";
import { FolderStore, listAll } from "../lib/store/mod.ts";
import { run } from "./crash_kit.ts";
import { child, inTempDir, killedAfter, prepare, type Scene, targetOf } from "./crash_scene.ts";
import { makeRig, type Rig } from "./fault_kit.ts";
import { startMinio } from "./minio.ts";
import { readObject } from "./store_contract.ts";
import { tell } from "./tell.ts";
import { commands } from "./world.ts";

const minio = await startMinio();

/** Both devices go on after a crash: nothing is missing, nothing is there twice. */
async function checkAfter({ dir, store, keys, job }: Scene, what: string): Promise<void> {
  await run(job("a"));
  await run(job("b"));
  const [a, b] = [openDatabase(`${dir}/a.db`), openDatabase(`${dir}/b.db`)];
  try {
    assert.deepEqual(commands(b), ["echo 1", "echo 2"], what);
    assert.deepEqual(commands(a), commands(b), what);
    assert.deepEqual(readOutbox(a), [], what);
    // Nobody was taken for a clone, so both numbers were used once.
    assert.equal(readIdentity(a)!.segments, 1, what);
    assert.equal(readIdentity(a)!.tombstones, 1, what);
    for await (const { key } of listAll(store, "vaults/")) {
      await openObject(await readObject(store, key), parseKey(key)!, keys);
    }
  } finally {
    a.close();
    b.close();
  }
}

/** Kills the push, and the other device's first pull, at one step; false where there was none. */
async function killBothAt(scene: Scene, step: number): Promise<boolean> {
  const ended = await child(scene.job("a"), step);
  if (!ended) await run(scene.job("a"));
  await child(scene.job("b"), step);
  await checkAfter(scene, `killed at step ${step}`);
  return !ended;
}

/** No key was ever put with two contents, by whichever process, and no upload was left. */
async function checkBucket(rig: Rig, what: string): Promise<void> {
  const contents = new Map<string, string>();
  for (const { operation, path, headers } of rig.proxy.seen) {
    if (operation !== "put") continue;
    const hash = headers.get("x-amz-content-sha256")!;
    assert.equal(contents.get(path) ?? hash, hash, `${what}: ${path} was put with two contents`);
    contents.set(path, hash);
  }
  const kinds = [...contents.keys()].map((path) => path.split(".").at(-1)).sort();
  assert.deepEqual(kinds, ["hxman", "hxseg", "hxtomb"], what);
  assert.deepEqual(await rig.openUploads(), [], what);
}

/** A scene in a bucket. */
async function prepareBucket(dir: string, rig: Rig): Promise<Scene> {
  return await prepare(dir, targetOf(rig, minio, "team/hx"), rig.direct);
}

Deno.test("kill -9 at every step of a push, then go on: all there, once, under one identity", async () => {
  let step = 0;
  const once = () =>
    inTempDir(async (dir) => {
      const folder = `${dir}/store`;
      const store = await FolderStore.open(folder, { create: true });
      return await killBothAt(await prepare(dir, { folder }, store), step);
    });
  while (await once()) step++;
  tell(`${step} kill points in a sync with a folder`);
  assert.ok(step >= 10, `only ${step} kill points`);
});

Deno.test("kill -9 at every step of a push to S3: all there, once, and no key has two contents", async () => {
  let step = 0;
  const once = () =>
    inTempDir(async (dir) => {
      await using rig = await makeRig(minio);
      const killed = await killBothAt(await prepareBucket(dir, rig), step);
      await checkBucket(rig, `killed at step ${step}`);
      return killed;
    });
  while (await once()) step++;
  tell(`${step} kill points in a sync with S3`);
  assert.ok(step >= 12, `only ${step} kill points`);
});

Deno.test("kill -9 at any time of a sync with S3: all there, once, and no key has two contents", async () => {
  let killed = 0;
  for (let n = 0; n < 10; n++) {
    await inTempDir(async (dir) => {
      await using rig = await makeRig(minio);
      const scene = await prepareBucket(dir, rig);
      const delay = Math.random() * 60;
      for (const name of ["a", "b"]) {
        if (!await killedAfter(delay, rig, scene.job(name))) killed++;
      }
      await checkAfter(scene, `killed after ${delay} ms`);
      await checkBucket(rig, `killed after ${delay} ms`);
    });
  }
  tell(`${killed} processes killed at any time of a sync with S3`);
  assert.ok(killed > 0, "every process had ended before it was to be killed");
});
