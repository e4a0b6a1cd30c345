/** Rules of objects that no vector can hold (format, sections 4 to 7). */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { sealObject } from "../lib/crypto/mod.ts";
import { gunzip } from "../lib/crypto/gzip.ts";
import { isCategory } from "../lib/errors.ts";
import { fromHex, type ObjectName } from "../lib/format/mod.ts";
import { readHeader } from "../lib/crypto/mod.ts";
import { CREATED, NODE, VAULT, vectorKeys } from "./vector_kit.ts";

const keys = await vectorKeys();
const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
const NAME: ObjectName = { type: "manifest", vaultId: VAULT, nodeId: NODE };

/** The nonce of a new object, and K_obj as whoever has K_wrap sees it. */
async function secrets(): Promise<{ nonce: string; key: string }> {
  const meta = { name: NAME, createdAt: CREATED, compression: "none" as const };
  const sealed = await sealObject(meta, new Uint8Array(3), keys, random);
  const { nonce, wrapped_key } = readHeader(sealed).header.crypto;
  // AES-KW needs no nonce: equal keys are equal when they are wrapped.
  assert.equal(fromHex(wrapped_key)!.length, 40);
  return { nonce, key: wrapped_key };
}

Deno.test("sealObject() gives every object a key and a nonce of its own", async () => {
  const made = await Promise.all(Array.from({ length: 20 }, secrets));
  assert.equal(new Set(made.map(({ key }) => key)).size, 20);
  assert.equal(new Set(made.map(({ nonce }) => nonce)).size, 20);
});

Deno.test("gunzip() makes no more than its limit of a bomb", () => {
  const bomb = new Uint8Array(gzipSync(new Uint8Array(256 * 2 ** 20)));
  const before = Deno.memoryUsage().rss;
  assert.throws(() => gunzip(bomb, 2 ** 16, "bomb"), (error) => isCategory(error, "corrupt"));
  // Made whole, it would still be held here, or by a collector that has not yet come.
  assert.ok(Deno.memoryUsage().rss - before < 128 * 2 ** 20);
});
