/** Artifacts through a real MinIO: uploads in parts, readers meanwhile, and kill -9 in the middle. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { LocalBlobs } from "../lib/blobs/mod.ts";
import { blobId, deriveVaultKeys, generateMaster } from "../lib/crypto/mod.ts";
import {
  allArtifacts,
  newIdentity,
  openDatabase,
  readBlobOutbox,
  uploadJournal,
  writeVault,
} from "../lib/db/mod.ts";
import { isCategory } from "../lib/errors.ts";
import { keyOf, toHex, uuid4 } from "../lib/format/mod.ts";
import { createS3Fetch } from "../lib/s3/mod.ts";
import { streamOf, type SyncStore } from "../lib/store/mod.ts";
import {
  createVault,
  keepArtifact,
  openBlob,
  pull,
  push,
  type RunReport,
} from "../lib/sync/mod.ts";
import type { ChildPlan } from "./artifact_child.ts";
import { addKeeper, attach, fetched, noise, withFolder } from "./artifact_kit.ts";
import { startMinio } from "./minio.ts";
import { s3Opener } from "./s3_kit.ts";
import { makeWorld, type World } from "./world.ts";

const minio = await startMinio();
const fetch = createS3Fetch();
const MIB = 1 << 20;
const PART = 8 * MIB;
/** What sealing adds to so many bytes is less than this. */
const OVERHEAD = 10_000;

async function minioWorld(): Promise<World> {
  const open = s3Opener(minio, await minio.newBucket(), "hx", fetch);
  return await makeWorld({ store: open(), open });
}

async function keyOfBlob(world: World, hash: string): Promise<string> {
  return keyOf({ type: "blob", vaultId: world.vaultId, blobId: await blobId(world.keys, hash) });
}

Deno.test("MinIO: contents of sizes around a part come back", () =>
  withFolder(async (dir) => {
    const world = await minioWorld();
    const [a, b] = [addKeeper(world, dir, "a"), addKeeper(world, dir, "b")];
    // What sealing adds comes on top: the object, too, ends around a part's end.
    const sizes = [0, 1, MIB - 1, MIB, MIB + 1, PART - 1, PART, PART + 1];
    sizes.push(PART - 600, PART - 560, PART - 540, 2 * PART);
    for (const [seed, size] of sizes.entries()) await attach(a, noise(size, seed));
    const text = new TextEncoder().encode("x".repeat(99) + "\n");
    const zeros = new Uint8Array(3 * PART);
    for (let at = 0; at < zeros.length; at += 5000) zeros.set(text, at);
    await attach(a, zeros.slice(0, zeros.length - 100));
    await push(a.context);
    await pull({ ...b.context, fetchBlobs: Infinity });
    assert.deepEqual(b.blobs.hashes(), a.blobs.hashes());
    assert.equal(b.blobs.hashes().length, sizes.length + 1);
    for (const { blob_hash, byte_len } of allArtifacts(b.db)) {
      assert.equal(b.blobs.size(blob_hash), byte_len);
    }
    world.close();
  }));

Deno.test("MinIO: 120 MiB in bounded steps, and no reader sees the key before it is whole", () =>
  withFolder(async (dir) => {
    const world = await minioWorld();
    const a = addKeeper(world, dir, "a");
    const record = await attach(a, noise(120 * MIB + 3));
    const key = await keyOfBlob(world, record.blob_hash);
    let done = false;
    let missing = 0;
    let seen = 0;
    const poll = async () => {
      while (!done) {
        try {
          const { size } = await world.store.head(key);
          assert.ok(size > record.byte_len && size < record.byte_len + OVERHEAD);
          seen++;
        } catch (error) {
          assert.ok(isCategory(error, "not-found") && seen === 0);
          missing++;
        }
      }
    };
    const polling = poll();
    const report = await push(a.context).finally(() => done = true);
    await polling;
    assert.ok(missing > 0);
    assert.equal(report.imported.blob, 1);
    assert.ok(report.bytes_out < record.byte_len + OVERHEAD);
    const hash = { hash: record.blob_hash, size: record.byte_len };
    let size = 0;
    for await (const chunk of await openBlob(a.context, hash)) size += chunk.length;
    assert.equal(size, record.byte_len);
    world.close();
  }));

Deno.test("MinIO: two devices send the same large content at once", () =>
  withFolder(async (dir) => {
    const world = await minioWorld();
    const [a, b] = [addKeeper(world, dir, "a"), addKeeper(world, dir, "b")];
    const bytes = noise(2 * PART + 5);
    const record = await attach(a, bytes);
    await attach(b, bytes);
    const reports = await Promise.all([push(a.context), push(b.context)]);
    for (const report of reports) assert.deepEqual(report.rejected, {});
    await pull(a.context);
    assert.equal(allArtifacts(a.db).length, 2);
    assert.deepEqual(await fetched(a, record), new Uint8Array(bytes));
    world.close();
  }));

