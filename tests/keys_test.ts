/** Keys, names, words and slots against known answers. */
import assert from "node:assert/strict";
import {
  blobId,
  deriveVaultKeys,
  forgetDigest,
  makeSlot,
  openSlot,
  sha256Hex,
} from "../lib/crypto/mod.ts";
import { masterFromWords, wordsFromMaster } from "../lib/crypto/words.ts";
import { isCategory } from "../lib/errors.ts";
import { fromHex, toHex, utf8, uuid4, uuid5 } from "../lib/format/mod.ts";
import { importNodeId, importSeq, importSessionId } from "../lib/history/mod.ts";
import type { KnownAnswers } from "./known_answers.ts";
import { seeded, seededBytes } from "./seeded.ts";
import { MASTER, VAULT } from "./vector_kit.ts";

const random = seededBytes(seeded(3));
const KNOWN: KnownAnswers = JSON.parse(
  Deno.readTextFileSync(new URL("./vectors/known/answers.json", import.meta.url)),
);

Deno.test("uuid5() gives the UUID that RFC 9562 appendix A.4 gives", async () => {
  const dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  assert.equal(await uuid5(dns, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
});

Deno.test("deriveVaultKeys() gives HKDF's keys, computed apart from it", async () => {
  // HKDF-SHA-256 by its definition (RFC 5869) from HMAC alone.
  const hmac = async (key: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>) => {
    const hash = { name: "HMAC", hash: "SHA-256" };
    const k = await crypto.subtle.importKey("raw", key, hash, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", k, data));
  };
  const salt = fromHex(VAULT.replaceAll("-", ""))!;
  const prk = await hmac(salt, fromHex(MASTER)!);
  const okm = (info: string) => hmac(prk, new Uint8Array([...utf8(info), 1]));
  const keys = await deriveVaultKeys(fromHex(MASTER)!, VAULT);
  const text = "ls -la";
  assert.equal(
    await forgetDigest(keys, text),
    toHex(await hmac(await okm("hx/v0 forget"), utf8(text))),
  );
  const hash = random(32);
  assert.equal(
    await blobId(keys, toHex(hash)),
    toHex(await hmac(await okm("hx/v0 blob-name"), hash)),
  );
});

Deno.test("deriveVaultKeys() wraps object keys as the known answers have it, and lets no key out", async () => {
  const keys = await deriveVaultKeys(fromHex(KNOWN.master)!, KNOWN.vault_id);
  const usages: KeyUsage[] = ["encrypt"];
  const wrapped = fromHex(KNOWN.wrap.wrapped_key)!;
  const key = await crypto.subtle.unwrapKey(
    "raw",
    wrapped,
    keys.wrap,
    "AES-KW",
    "AES-GCM",
    true,
    usages,
  );
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", key));
  assert.equal(toHex(raw), KNOWN.wrap.object_key);
  for (const one of [keys.wrap, keys.blob, keys.forget]) {
    assert.equal(one.extractable, false);
    await assert.rejects(crypto.subtle.exportKey("raw", one));
  }
});

Deno.test("blobId() and forgetDigest() give the known answers", async () => {
  const keys = await deriveVaultKeys(fromHex(KNOWN.master)!, KNOWN.vault_id);
  assert.equal(await sha256Hex(fromHex(KNOWN.blob.content)!), KNOWN.blob.blob_hash);
  assert.equal(await blobId(keys, KNOWN.blob.blob_hash), KNOWN.blob.blob_id);
  for (const { cmd, digest } of KNOWN.forget) assert.equal(await forgetDigest(keys, cmd), digest);
  await assert.rejects(blobId(keys, KNOWN.blob.blob_hash.toUpperCase()), TypeError);
});

Deno.test("uuid5() gives the known ids of segments and tombstones", async () => {
  for (const { namespace, name, uuid } of KNOWN.uuid5) {
    assert.equal(await uuid5(namespace, name), uuid);
  }
});

Deno.test("uuid4() sets version and variant and keeps the other bits", () => {
  assert.equal(uuid4((n) => new Uint8Array(n).fill(0xff)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  assert.equal(uuid4((n) => new Uint8Array(n)), "00000000-0000-4000-8000-000000000000");
});

Deno.test("an imported line gets the known identity, session and seq", async () => {
  const { label, shell, node_id, session_id, lines } = KNOWN.lines;
  assert.equal(await importNodeId(label), node_id);
  assert.equal(
    await importSessionId({ label, shell } as Parameters<typeof importSessionId>[0]),
    session_id,
  );
  for (const { started_at, cmd, n, seq } of lines) {
    assert.equal(importSeq(started_at ?? 0, cmd, n), seq);
  }
});

Deno.test("recovery words are the known ones", () => {
  assert.equal(wordsFromMaster(fromHex(KNOWN.master)!), KNOWN.words);
  assert.equal(toHex(masterFromWords(KNOWN.words)), KNOWN.master);
});

Deno.test("openSlot() opens the known slot", async () => {
  const { passphrase, ...slot } = KNOWN.slot;
  assert.equal(toHex((await openSlot(slot, passphrase))!), KNOWN.master);
});

Deno.test("makeSlot() and openSlot() derive nothing with iterations out of range", async () => {
  const { passphrase, ...slot } = KNOWN.slot;
  for (const iterations of [599_999, 10_000_001, 0, NaN, 600_000.5]) {
    await assert.rejects(makeSlot(random(32), "x", iterations, random), RangeError);
    await assert.rejects(openSlot({ ...slot, iterations }, passphrase), RangeError);
  }
  await assert.rejects(makeSlot(random(16), "x", 600_000, random), TypeError);
});

Deno.test("recovery words are the key itself (BIP 39's own vectors), in any dress", () => {
  const master = new Uint8Array(32).fill(0x7f);
  const words = "legal winner thank year wave sausage worth useful legal winner thank year wave " +
    "sausage worth useful legal winner thank year wave sausage worth title";
  assert.equal(wordsFromMaster(master), words);
  const dressed = words.toUpperCase().split(" ").map((word, i) => `${i + 1}. ${word}\n`).join(" ");
  assert.deepEqual(masterFromWords(dressed), master);
});

Deno.test("masterFromWords() says which word is wrong, and never a right one", () => {
  const words = wordsFromMaster(random(32)).split(" ");
  const typo = [...words];
  typo[4] = "legel";
  assert.throws(
    () => masterFromWords(typo.join(" ")),
    (error) =>
      isCategory(error, "auth") && /word 5/.test(error.message) && /legal/.test(error.hint!) &&
      !words.filter((word) => word !== "legal").some((word) =>
        new RegExp(`\\b${word}\\b`).test(error.hint!.replace("did you mean", ""))
      ),
  );
  assert.throws(() => masterFromWords(words.slice(1).join(" ")), /24 words, not 23/);
  const swapped = [words[1], words[0], ...words.slice(2)].join(" ");
  assert.throws(() => masterFromWords(swapped), (error) => isCategory(error, "auth"));
});

Deno.test("a passphrase slot opens with its passphrase in any Unicode form, and with no other", async () => {
  const master = random(32);
  const slot = await makeSlot(master, "grün\u00e9 Wiese", 600_000, random);
  assert.deepEqual(await openSlot(slot, "gru\u0308ne\u0301 Wiese"), master);
  assert.equal(await openSlot(slot, "gruen"), undefined);
});
