/** The format's own rules: names, records, canonical JSON, what encoders write. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { HxError, isCategory } from "../lib/errors.ts";
import {
  canonicalArtifact,
  canonicalEvent,
  canonicalJson,
  compareBytes,
  encodeManifest,
  encodeSegment,
  encodeTombstone,
  type EventRecord,
  fromHex,
  fromUtf8,
  keyOf,
  type ManifestPayload,
  parseKey,
  parseManifest,
  parseSegment,
  parseTombstone,
  type SegmentPayload,
  toHex,
  type TombstonePayload,
  utf8,
} from "../lib/format/mod.ts";
import { utf8Length } from "../lib/format/check.ts";
import { BASES, EVENT } from "./vector_cases.ts";
import { NODE, VAULT } from "./vector_kit.ts";

const MIB = 1 << 20;

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

Deno.test("canonicalJson() writes numbers as RFC 8785, appendix B, has them", () => {
  const cases: Record<string, string> = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
  };
  for (const [hex, text] of Object.entries(cases)) {
    const number = new DataView(fromHex(hex)!.buffer).getFloat64(0);
    assert.equal(canonicalJson(number), text, hex);
    const event = { ...EVENT, started_at: number };
    assert.ok(canonicalEvent(event).includes(`"started_at":${text}`), hex);
  }
});

Deno.test("canonicalJson() sorts as RFC 8785, section 3.2.3, has it", () => {
  const value = {
    "\u20ac": 1,
    "\r": 2,
    "\ufb33": 3,
    "1": 4,
    "😀": 5,
    "\u0080": 6,
    "ö": 7,
    x: undefined,
  };
  assert.equal(
    canonicalJson({ b: [value, null, true], a: "\u000f\n/" }),
    '{"a":"\\u000f\\n/","b":[{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3},null,true]}',
  );
});

Deno.test("canonicalJson() refuses what JSON has no value for", () => {
  for (const value of [NaN, Infinity, "\ud83d", { "\udc00": 1 }, [undefined], () => 1, 1n]) {
    assert.throws(() => canonicalJson(value), TypeError);
  }
});

Deno.test("canonicalEvent() and canonicalArtifact() are canonicalJson() over the known fields", () => {
  const event: EventRecord = { ...EVENT, order: 3, truncated: true, cmd_base64: "AA==" };
  const artifact = {
    name: "build.log",
    event: { session_id: "s", seq: 5, node_id: NODE },
    artifact_id: "a",
    created_at: 1.5,
    byte_len: 3,
    blob_hash: "ab".repeat(32),
    media_type: "text/plain",
  };
  assert.equal(canonicalEvent(event), canonicalJson(event));
  assert.equal(canonicalArtifact(artifact), canonicalJson(artifact));
  const local = { ...event, row: 17 };
  assert.equal(canonicalEvent(local), canonicalJson(event));
});

const SEGMENT: SegmentPayload = {
  events: [{ ...EVENT, order: 3, truncated: true, cmd_base64: "AA==" }],
  sessions: [{
    session_id: "s",
    started_at: 1,
    ended_at: 2,
    host: "ada",
    user: "u",
    shell: "zsh",
    tty: "t",
    initial_cwd: "/",
  }],
  artifacts: [{
    artifact_id: "a",
    event: { node_id: NODE, session_id: "s", seq: 1 },
    name: "n",
    blob_hash: "00".repeat(32),
    byte_len: 0,
    media_type: "text/plain",
    created_at: 1,
  }],
  pins: [{ session_id: "s", pinned: true }],
};
const KEYS: TombstonePayload = {
  events: [{ node_id: NODE, session_id: "s", seq: 1 }],
  imports: [{ node_id: NODE, digest: "00".repeat(32), started_at: 1 }],
  reason: "r",
};
const WINDOW: TombstonePayload = { node_id: NODE, start_ts: 1, end_ts: 2, reason: "r" };
const MANIFEST: ManifestPayload = JSON.parse(fromUtf8(BASES.manifest.payload)!);

/** The same value with the fields of every object in the opposite order, and a local one added. */
function disturbed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(disturbed) as T;
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).reverse().map(([name, field]) => [name, disturbed(field)]);
  return Object.fromEntries([...fields, ["local", undefined]]);
}

Deno.test("encodeSegment(), encodeTombstone(), encodeManifest() write one order of fields", () => {
  assert.deepEqual(encodeSegment(disturbed(SEGMENT)), encodeSegment(SEGMENT));
  for (const payload of [KEYS, WINDOW]) {
    assert.deepEqual(encodeTombstone(disturbed(payload)), encodeTombstone(payload));
  }
  assert.deepEqual(encodeManifest(disturbed(MANIFEST)), encodeManifest(MANIFEST));
});

Deno.test("encodeSegment() and encodeTombstone() write nothing that is local to a device", () => {
  const events = [{ ...EVENT, row: 17 }];
  assert.deepEqual(encodeSegment({ events }), encodeSegment({ events: [EVENT] }));
  const window = { ...WINDOW, row: 17 };
  assert.deepEqual(encodeTombstone(window), encodeTombstone(WINDOW));
});

Deno.test("what is encoded is parsed back whole", () => {
  assert.deepEqual(parseSegment(encodeSegment(SEGMENT)), SEGMENT);
  const header = { vault_id: VAULT, node_id: NODE, created_at: "2026-01-01T00:00:00.000Z" };
  const as = header as Parameters<typeof parseTombstone>[1];
  for (const payload of [KEYS, WINDOW]) {
    assert.deepEqual(parseTombstone(encodeTombstone(payload), as), payload);
  }
  assert.deepEqual(parseManifest(encodeManifest(MANIFEST), as), MANIFEST);
});

Deno.test("parseSegment() takes a cmd_base64 of just 1 MiB of bytes and no byte more", () => {
  const segment = (base64: string) => encodeSegment({ events: [{ ...EVENT, cmd_base64: base64 }] });
  for (const size of [MIB, MIB - 1, MIB - 2, 0]) {
    const base64 = new Uint8Array(size).toBase64();
    assert.equal(parseSegment(segment(base64)).events[0]!.cmd_base64, base64);
  }
  for (const size of [MIB + 1, MIB + 2, MIB + 3]) {
    const base64 = new Uint8Array(size).toBase64();
    assert.throws(() => parseSegment(segment(base64)), (error) => isCategory(error, "corrupt"));
  }
});

Deno.test("parseSegment() quotes nothing of a history in its errors", () => {
  const secret = "hunter2";
  const texts = [`{"cmd": ${secret}}`, `{"events":[{"cmd":"${secret}"} ${secret}`, `"${secret}"`];
  const events = [{ ...EVENT, cmd: `${secret}\0`, cwd: secret, session_id: secret }];
  for (const text of [...texts, JSON.stringify({ events })]) {
    assert.throws(() => parseSegment(utf8(text)), (error) => {
      assert.ok(error instanceof HxError);
      assert.ok(!`${error.message} ${error.hint} ${error.cause}`.includes(secret));
      return true;
    });
  }
});

Deno.test("toHex() and fromHex() are inverse; upper case, odd lengths and other digits are refused", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    assert.deepEqual(fromHex(toHex(bytes)), new Uint8Array(bytes));
  }));
  for (const wrong of ["AB", "a", "0g", " 00", "00\n"]) assert.equal(fromHex(wrong), undefined);
});