/** A vault in a bucket, and a device in it with a content to send, all in files. */
async function prepare(dir: string, bytes: Uint8Array) {
  const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
  const bucket = await minio.newBucket();
  const store = s3Opener(minio, bucket, "hx", fetch)();
  const [vaultId, master] = [uuid4(random), generateMaster(random)];
  const signal = new AbortController().signal;
  const made = { vaultId, master, name: "kill", nodeId: uuid4(random) };
  await createVault({ store, clock: Date.now, random, signal }, made);
  const plan: ChildPlan = {
    database: `${dir}/hx.db`,
    blobs: `${dir}/blobs`,
    vaultId,
    master: toHex(master),
    bucket,
    endpoint: minio.endpoint,
    accessKey: minio.accessKey,
    secretKey: minio.secretKey,
    parts: Infinity,
  };
  const db = openDatabase(plan.database);
  const capabilities = { conditionalPut: "yes", conditionalComplete: "yes" } as const;
  writeVault(db, { vaultId, name: "kill", location: {}, capabilities });
  newIdentity(db, uuid4(random), "a");
  const staged = await new LocalBlobs(plan.blobs).stage(streamOf(bytes, MIB), {
    doing: "attaching",
  });
  const record = await keepArtifact(db, random, staged, { name: "big", created_at: 1 });
  const keys = await deriveVaultKeys(master, vaultId);
  return { plan, db, record, keys, store, signal };
}

async function runChild(plan: ChildPlan): Promise<RunReport | undefined> {
  const child = fileURLToPath(new URL("./artifact_child.ts", import.meta.url));
  const { success, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", child, JSON.stringify(plan)],
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  if (signal !== "SIGKILL") throw new Error(new TextDecoder().decode(stderr));
}

Deno.test("MinIO: kill -9 in an upload, then it goes on where the parts end", () =>
  withFolder(async (dir) => {
    const bytes = noise(10 * PART);
    const { plan, db, record, keys, store, signal } = await prepare(dir, bytes);
    assert.equal(await runChild({ ...plan, parts: 6 }), undefined);
    const begun = readBlobOutbox(db, record.blob_hash)!;
    const [open] = uploadJournal(db, "test").open();
    assert.ok(open!.parts.length >= 6);
    const report = await runChild({ ...plan, parts: 1e9 });
    assert.equal(report!.imported.blob, 1);
    const most = bytes.length - 6 * PART + PART;
    assert.ok(report!.bytes_out < most, `${report!.bytes_out} bytes the second time`);
    assert.deepEqual(uploadJournal(db, "test").open(), []);
    const blob = { hash: record.blob_hash, size: record.byte_len };
    const body = await openBlob({ store, keys, signal }, blob);
    assert.deepEqual(await new Response(body).bytes(), new Uint8Array(bytes));
    // The same object as was begun: its header was kept.
    const id = await blobId(keys, record.blob_hash);
    const object = await store.get(keyOf({ type: "blob", vaultId: plan.vaultId, blobId: id }), {
      range: { start: 4, end: 3 + begun.header.length },
    });
    assert.deepEqual(await new Response(object.body).bytes(), begun.header);
    db.close();
  }));

Deno.test("MinIO: what a killed run began and nothing goes on with is given up", () =>
  withFolder(async (dir) => {
    const { plan, db, record } = await prepare(dir, noise(4 * PART));
    await runChild({ ...plan, parts: 2 });
    assert.equal(await uploadsIn(plan.bucket), 1);
    // The user drops the artifact instead.
    db.run("DELETE FROM artifact WHERE blob_hash = ?", record.blob_hash);
    db.run("DELETE FROM blob_outbox");
    const report = await runChild({ ...plan, parts: 1e9 });
    assert.equal(report!.imported.blob, 0);
    assert.equal(await uploadsIn(plan.bucket), 0);
    assert.deepEqual(uploadJournal(db, "test").open(), []);
    db.close();
  }));

/** How many uploads the storage keeps parts of. */
async function uploadsIn(bucket: string): Promise<number> {
  const response = await minio.request("GET", `/${bucket}?uploads`);
  return ((await response.text()).match(/<Upload>/g) ?? []).length;
}

Deno.test("MinIO: where sent parts differ from what would be sent now, a new key is taken", () =>
  withFolder(async (dir) => {
    const bytes = noise(4 * PART);
    const { plan, db, record, keys, store, signal } = await prepare(dir, bytes);
    await runChild({ ...plan, parts: 2 });
    const begun = readBlobOutbox(db, record.blob_hash)!;
    db.run("UPDATE upload_part SET sha256 = ?", "0".repeat(64));
    const report = await runChild({ ...plan, parts: 1e9 });
    assert.equal(report!.imported.blob, 1);
    const id = await blobId(keys, record.blob_hash);
    const key = keyOf({ type: "blob", vaultId: plan.vaultId, blobId: id });
    assert.notDeepEqual(await headerIn(store, key, begun.header.length), begun.header);
    const blob = { hash: record.blob_hash, size: record.byte_len };
    const body = await openBlob({ store, keys, signal }, blob);
    assert.deepEqual(await new Response(body).bytes(), new Uint8Array(bytes));
    db.close();
  }));

async function headerIn(store: SyncStore, key: string, length: number): Promise<Uint8Array> {
  const { body } = await store.get(key, { range: { start: 4, end: 3 + length } });
  return await new Response(body).bytes();
}
