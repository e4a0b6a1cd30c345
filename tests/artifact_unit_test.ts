/** The small parts of artifacts: hashing piece by piece, ranges, sizes, types. */
import assert from "node:assert/strict";
import { hashBeside, sealStream, sha256Hex, startSha256 } from "../lib/crypto/mod.ts";
import { deriveVaultKeys } from "../lib/crypto/mod.ts";
import { parseRange } from "../lib/commands/byte_range.ts";
import { parseBytes } from "../lib/commands/byte_size.ts";
import { mediaTypeOf } from "../lib/commands/media_type.ts";
import { PartReader } from "../lib/s3/parts.ts";
import { collect, streamOf } from "../lib/store/mod.ts";
import { Progress } from "../lib/ui/progress.ts";
import { noise } from "./artifact_kit.ts";
import { seeded, seededBytes } from "./seeded.ts";
import { NODE, VAULT } from "./vector_kit.ts";

Deno.test("startSha256() agrees with WebCrypto at every length, however it is cut", async () => {
  const random = seeded(3);
  const bytes = noise(300);
  for (let size = 0; size <= bytes.length; size++) {
    const hash = await startSha256();
    for (let at = 0; at < size;) {
      const piece = bytes.subarray(at, Math.min(size, at + Math.floor(random() * 140)));
      hash.update(piece);
      at += piece.length;
    }
    assert.equal(hash.hex(), await sha256Hex(bytes.slice(0, size)), `${size} bytes`);
  }
});

Deno.test("startSha256() takes pieces of any size, and more than one hash at a time", async () => {
  const bytes = noise(5_000_000);
  const [one, two] = [await startSha256(), await startSha256()];
  for (let at = 0; at < bytes.length; at += 333_333) {
    one.update(bytes.subarray(at, at + 333_333));
    two.update(bytes.subarray(at, at + 333_333));
    if (at === 0) two.update(bytes.subarray(0, 1));
  }
  assert.equal(one.hex(), await sha256Hex(bytes));
  assert.notEqual(two.hex(), await sha256Hex(bytes));
});

Deno.test("startSha256() counts its length beyond 2^32 bits", async () => {
  const chunk = new Uint8Array(1 << 20);
  const hash = await startSha256();
  for (let i = 0; i < 513; i++) hash.update(chunk);
  // sha256sum of 513 MiB of zeros
  assert.equal(hash.hex(), "a3e2acbb469e4e59dde406f912e754c933c1ac0fb0092a3634d61d5073309c0c");
});

Deno.test("hashBeside() agrees with WebCrypto, in this thread and in one of its own", async () => {
  const bytes = noise(20_000_003);
  for (const size of [10, bytes.length]) {
    const hash = await hashBeside(size);
    for (let at = 0; at < bytes.length; at += 1_500_000) {
      await hash.update(bytes.subarray(at, at + 1_500_000));
    }
    assert.equal(await hash.hex(), await sha256Hex(bytes));
    hash.stop();
  }
  const stopped = await hashBeside(bytes.length);
  await stopped.update(bytes);
  stopped.stop();
});

Deno.test("sealStream() gives the same bytes to a reader that brings its own memory", async () => {
  const keys = await deriveVaultKeys(new Uint8Array(32), VAULT);
  const name = { type: "manifest", vaultId: VAULT, nodeId: NODE } as const;
  const meta = { name, createdAt: "2026-01-01T00:00:00.000Z", compression: "none" } as const;
  const seal = () => sealStream(meta, streamOf(noise(3_000_000)), keys, seededBytes(seeded(1)));
  const whole = await collect(await seal());
  for (const partBytes of [1000, 1 << 20, 4_000_000]) {
    const reader = new PartReader(await seal(), partBytes);
    const parts: Uint8Array[] = [];
    for (let part = await reader.next(undefined); part; part = await reader.next(undefined)) {
      parts.push(part.slice());
      reader.recycle(part);
    }
    assert.ok(parts.slice(0, -1).every(({ length }) => length === partBytes));
    assert.deepEqual(await collect(ReadableStream.from(parts)), whole);
  }
});

Deno.test("parseRange() and parseBytes() take what people write, and nothing else", () => {
  assert.deepEqual(parseRange("2:5", 10), { start: 2, stop: 5 });
  assert.deepEqual(parseRange("2:", 10), { start: 2, stop: 10 });
  assert.deepEqual(parseRange(":5", 10), { start: 0, stop: 5 });
  assert.deepEqual(parseRange("8:99", 10), { start: 8, stop: 10 });
  for (const bad of ["", ":", "5", "5:2", "a:b", "-1:2", "11:", "1:2:3"]) {
    assert.throws(() => parseRange(bad, 10), /--range/, bad);
  }
  const sizes = ["0", "500", "2k", "10M", "1.5G", "3MiB", "4kB"].map(parseBytes);
  assert.deepEqual(sizes, [0, 500, 2048, 10 << 20, 1.5 * 2 ** 30, 3 << 20, 4096]);
  for (const bad of ["", "M", "-1", "1x", "1e3", "99999999T"]) {
    assert.equal(parseBytes(bad), undefined, bad);
  }
});

Deno.test("mediaTypeOf() goes by the ending, else by whether it is text", () => {
  const utf8 = (text: string) => new TextEncoder().encode(text);
  assert.equal(mediaTypeOf("a.JSON", utf8("{}")), "application/json");
  assert.equal(mediaTypeOf("a.log", utf8("ök").subarray(0, 1)), "text/plain");
  assert.equal(mediaTypeOf("a", new Uint8Array([0x7f, 0x45, 0])), "application/octet-stream");
  assert.equal(mediaTypeOf("a", new Uint8Array([0xff, 0x20])), "application/octet-stream");
});

Deno.test("Progress shows rate and time left of bytes", () => {
  let now = 0;
  const shown: string[] = [];
  const out = { isTerminal: true, write: (text: string) => void shown.push(text) };
  const progress = new Progress(out, () => now);
  progress.update("sending", 0, 100 << 20, "bytes");
  now = 2000;
  progress.update("sending", 20 << 20, 100 << 20, "bytes");
  assert.match(shown.at(-1)!, /20% 20\.0 MiB\/100\.0 MiB 10\.0 MiB\/s, 8\.0 s left$/);
});
