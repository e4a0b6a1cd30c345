/** Passphrases of a vault: which are taken, and changing them beside other devices. */
import assert from "node:assert/strict";
import { deriveVaultKeys, measureIterations, openObject, sealObject } from "../lib/crypto/mod.ts";
import { checkPassphrase, madePassphrase } from "../lib/crypto/passphrase.ts";
import { HxError } from "../lib/errors.ts";
import { keyOf, type KeySlot, utf8, uuid4 } from "../lib/format/mod.ts";
import { MemoryStore, type SyncStore } from "../lib/store/mod.ts";
import { changeSlots, createVault, type SlotContext } from "../lib/sync/mod.ts";
import { collect } from "../lib/store/mod.ts";
import { seeded, seededBytes } from "./seeded.ts";

const random = seededBytes(seeded(11));
const signal = new AbortController().signal;

/** A slot that no passphrase opens: deriving takes a third of a second, and this is not about it. */
function slot(n: number): KeySlot {
  const two = n.toString(16).padStart(2, "0");
  return {
    kdf: "PBKDF2-HMAC-SHA-256",
    salt: two.repeat(16),
    iterations: 600_000,
    wrapped_key: two.repeat(40),
  };
}

async function vault(store: SyncStore = new MemoryStore(), conditionalWrites = true) {
  const made = { vaultId: uuid4(random), master: random(32), name: "v", nodeId: uuid4(random) };
  await createVault({ store, clock: () => 0, random, signal }, made);
  const keys = await deriveVaultKeys(made.master, made.vaultId);
  const name = { type: "vault", vaultId: made.vaultId } as const;
  const context: SlotContext = { store, keys, conditionalWrites, random, signal };
  const read = async () => {
    const bytes = await collect((await store.get(keyOf(name))).body);
    return await openObject(bytes, name, keys);
  };
  return { context, name, keys, read };
}

const add = (one: KeySlot) => (slots: readonly KeySlot[]) => Promise.resolve([...slots, one]);

Deno.test("checkPassphrase() refuses what is tried first, and repeats nothing of it", () => {
  const weak = [
    "short words",
    "aaaaaaaaaaaaaaaa",
    "abcabcabcabcabc",
    "1234567890123456",
    "abcdefghijklmnop",
    "Password123!!",
    "p@$$w0rd-2024",
    "passwordpassword",
    "letmein!!!!!!!",
    "qwertyuiop1234",
    "abandon-123456",
    " leading and trailing ",
    "tab\tin the middle of it",
    "hx1-looks-like-a-code",
    Array.from({ length: 24 }, (_, i) => `word${"abcdefghijklmnopqrstuvwxyz"[i]}`).join(" "),
  ];
  for (const passphrase of weak) {
    assert.throws(() => checkPassphrase(passphrase), (error) => {
      assert.ok(error instanceof HxError && error.category === "usage", passphrase);
      assert.ok(!`${error.message} ${error.hint}`.includes(passphrase.slice(0, 9)), error.message);
      return true;
    }, passphrase);
  }
  for (const good of ["correct pony battery", "Ich mag grüne Wiesen 7", "x9!kQ2#vLm4z"]) {
    checkPassphrase(good);
  }
});

Deno.test("madePassphrase() gives six words of 2048, evenly, that are taken", () => {
  const words = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const made = madePassphrase(random);
    checkPassphrase(made);
    assert.match(made, /^[a-z]+(-[a-z]+){5}$/);
    for (const word of made.split("-")) words.add(word);
  }
  assert.ok(words.size > 1400, `${words.size} different of 3000`);
});

Deno.test("measureIterations() aims at half a second, within what the format has", async () => {
  const took = (milliseconds: number) => {
    let calls = 0;
    return measureIterations(() => calls++ === 0 ? 0 : milliseconds);
  };
  assert.equal(await took(50), 1_000_000);
  assert.equal(await took(25), 2_000_000);
  assert.equal(await took(1000), 600_000);
  assert.equal(await took(1), 10_000_000);
  assert.equal(await took(0), 600_000);
  assert.equal(await took(-5), 600_000);
});

Deno.test("changeSlots() keeps the payload, what it does not know of it included", async () => {
  const { context, name, keys, read } = await vault();
  const payload = utf8(JSON.stringify({ name: "v", created_by: uuid4(random), later: [1] }));
  const meta = { name, createdAt: "2026-01-01T00:00:00.000Z", compression: "none" as const };
  const bytes = await sealObject({ ...meta, keySlots: [slot(1)] }, payload, keys, random);
  await context.store.putAtomic(keyOf(name), bytes);
  await changeSlots(context, add(slot(2)));
  const after = await read();
  assert.deepEqual(after.payload, payload);
  assert.deepEqual(after.header.key_slots, [slot(1), slot(2)]);
  assert.equal(after.header.created_at, meta.createdAt);
  assert.notEqual(after.header.crypto.wrapped_key, undefined);
});

for (const conditional of [true, false]) {
  const kind = conditional ? "with" : "without";
  Deno.test(`changeSlots() loses nobody's slot, on a store ${kind} conditions`, async () => {
    const { context, read } = await vault(new MemoryStore(), conditional);
    let others = 2;
    await changeSlots(context, async (slots) => {
      if (others-- > 0) await changeSlots(context, add(slot(100 + others)));
      return [...slots, slot(1)];
    });
    const salts = (await read()).header.key_slots!.map(({ salt }) => salt.slice(0, 2));
    assert.deepEqual(salts.sort(), ["01", "64", "65"]);
  });
}

Deno.test("changeSlots() takes a lost answer for what it is", async () => {
  const inner = new MemoryStore();
  let lost = 0;
  const store: SyncStore = {
    uri: inner.uri,
    list: (prefix, options) => inner.list(prefix, options),
    get: (key, options) => inner.get(key, options),
    head: (key, options) => inner.head(key, options),
    delete: (key, options) => inner.delete(key, options),
    // As a transport that sends a put again whose answer it did not get.
    async putAtomic(key, body, options) {
      const done = await inner.putAtomic(key, body, options);
      if (options?.ifMatch === undefined || lost++ > 0) return done;
      return await inner.putAtomic(key, body, options);
    },
  };
  const { context, read } = await vault(store);
  await changeSlots(context, add(slot(1)));
  assert.deepEqual((await read()).header.key_slots, [slot(1)]);
});

Deno.test("changeSlots() makes no ninth slot, and writes nothing for no change", async () => {
  const { context, name } = await vault();
  for (let n = 1; n <= 8; n++) await changeSlots(context, add(slot(n)));
  await assert.rejects(changeSlots(context, add(slot(9))), { category: "config" });
  const before = await context.store.head(keyOf(name));
  assert.equal((await changeSlots(context, (slots) => Promise.resolve(slots))).length, 8);
  assert.deepEqual(await context.store.head(keyOf(name)), before);
});
