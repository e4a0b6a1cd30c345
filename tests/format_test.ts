import assert from "node:assert/strict";
import fc from "fast-check";
import { isCategory } from "../lib/errors.ts";
import {
  blobId,
  deriveVaultKeys,
  forgetDigest,
  makeSlot,
  openSlot,
  sealStream,
} from "../lib/crypto/mod.ts";
import { masterFromWords, wordsFromMaster } from "../lib/crypto/words.ts";
import {
  canonicalEvent,
  compareBytes,
  fromHex,
  keyOf,
  parseKey,
  parseSegment,
  toHex,
  utf8,
  uuid5,
} from "../lib/format/mod.ts";
import { utf8Length } from "../lib/format/check.ts";
import { BASES, EVENT } from "./vector_cases.ts";
import { MASTER, NODE, VAULT } from "./vector_kit.ts";
import { seeded, seededBytes } from "./seeded.ts";

const random = seededBytes(seeded(3));
const MIB = 1 << 20;

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
  assert.equal(await blobId(keys, hash), toHex(await hmac(await okm("hx/v0 blob-name"), hash)));
});

Deno.test("parseKey() is the inverse of keyOf(), and takes nothing else", () => {
  const blob = { type: "blob", vaultId: VAULT, blobId: "ab".repeat(32) } as const;
  for (const name of [...Object.values(BASES).map((base) => base.name), blob]) {
    const key = keyOf(name);
    assert.deepEqual(parseKey(key), name);
    const other = key.replace(/\.(hx[a-z]+)$/, ".sync-conflict-20260101-000000-ABCDEFG.$1");
    for (const wrong of [other, key + ".partial", key.toUpperCase(), "/" + key, key + "/", ""]) {
      assert.equal(parseKey(wrong), undefined, wrong);
    }
  }
  for (const wrong of ["vaults", "vaults/x/vault.hxvault", `vaults/${VAULT}/objects/segments`]) {
    assert.equal(parseKey(wrong), undefined);
  }
});

Deno.test("parseSegment() takes a command of just 1 MiB of UTF-8 and no byte more", () => {
  const segment = (cmd: string) => utf8(JSON.stringify({ events: [{ ...EVENT, cmd }] }));
  for (const [char, bytes] of [["a", 1], ["ä", 2], ["€", 3], ["😀", 4]] as const) {
    const most = char.repeat(Math.floor(MIB / bytes));
    assert.equal(parseSegment(segment(most)).events[0]!.cmd, most);
    const over = most + "x".repeat(MIB % bytes + 1);
    assert.throws(() => parseSegment(segment(over)), (error) => isCategory(error, "corrupt"));
  }
});

Deno.test("utf8Length() counts what TextEncoder writes", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.equal(utf8Length(text), utf8(text).length);
  }));
});

Deno.test("canonicalEvent() is RFC 8785: sorted fields, ECMAScript's numbers", () => {
  const canonical = canonicalEvent({
    seq: 1,
    cmd: '\u20ac\n"\\',
    node_id: NODE,
    session_id: "s",
    started_at: 1e21,
    duration_ms: 4.5,
    truncated: false,
  });
  assert.equal(
    canonical,
    `{"cmd":"€\\n\\"\\\\","duration_ms":4.5,"node_id":"${NODE}","seq":1,"session_id":"s",` +
      `"started_at":1e+21,"truncated":false}`,
  );
});

Deno.test("compareBytes() orders as UTF-8 bytes, not as UTF-16 units", () => {
  assert.ok(compareBytes(utf8("\uffff"), utf8("😀")) < 0);
  assert.ok("\uffff" > "😀");
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

Deno.test("sealStream() needs no more memory for 64 MiB than for 8", async () => {
  const keys = await deriveVaultKeys(random(32), VAULT);
  const sealing = async (mib: number) => {
    let left = mib;
    const chunk = new Uint8Array(MIB);
    const source = new ReadableStream<Uint8Array>({
      pull: (out) => left-- > 0 ? out.enqueue(chunk) : out.close(),
    }, { highWaterMark: 0 });
    const { name } = BASES.vault;
    const meta = { name, createdAt: "2026-01-01T00:00:00.000Z", compression: "none" } as const;
    let size = 0;
    let waiting = 0;
    for await (const part of await sealStream(meta, source, keys, random)) {
      size += part.length;
      waiting = Math.max(waiting, mib - left - size / MIB);
    }
    assert.ok(size > mib * MIB);
    return waiting;
  };
  // What was read and not yet given out: a few frames, however long the stream is.
  assert.ok(await sealing(8) < 6);
  assert.ok(await sealing(64) < 6);
});
