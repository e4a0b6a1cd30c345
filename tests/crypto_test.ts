import assert from "node:assert/strict";
import {
  deriveVaultKeys,
  openObject,
  openStream,
  sealObject,
  sealStream,
} from "../lib/crypto/mod.ts";
import { isCategory } from "../lib/errors.ts";
import type { ObjectName } from "../lib/format/mod.ts";
import { collect, streamOf } from "../lib/store/mod.ts";
import { seeded, seededBytes } from "./seeded.ts";

const random = seededBytes(seeded(1));
const VAULT = "11111111-1111-4111-8111-111111111111";
const NODE = "22222222-2222-4222-8222-222222222222";
const NAME: ObjectName = { type: "manifest", vaultId: VAULT, nodeId: NODE };
const keys = await deriveVaultKeys(random(32), VAULT);
const meta = (compression: "none" | "gzip", frame = 4096) => ({
  name: NAME,
  nodeId: NODE,
  createdAt: "2026-01-01T00:00:00.000Z",
  compression,
  frame,
});

for (const compression of ["none", "gzip"] as const) {
  for (const size of [0, 1, 4095, 4096, 4097, 8192, 3 * 4096, 50_000]) {
    Deno.test(`sealObject() round trip, ${compression}, ${size} bytes`, async () => {
      const payload = random(size);
      const sealed = await sealObject(meta(compression), payload, keys, random);
      assert.deepEqual((await openObject(sealed, NAME, keys)).payload, payload);
      const { body } = await openStream(streamOf(sealed, 1000), NAME, keys);
      assert.deepEqual(await collect(body), payload);
      const streamed = await collect(
        await sealStream(meta(compression), streamOf(payload, 777), keys, random),
      );
      assert.deepEqual((await openObject(streamed, NAME, keys)).payload, payload);
    });
  }
}

Deno.test("openObject() refuses every flipped byte and every truncation", async () => {
  const sealed = await sealObject(meta("gzip"), random(100), keys, random);
  const bad = async (bytes: Uint8Array<ArrayBuffer>) => {
    await assert.rejects(openObject(bytes, NAME, keys), (e) => isCategory(e, "corrupt"));
  };
  for (let i = 0; i < sealed.length; i++) {
    const bytes = sealed.slice();
    bytes[i]! ^= 1 << (i % 8);
    await bad(bytes);
    await bad(sealed.slice(0, i));
  }
});
