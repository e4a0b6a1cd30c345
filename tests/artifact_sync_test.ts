/** Artifacts between devices: what is published when, what is read back, what is freed. */
import assert from "node:assert/strict";
import { fileChunks } from "../lib/blobs/mod.ts";
import { blobId } from "../lib/crypto/mod.ts";
import {
  allArtifacts,
  blobUse,
  countPendingBlobs,
  findEvent,
  matchEvents,
  readBlobOutbox,
} from "../lib/db/mod.ts";
import { isCategory } from "../lib/errors.ts";
import { keyOf, type ObjectName, toHex } from "../lib/format/mod.ts";
import { collect, FolderStore, listAll, MemoryStore, type SyncStore } from "../lib/store/mod.ts";
import {
  blobRange,
  dropArtifact,
  forget,
  freeBlobs,
  openBlob,
  pull,
  push,
  sweepBlobs,
} from "../lib/sync/mod.ts";
import { addKeeper, attach, fetched, type Keeper, noise, withFolder } from "./artifact_kit.ts";
import { commands, makeWorld, record, testEvent, type World } from "./world.ts";

const FRAME = 1 << 20;
const text = (lines: number) =>
  new TextEncoder().encode("make: nothing to be done\n".repeat(lines));

async function keyOfBlob(world: World, hash: string): Promise<string> {
  return keyOf(await nameOf(world, hash));
}

async function nameOf(world: World, hash: string): Promise<ObjectName & { type: "blob" }> {
  return { type: "blob", vaultId: world.vaultId, blobId: await blobId(world.keys, hash) };
}

async function keysIn(store: SyncStore, ending: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of listAll(store, "vaults/")) if (key.endsWith(ending)) keys.push(key);
  return keys;
}

/** Two devices over a store, in a folder that is gone afterwards. */
async function twoKeepers(
  work: (a: Keeper, b: Keeper, world: World, dir: string) => Promise<void>,
  store: (dir: string) => Promise<SyncStore> = () => Promise.resolve(new MemoryStore()),
): Promise<void> {
  await withFolder(async (dir) => {
    const world = await makeWorld({ store: await store(dir) });
    try {
      await work(addKeeper(world, dir, "a"), addKeeper(world, dir, "b"), world, dir);
    } finally {
      world.close();
    }
  });
}

const STORES = {
  memory: () => Promise.resolve(new MemoryStore()),
  folder: (dir: string) => FolderStore.open(`${dir}/store`, { create: true }),
};

for (const [kind, store] of Object.entries(STORES)) {
  Deno.test(`contents of any size come back, ${kind}`, () =>
    twoKeepers(async (a, b) => {
      const contents = [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME].map((n) => noise(n));
      contents.push(text(1), text(100_000));
      for (const bytes of contents) await attach(a, bytes);
      const report = await push(a.context);
      assert.equal(report.imported.blob, contents.length);
      await pull(b.context);
      const records = allArtifacts(b.db);
      assert.equal(records.length, contents.length);
      for (const bytes of contents) {
        const hash = toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
        const record = records.find(({ blob_hash }) => blob_hash === hash)!;
        assert.deepEqual(await fetched(b, record), new Uint8Array(bytes));
      }
    }, store));
}

Deno.test("the same content attached twice is one copy and one upload", () =>
  twoKeepers(async (a, b) => {
    const bytes = noise(50_000);
    await attach(a, bytes, { name: "one" });
    await attach(a, bytes, { name: "two" });
    assert.equal(a.blobs.hashes().length, 1);
    const report = await push(a.context);
    assert.deepEqual([report.imported.blob, report.skipped.blob], [1, 0]);
    await attach(b, bytes, { name: "three" });
    const other = await push(b.context);
    assert.deepEqual([other.imported.blob, other.skipped.blob], [0, 1]);
    await pull(a.context);
    assert.deepEqual(allArtifacts(a.db).map(({ name }) => name).sort(), ["one", "three", "two"]);
  }));

Deno.test("two devices send the same content at the same moment: one object, both records", () =>
  twoKeepers(async (a, b, world) => {
    const bytes = noise(3 * FRAME);
    const { blob_hash } = await attach(a, bytes);
    await attach(b, bytes);
    await Promise.all([push(a.context), push(b.context)]);
    assert.deepEqual(await keysIn(world.store, ".hxblob"), [await keyOfBlob(world, blob_hash)]);
    await pull(a.context);
    await pull(b.context);
    assert.equal(allArtifacts(a.db).length, 2);
    assert.deepEqual(allArtifacts(a.db), allArtifacts(b.db));
  }));

