/** Opening and sealing by stream: bounded memory, and what happens when something fails midway. */
import assert from "node:assert/strict";
import {
  blobId,
  deriveVaultKeys,
  openObject,
  type OpenOptions,
  openStream,
  sealObject,
  sealStream,
  sha256Hex,
  startSha256,
} from "../lib/crypto/mod.ts";
import { isCategory } from "../lib/errors.ts";
import { concatBytes, type ObjectName } from "../lib/format/mod.ts";
import { collect, streamOf } from "../lib/store/mod.ts";
import { gzipStored } from "./gzip_kit.ts";
import { seeded, seededBytes } from "./seeded.ts";
import { craft, NODE, VAULT } from "./vector_kit.ts";

const random = seededBytes(seeded(5));
const MIB = 1 << 20;
const keys = await deriveVaultKeys(random(32), VAULT);
const NAME: ObjectName = { type: "manifest", vaultId: VAULT, nodeId: NODE };
const CREATED = "2026-01-01T00:00:00.000Z";
const meta = (compression: "none" | "gzip", frame = 4096, name: ObjectName = NAME) => ({
  name,
  createdAt: CREATED,
  compression,
  frame,
});

/** What does not compress: it repeats only beyond gzip's reach. */
const CHUNK = random(MIB);

/** A source of so many MiB that counts what was taken of it. */
function counted(mib: number) {
  const taken = { mib: 0 };
  const source = new ReadableStream<Uint8Array>({
    pull: (out) => taken.mib < mib ? (taken.mib++, out.enqueue(CHUNK)) : out.close(),
  }, { highWaterMark: 0 });
  return { source, taken };
}