Deno.test("a blob is there before the segment that names it", () =>
  withFolder(async (dir) => {
    const inner = new MemoryStore();
    const order: string[] = [];
    const store: SyncStore = {
      uri: inner.uri,
      list: (...args) => inner.list(...args),
      get: (...args) => inner.get(...args),
      head: (...args) => inner.head(...args),
      delete: (...args) => inner.delete(...args),
      async putAtomic(key, body, options) {
        const done = await inner.putAtomic(key, body, options);
        order.push(/\.hx[a-z]+$/.exec(key)![0]);
        return done;
      },
    };
    const world = await makeWorld({ store });
    const a = addKeeper(world, dir, "a");
    record(a.db, testEvent(1));
    for (let seed = 1; seed < 5; seed++) await attach(a, noise(1000, seed));
    order.length = 0;
    await push(a.context);
    assert.deepEqual(order, [...Array(4).fill(".hxblob"), ".hxseg", ".hxman"]);
    world.close();
  }));

Deno.test("a content that is gone keeps back its own records and nothing else", () =>
  twoKeepers(async (a, b) => {
    record(a.db, testEvent(1));
    const lost = await attach(a, noise(1000, 1), { name: "lost" });
    await attach(a, noise(1000, 2), { name: "kept" });
    a.blobs.remove(lost.blob_hash);
    const report = await push(a.context);
    assert.deepEqual(report.rejected, { blob: { "not-found": 1 } });
    assert.equal(countPendingBlobs(a.db), 1);
    await pull(b.context);
    assert.deepEqual(commands(b.db), ["echo 1"]);
    assert.deepEqual(allArtifacts(b.db).map(({ name }) => name), ["kept"]);
    // Attached again, both its records go.
    await attach(a, noise(1000, 1), { name: "again" });
    assert.deepEqual((await push(a.context)).rejected, {});
    await pull(b.context);
    assert.deepEqual(
      allArtifacts(b.db).map(({ name }) => name).sort(),
      ["again", "kept", "lost"],
    );
  }));

Deno.test("a damaged copy is never sent; attaching the file again replaces it", () =>
  twoKeepers(async (a, _b, world) => {
    for (const bytes of [noise(3 * FRAME), text(100_000)]) {
      const { blob_hash: hash } = await attach(a, bytes);
      const path = `${a.folder}/${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`;
      const damaged = await Deno.readFile(path);
      damaged[damaged.length >> 1]! ^= 1;
      await Deno.writeFile(path, damaged);
      assert.deepEqual((await push(a.context)).rejected, { blob: { "hash-mismatch": 1 } });
      assert.equal(readBlobOutbox(a.db, hash), undefined);
      assert.deepEqual(await keysIn(world.store, ".hxblob"), []);
      await attach(a, bytes);
      assert.deepEqual((await push(a.context)).rejected, {});
      await world.store.delete(await keyOfBlob(world, hash));
    }
  }));

Deno.test("every flipped byte of a blob is found, and so is every truncation", () =>
  twoKeepers(async (a, _b, world) => {
    for (const bytes of [noise(300), text(300)]) {
      const record = await attach(a, bytes);
      await push(a.context);
      const key = await keyOfBlob(world, record.blob_hash);
      const good = await collect((await world.store.get(key)).body);
      for (let at = 0; at < good.length; at++) {
        const bad = good.slice();
        bad[at]! ^= 1 << (at % 8);
        await world.store.putAtomic(key, bad);
        await assert.rejects(fetched(a, record), isDamage, `byte ${at}`);
        await world.store.putAtomic(key, good.slice(0, at));
        await assert.rejects(fetched(a, record), isDamage, `${at} bytes`);
      }
      await world.store.putAtomic(key, good);
      assert.deepEqual(await fetched(a, record), new Uint8Array(bytes));
    }
  }));

Deno.test("flipped bytes of a large blob are found, and the error says in which frame", () =>
  twoKeepers(async (a, _b, world) => {
    const record = await attach(a, noise(5 * FRAME + 17));
    await push(a.context);
    const key = await keyOfBlob(world, record.blob_hash);
    const good = await collect((await world.store.get(key)).body);
    const head = good.length - (5 * FRAME + 17) - 6 * 16;
    for (let i = 0; i < 24; i++) {
      const at = Math.floor(i * (good.length - 1) / 23);
      const bad = good.slice();
      bad[at]! ^= 0x40;
      await world.store.putAtomic(key, bad);
      await assert.rejects(fetched(a, record), (error) => {
        if (at < head) return isDamage(error);
        const frame = Math.floor((at - head) / (FRAME + 16));
        return isCategory(error, "corrupt") && error.message.includes(`frame ${frame} `);
      }, `byte ${at}`);
    }
  }));

function isDamage(error: unknown): boolean {
  return isCategory(error, "corrupt") || isCategory(error, "hash-mismatch") ||
    isCategory(error, "not-found");
}

Deno.test("blobRange() reads just the frames of a range", () =>
  twoKeepers(async (a, b, world) => {
    const [plain, packed] = [noise(4 * FRAME + 5), text(200_000)];
    for (const bytes of [plain, packed]) {
      const { blob_hash: hash, byte_len: size } = await attach(a, bytes);
      await push(a.context);
      const cuts = [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME + 7, size - 1, size];
      for (const start of cuts) {
        for (const stop of cuts.filter((cut) => cut >= start && cut <= size)) {
          const pieces: Uint8Array[] = [];
          for await (const piece of blobRange(a.context, { hash, size }, start, stop)) {
            pieces.push(piece);
          }
          const got = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
          assert.deepEqual(got, new Uint8Array(bytes.slice(start, stop)), `${start}:${stop}`);
        }
      }
      const before = b.meter.counts.bytes_in;
      for await (const _ of blobRange(b.context, { hash, size }, size - 10, size));
      const taken = b.meter.counts.bytes_in - before;
      if (bytes === plain) assert.ok(taken < 2 * FRAME, `${taken} bytes for the last 10`);
      const key = await keyOfBlob(world, hash);
      const bad = await collect((await world.store.get(key)).body);
      bad[bad.length - 1]! ^= 1;
      await world.store.putAtomic(key, bad);
      await assert.rejects(
        async () => {
          for await (const _ of blobRange(b.context, { hash, size }, size - 10, size));
        },
        (error) => isCategory(error, "corrupt"),
      );
    }
  }));

Deno.test("a record that claims too few bytes of a blob bounds what is taken of it", () =>
  twoKeepers(async (a) => {
    for (const bytes of [noise(FRAME + 1), text(100_000)]) {
      const { blob_hash: hash } = await attach(a, bytes);
      await push(a.context);
      const size = bytes.length - 1;
      await assert.rejects(
        async () => await collect(await openBlob(a.context, { hash, size })),
        (error) => isCategory(error, "corrupt"),
      );
      await assert.rejects(
        async () => {
          for await (const _ of blobRange(a.context, { hash, size: size + 9 }, 0, size + 9));
        },
        (error) => isCategory(error, "corrupt"),
      );
    }
  }));

Deno.test("pull() fetches contents up to a size, counts the others, and survives damaged ones", () =>
  twoKeepers(async (a, b, world) => {
    const small = await attach(a, noise(1000, 1));
    const bad = await attach(a, noise(1000, 2));
    const gone = await attach(a, noise(1000, 3));
    const large = await attach(a, noise(2 * FRAME, 4));
    await push(a.context);
    await world.store.putAtomic(await keyOfBlob(world, bad.blob_hash), new Uint8Array(2000));
    await world.store.delete(await keyOfBlob(world, gone.blob_hash));
    const report = await pull({ ...b.context, fetchBlobs: 1000 });
    assert.deepEqual([report.imported.blob, report.skipped.blob], [1, 2]);
    assert.deepEqual(report.rejected, { blob: { corrupt: 1 } });
    assert.deepEqual(b.blobs.hashes(), [small.blob_hash]);
    await pull({ ...b.context, fetchBlobs: Infinity });
    assert.equal(b.blobs.size(large.blob_hash), 2 * FRAME);
  }));

Deno.test("forgetting a command takes its artifacts and their copies from every device", () =>
  twoKeepers(async (a, b, world) => {
    record(a.db, testEvent(1, { cmd: "secret" }), testEvent(2));
    const own = await attach(a, noise(500, 1), { event: testEvent(1) });
    const other = await attach(a, noise(500, 2), { event: testEvent(2) });
    await push(a.context);
    await pull({ ...b.context, fetchBlobs: Infinity });
    assert.equal(b.blobs.hashes().length, 2);
    await forget(a.db, world.keys, { events: matchEvents(a.db, { match: "secret" }), windows: [] });
    sweepBlobs(a.db, a.blobs);
    await push(a.context);
    await pull(b.context);
    for (const device of [a, b]) {
      assert.deepEqual(device.blobs.hashes(), [other.blob_hash]);
      assert.equal(blobUse(device.db, own.blob_hash), "none");
      assert.equal(findEvent(device.db, testEvent(1)), undefined);
    }
  }));