for (const compression of ["none", "gzip"] as const) {
  Deno.test(`sealStream() and openStream() hold a few MiB of 64, ${compression}`, async () => {
    const total = 64;
    const hash = await startSha256();
    for (let i = 0; i < total; i++) hash.update(CHUNK);
    const blob = await blobId(keys, hash.hex());
    const name: ObjectName = { type: "blob", vaultId: VAULT, blobId: blob };
    const { source, taken } = counted(total);
    const sealed = await sealStream(meta(compression, MIB, name), source, keys, random);
    const { body } = await openStream(sealed, name, keys, { maxPlain: total * MIB });
    let size = 0;
    let waiting = 0;
    for await (const part of body) {
      // What was read and has not come out: a few frames, however long the stream is.
      waiting = Math.max(waiting, taken.mib - size / MIB);
      size += part.length;
    }
    assert.equal(size, total * MIB);
    assert.ok(waiting < 12, `${waiting} MiB wait`);
  });

  Deno.test(`openStream() refuses every flipped byte and every truncation, ${compression}`, async () => {
    const sealed = await sealObject(meta(compression), random(60), keys, random);
    const bad = (bytes: Uint8Array<ArrayBuffer>) =>
      assert.rejects(
        async () => collect((await openStream(streamOf(bytes, 300), NAME, keys)).body),
        (error) => isCategory(error, "corrupt"),
      );
    for (let i = 0; i < sealed.length; i++) {
      const bytes = sealed.slice();
      bytes[i]! ^= 1 << (i % 8);
      await bad(bytes);
      await bad(sealed.slice(0, i));
    }
    await bad(concatBytes(sealed, Uint8Array.of(0)));
  });

  Deno.test(`openStream() cancels its source once something is wrong, ${compression}`, async () => {
    const sealed = await sealObject(meta(compression), random(20_000), keys, random);
    // In the header, in the first frame, and in a later one.
    for (const at of [10, 1000, 15_000]) {
      const bytes = sealed.slice();
      bytes[at]! ^= 1;
      let cancelled = false;
      const source = new ReadableStream<Uint8Array>({
        start: (out) => out.enqueue(concatBytes(bytes, new Uint8Array(9000))),
        cancel: () => void (cancelled = true),
      });
      await assert.rejects(
        async () => collect((await openStream(source, NAME, keys)).body),
        (error) => isCategory(error, "corrupt"),
      );
      assert.ok(cancelled, `byte ${at}`);
    }
  });

  Deno.test(`openStream() fails as its source fails, ${compression}`, async () => {
    const sealed = await sealObject(meta(compression), random(20_000), keys, random);
    const reset = new TypeError("connection reset");
    for (const after of [2, 100, 9000]) {
      let begun = false;
      const source = new ReadableStream<Uint8Array>({
        pull: (out) => {
          if (begun) return out.error(reset);
          begun = true;
          out.enqueue(sealed.subarray(0, after));
        },
      }, { highWaterMark: 0 });
      await assert.rejects(
        async () => collect((await openStream(source, NAME, keys)).body),
        (error) => error === reset,
      );
    }
  });

  Deno.test(`openStream() gives its source back when nobody reads on, ${compression}`, async () => {
    const { source, taken } = counted(64);
    const sealed = await sealStream(meta(compression, MIB), source, keys, random);
    const { body } = await openStream(sealed, NAME, keys);
    const reader = body.getReader();
    await reader.read();
    await reader.cancel("enough");
    const then = taken.mib;
    assert.ok(then < 12, `${then} MiB were taken`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(taken.mib, then);
  });
}

Deno.test("openStream() takes a frame of 1 MiB byte by byte", async () => {
  const payload = random(200_000);
  const sealed = await sealObject(meta("none", MIB), payload, keys, random);
  assert.deepEqual(
    await collect((await openStream(streamOf(sealed, 1), NAME, keys)).body),
    payload,
  );
});

Deno.test("a blob opens only as what its name says, within the length of its record", async () => {
  const content = random(10_000);
  const id = await blobId(keys, await sha256Hex(content));
  const name: ObjectName = { type: "blob", vaultId: VAULT, blobId: id };
  const ways = {
    whole: async (bytes: Uint8Array<ArrayBuffer>, options?: OpenOptions) =>
      (await openObject(bytes, name, keys, options)).payload,
    streamed: async (bytes: Uint8Array<ArrayBuffer>, options?: OpenOptions) =>
      await collect((await openStream(streamOf(bytes, 999), name, keys, options)).body),
  };
  for (const compression of ["none", "gzip"] as const) {
    const seal = (payload: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
      sealObject(meta(compression, 4096, name), payload, keys, random);
    const right = await seal(content);
    const other = content.slice();
    other[9_999]! ^= 1;
    const wrong = await seal(other);
    for (const open of Object.values(ways)) {
      assert.deepEqual(await open(right, { maxPlain: 10_000 }), content);
      await assert.rejects(open(right, { maxPlain: 9_999 }), (e) => isCategory(e, "corrupt"));
      await assert.rejects(
        open(wrong, { maxPlain: 10_000 }),
        (e) => isCategory(e, "hash-mismatch"),
      );
      await assert.rejects(open(right), TypeError);
    }
  }
});

Deno.test("openStream() stops reading a blob that is far longer than its record says", async () => {
  const name: ObjectName = { type: "blob", vaultId: VAULT, blobId: "00".repeat(32) };
  for (const compression of ["none", "gzip"] as const) {
    const { source, taken } = counted(64);
    const sealed = await sealStream(meta(compression, MIB, name), source, keys, random);
    await assert.rejects(
      async () => collect((await openStream(sealed, name, keys, { maxPlain: MIB })).body),
      (error) => isCategory(error, "corrupt"),
    );
    assert.ok(taken.mib < 12, `${taken.mib} MiB were taken`);
  }
});

Deno.test("a blob that is right but padded with empty deflate blocks is refused by its stored size", async () => {
  const content = random(100);
  const id = await blobId(keys, await sha256Hex(content));
  const name: ObjectName = { type: "blob", vaultId: VAULT, blobId: id };
  const fields = { object_type: "blob", vault_id: VAULT, blob_id: id };
  const padded = (blocks: number) => {
    const padding = new Uint8Array(5 * blocks);
    for (let at = 0; at < padding.length; at += 5) padding.set([0, 0, 0, 0xff, 0xff], at);
    const right = gzipStored(content);
    const pack = () => concatBytes(right.slice(0, 10), padding, right.slice(10));
    return craft(keys, random, fields, content, { compression: "gzip", pack });
  };
  const few = await padded(1000);
  const many = await padded(300_000);
  const options = { maxPlain: 100 };
  assert.deepEqual((await openObject(few, name, keys, options)).payload, content);
  const corrupt = (error: unknown) => isCategory(error, "corrupt");
  await assert.rejects(openObject(many, name, keys, options), corrupt);
  await assert.rejects(
    async () => collect((await openStream(streamOf(many), name, keys, options)).body),
    corrupt,
  );
});

Deno.test("sealObject() and sealStream() refuse what no reader would take", async () => {
  const payload = random(10);
  const refused = [
    { ...meta("none"), createdAt: "2026-01-01T00:00:00Z" },
    meta("none", 4095),
    meta("none", 4096, { type: "segment", vaultId: VAULT, nodeId: NODE, segmentId: "1" }),
    // A tombstone whose writer is not named.
    meta("none", 4096, { type: "tombstone", vaultId: VAULT, tombstoneId: NODE }),
  ];
  for (const one of refused) {
    const corrupt = (error: unknown) => isCategory(error, "corrupt");
    await assert.rejects(sealObject(one, payload, keys, random), corrupt);
    await assert.rejects(sealStream(one, streamOf(payload), keys, random), corrupt);
  }
  const large = new Uint8Array(64 * 1024);
  const vault = meta("none", MIB, { type: "vault", vaultId: VAULT });
  await assert.rejects(sealObject(vault, large, keys, random), (e) => isCategory(e, "unexpected"));
});

Deno.test("no two objects are sealed with one key and nonce", async () => {
  const fresh = (n: number) => crypto.getRandomValues(new Uint8Array(n));
  const seal = () => sealObject(meta("none"), new Uint8Array(3), keys, fresh);
  const [one, other] = [await seal(), await seal()];
  assert.notDeepEqual(one.slice(-19), other.slice(-19));
});