Deno.test("freeBlobs() frees only what the store was seen to hold to its end", () =>
  twoKeepers(async (a, _b, world) => {
    const contents = [noise(FRAME + 9, 1), text(60_000), noise(100, 2), noise(3 * FRAME, 3)];
    const records = [];
    for (const bytes of contents) records.push(await attach(a, bytes));
    await push(a.context);
    const waiting = await attach(a, noise(200, 4));
    const [gone, cut] = [records[2]!, records[3]!];
    await world.store.delete(await keyOfBlob(world, gone.blob_hash));
    const key = await keyOfBlob(world, cut.blob_hash);
    const sealed = await collect((await world.store.get(key)).body);
    // Just at the end of a frame: only its being the last one tells.
    await world.store.putAtomic(key, sealed.slice(0, sealed.length - FRAME - 16));
    const dry = await freeBlobs(a.context, a.blobs, true);
    assert.equal(a.blobs.hashes().length, 5);
    assert.deepEqual(await freeBlobs(a.context, a.blobs, false), dry);
    assert.deepEqual([dry.copies, dry.kept], [2, 2]);
    assert.deepEqual(
      a.blobs.hashes(),
      [gone, cut, waiting].map(({ blob_hash }) => blob_hash).sort(),
    );
  }));

Deno.test("dropArtifact() drops what was not published, and only the copy of what was", () =>
  twoKeepers(async (a) => {
    const { blob_hash: hash } = await attach(a, noise(100));
    assert.equal(dropArtifact(a.db, a.blobs, hash), 1);
    assert.deepEqual([blobUse(a.db, hash), a.blobs.hashes()], ["none", []]);
    await attach(a, noise(100));
    await push(a.context);
    assert.equal(dropArtifact(a.db, a.blobs, hash), 0);
    assert.deepEqual([blobUse(a.db, hash), a.blobs.hashes()], ["published", []]);
  }));

Deno.test("an upload that broke off is sealed again with the same bytes, or with a new key", () =>
  withFolder(async (dir) => {
    const inner = new MemoryStore();
    const sent: Uint8Array[] = [];
    let broken = true;
    const store: SyncStore = {
      uri: inner.uri,
      list: (...args) => inner.list(...args),
      get: (...args) => inner.get(...args),
      head: (...args) => inner.head(...args),
      delete: (...args) => inner.delete(...args),
      async putAtomic(key, body, options) {
        if (!key.endsWith(".hxblob")) return await inner.putAtomic(key, body, options);
        sent.push(await collect(body as ReadableStream<Uint8Array>));
        if (broken) throw new TypeError("connection reset");
        return await inner.putAtomic(key, sent.at(-1)! as Uint8Array<ArrayBuffer>, options);
      },
    };
    const world = await makeWorld({ store });
    const a = addKeeper(world, dir, "a");
    for (const bytes of [noise(2 * FRAME), text(100_000)]) {
      sent.length = 0;
      broken = true;
      const artifact = await attach(a, bytes);
      const other = { ...a.context, runtime: "2" };
      await assert.rejects(push(a.context));
      await assert.rejects(push(a.context));
      assert.deepEqual(sent[1], sent[0], "the same bytes again");
      await assert.rejects(push(other));
      const compressed = bytes.length !== 2 * FRAME;
      // Another runtime may compress otherwise: never with the same key.
      assert.equal(headerOf(sent[2]!) === headerOf(sent[0]!), !compressed);
      broken = false;
      await push(other);
      assert.equal(headerOf(sent[3]!), headerOf(sent[2]!));
      assert.equal(readBlobOutbox(a.db, artifact.blob_hash), undefined);
      assert.deepEqual(await fetched(a, artifact), new Uint8Array(bytes));
    }
    world.close();
  }));

function headerOf(object: Uint8Array): string {
  const length = new DataView(object.buffer, object.byteOffset).getUint32(0);
  return new TextDecoder().decode(object.subarray(4, 4 + length));
}

Deno.test("a file that changes while it is read is not attached, and leaves nothing", () =>
  twoKeepers(async (a, _b, _world, dir) => {
    const path = `${dir}/growing.log`;
    for (const change of ["a line more", "touched"]) {
      await Deno.writeFile(path, noise(3 * FRAME));
      const source = async function* () {
        let n = 0;
        for await (const chunk of fileChunks(path)) {
          if (n++ === 1 && change !== "touched") {
            await Deno.writeTextFile(path, change, { append: true });
          }
          if (n === 2 && change === "touched") await Deno.utime(path, 1, 1);
          yield chunk;
        }
      };
      await assert.rejects(
        a.blobs.stage(source(), { doing: "attaching" }),
        (error) => isCategory(error, "conflict"),
        change,
      );
      assert.deepEqual([...Deno.readDirSync(`${a.folder}/tmp`)], []);
    }
    await assert.rejects(
      a.blobs.stage(fileChunks(dir), { doing: "attaching" }),
      (error) => isCategory(error, "usage"),
    );
  }));
