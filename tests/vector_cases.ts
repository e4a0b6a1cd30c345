/** The cases of the test vectors: good objects, and objects that are wrong in one place each. */
import { concatBytes, type ObjectName, segmentId, tombstoneId, utf8 } from "../lib/format/mod.ts";
import { type Craft, CREATED, gzipStored, NODE, OTHER, VAULT } from "./vector_kit.ts";

/** One case. */
export interface Case {
  /** File name without its ending. */
  file: string;
  about: string;
  base: Base;
  payload: Uint8Array<ArrayBuffer>;
  how: Craft;
  good: boolean;
}

/** A kind of object, right in everything. */
export interface Base {
  name: ObjectName;
  fields: Record<string, unknown>;
  payload: Uint8Array<ArrayBuffer>;
}

const json = (value: unknown) => utf8(JSON.stringify(value));
const ids = { vault_id: VAULT, node_id: NODE };

export const EVENT = {
  node_id: NODE,
  session_id: "5a7e",
  seq: 1700000000000001,
  started_at: 1700000000.25,
  ended_at: 1700000001.5,
  duration_ms: 1250,
  exit_code: 0,
  cwd: "/home/ada",
  cmd: "git commit -m 'größer' && ls 😀",
};
const SESSION = { session_id: "5a7e", started_at: 1699999999, host: "ada", shell: "zsh" };
const KEY = { node_id: NODE, session_id: "5a7e", seq: 7 };
const ARTIFACT = {
  artifact_id: "a1",
  event: KEY,
  name: "build.log",
  blob_hash: "00".repeat(32),
  byte_len: 12,
  created_at: 1700000002,
};
const WINDOW = { start_ts: 1600000000, end_ts: 1700000000 };
const MANIFEST = {
  ...ids,
  manifest_seq: 3,
  created_at: CREATED,
  segments: { start: 1, end: 4 },
  tombstones: { start: 1, end: 0 },
  node: { label: "ada", platform: "linux", hx_version: "0.1.0" },
  observed: { [OTHER]: 9 },
  capabilities: { format_version: 0, supports: ["gzip"] },
};
const SLOT = {
  kdf: "PBKDF2-HMAC-SHA-256",
  salt: "ab".repeat(16),
  iterations: 600_000,
  wrapped_key: "cd".repeat(40),
};

const segmentFile = await segmentId(NODE, 1);
const tombstoneFile = await tombstoneId(NODE, 1);

export const BASES = {
  segment: {
    name: { type: "segment", vaultId: VAULT, nodeId: NODE, segmentId: segmentFile },
    fields: { object_type: "segment", ...ids, segment_id: segmentFile },
    payload: json({ events: [EVENT], sessions: [SESSION] }),
  },
  tombstone: {
    name: { type: "tombstone", vaultId: VAULT, tombstoneId: tombstoneFile },
    fields: { object_type: "tombstone", ...ids, tombstone_id: tombstoneFile },
    payload: json({ events: [KEY] }),
  },
  manifest: {
    name: { type: "manifest", vaultId: VAULT, nodeId: NODE },
    fields: { object_type: "manifest", ...ids },
    payload: json(MANIFEST),
  },
  vault: {
    name: { type: "vault", vaultId: VAULT },
    fields: { object_type: "vault", vault_id: VAULT, key_slots: [] },
    payload: json({ name: "history", created_by: NODE }),
  },
} as const satisfies Record<string, Base>;

const cases: Case[] = [];

function add(
  good: boolean,
  file: string,
  about: string,
  base: Base,
  more: Craft & { payload?: unknown },
): void {
  const { payload, ...how } = more;
  const bytes = payload === undefined
    ? base.payload
    : payload instanceof Uint8Array
    ? payload as Uint8Array<ArrayBuffer>
    : json(payload);
  cases.push({ file, about, base, payload: bytes, how, good });
}
const ok = (file: string, about: string, base: Base, more: Craft & { payload?: unknown } = {}) =>
  add(true, `ok-${file}`, about, base, more);
const bad = (file: string, about: string, base: Base, more: Craft & { payload?: unknown }) =>
  add(false, `bad-${file}`, about, base, more);

const { segment, tombstone, manifest, vault } = BASES;
const events = (...list: unknown[]) => ({ events: list });
const long = { events: Array.from({ length: 60 }, (_, i) => ({ ...EVENT, seq: i + 1 })) };
const exact = (() => {
  const text = JSON.stringify(long);
  const size = Math.ceil(text.length / 4096) * 4096;
  return utf8(text + " ".repeat(size - utf8(text).length));
})();

// What is right.
ok("segment", "a segment in one frame", segment);
ok("segment-frames", "several frames of 4 KiB, the last one shorter", segment, { payload: long });
ok("segment-exact", "the payload ends just where a frame ends", segment, { payload: exact });
ok("segment-1mib-frame", "a frame of 1 MiB, as writers make it", segment, { frame: 1 << 20 });
ok("segment-8mib-frame", "the largest frame size", segment, { frame: 8 << 20 });
ok("segment-gzip", "compressed", segment, { compression: "gzip", payload: long });
ok("segment-no-events", "no events at all", segment, { payload: { events: [] } });
ok("segment-unknown-fields", "unknown fields, whatever they hold", segment, {
  payload: { ...events({ ...EVENT, later: { deep: ["\u0000", 1e300] } }), later: null },
});
ok("segment-null-optionals", "optional fields that are null", segment, {
  payload: {
    ...events({
      ...EVENT,
      cwd: null,
      exit_code: null,
      order: null,
      truncated: null,
      cmd_base64: null,
    }),
    sessions: null,
  },
});
ok("segment-undated", "an event without a time", segment, {
  payload: events({ node_id: OTHER, session_id: "f", seq: 0, started_at: 0, cmd: "ls", order: 4 }),
});
ok("segment-base64", "bytes that are no UTF-8", segment, {
  payload: events({ ...EVENT, cmd: "echo \ufffd", cmd_base64: "ZWNobyD/" }),
});
ok("segment-largest-seq", "seq 2^53 - 1", segment, {
  payload: events({ ...EVENT, seq: 2 ** 53 - 1 }),
});
ok("segment-all-records", "sessions, artifacts and pins", segment, {
  payload: {
    events: [],
    sessions: [SESSION],
    artifacts: [ARTIFACT],
    pins: [{ session_id: "5a7e", pinned: true }],
  },
});
ok("segment-other-recorder", "an event that another node recorded", segment, {
  payload: events({ ...EVENT, node_id: OTHER }),
});
ok("tombstone-events", "keys", tombstone);
ok("tombstone-imports", "keys, and lines of a shell's file", tombstone, {
  payload: {
    events: [KEY],
    imports: [{ node_id: OTHER, digest: "ab".repeat(32), started_at: 0 }],
    reason: "x",
  },
});
ok("tombstone-window", "a window of all nodes", tombstone, { payload: WINDOW });
ok("tombstone-window-node", "a window of one node", tombstone, {
  payload: { ...WINDOW, node_id: OTHER },
});
ok("tombstone-window-end", "a window that ends just when it was made", tombstone, {
  payload: { ...WINDOW, end_ts: Date.parse(CREATED) / 1000 },
});
ok("manifest", "a manifest", manifest);
ok("manifest-largest-end", "a cursor that ends at 10,000,000", manifest, {
  payload: { ...MANIFEST, segments: { start: 1, end: 10_000_000 } },
});
ok("vault", "a vault without slots", vault);
ok("vault-slots", "a vault with 8 slots", vault, {
  header: (h) => ({ ...h, key_slots: Array(8).fill(SLOT) }),
});

// Section 3 and 8.2: the header.
const header = (
  file: string,
  about: string,
  change: (h: Record<string, unknown>) => unknown,
  base: Base = segment,
) => bad(`header-${file}`, about, base, { header: change });
const crypto = (file: string, about: string, field: Record<string, unknown>) =>
  header(file, about, (h) => ({ ...h, crypto: { ...h.crypto as object, ...field } }));
header("magic", "another magic", (h) => ({ ...h, magic: "HXOBX" }));
header("version", "version 1", (h) => ({ ...h, version: 1 }));
header("version-text", "a version that is a string", (h) => ({ ...h, version: "0" }));
header("no-type", "no object_type", (h) => ({ ...h, object_type: undefined }));
header("no-time", "no created_at", (h) => ({ ...h, created_at: undefined }));
header(
  "time-seconds",
  "created_at without milliseconds",
  (h) => ({ ...h, created_at: "2026-01-02T03:04:05Z" }),
);
header(
  "time-zone",
  "created_at with an offset",
  (h) => ({ ...h, created_at: "2026-01-02T03:04:05.678+00:00" }),
);
header(
  "time-none",
  "created_at on a day that is none",
  (h) => ({ ...h, created_at: "2026-02-30T03:04:05.678Z" }),
);
header("compression", "an unknown compression", (h) => ({ ...h, compression: "zstd" }));
header(
  "plaintext",
  "no crypto: a plaintext object is no object",
  (h) => ({ ...h, crypto: undefined }),
);
header("plaintext-null", "crypto is null", (h) => ({ ...h, crypto: null }));
header("list", "a header that is a list", () => []);
crypto("enc", "an unknown cipher", { enc: "A128GCM-STREAM" });
crypto("kw", "an unknown key wrap", { kw: "A128KW" });
crypto("frame-small", "a frame below 4 KiB", { frame: 4095 });
crypto("frame-large", "a frame above 8 MiB", { frame: (8 << 20) + 1 });
crypto("frame-float", "a frame that is no integer", { frame: 4096.5 });
crypto("nonce-short", "a nonce of 6 bytes", { nonce: "00".repeat(6) });
crypto("nonce-long", "a nonce of 12 bytes", { nonce: "00".repeat(12) });
crypto("nonce-upper", "a nonce in upper case", { nonce: "AB".repeat(7) });
crypto("wrapped-24", "a wrapped key of 24 bytes, which would be AES-128", {
  wrapped_key: "00".repeat(24),
});
crypto("wrapped-other", "a wrapped key of 40 bytes that does not unwrap", {
  wrapped_key: "00".repeat(40),
});
header("other-type", "the type of another object", (h) => ({ ...h, object_type: "manifest" }));
header("other-vault", "another vault", (h) => ({ ...h, vault_id: OTHER }));
header("other-node", "another node", (h) => ({ ...h, node_id: OTHER }));
header("other-segment", "another segment", (h) => ({ ...h, segment_id: OTHER }));
header("no-segment", "no segment_id", (h) => ({ ...h, segment_id: undefined }));
header("other-tombstone", "another tombstone", (h) => ({ ...h, tombstone_id: OTHER }), tombstone);
header(
  "tombstone-node",
  "a tombstone of another node than the manifest's",
  (h) => ({ ...h, node_id: OTHER }),
  tombstone,
);
header("manifest-node", "a manifest of another node", (h) => ({ ...h, node_id: OTHER }), manifest);
const slot = (file: string, about: string, field: Record<string, unknown>) =>
  header(file, about, (h) => ({ ...h, key_slots: [{ ...SLOT, ...field }] }), vault);
slot("slot-kdf", "a slot with another kdf", { kdf: "scrypt" });
slot("slot-salt", "a slot with a salt of 15 bytes", { salt: "00".repeat(15) });
slot("slot-iterations-low", "a slot with 599,999 iterations", { iterations: 599_999 });
slot("slot-iterations-high", "a slot with 10,000,001 iterations", { iterations: 10_000_001 });
slot("slot-wrapped", "a slot with a wrapped key of 24 bytes", { wrapped_key: "00".repeat(24) });
header("slots-nine", "nine slots", (h) => ({ ...h, key_slots: Array(9).fill(SLOT) }), vault);
header("slots-none", "a vault without key_slots", (h) => ({ ...h, key_slots: undefined }), vault);
bad("length-zero", "a header length of 0", segment, { length: () => 0 });
bad("length-large", "a header length above 64 KiB", segment, { length: () => (64 << 10) + 1 });
bad("length-beyond", "a header length beyond the object", segment, { length: (n) => n + 2000 });
bad("length-short", "a header length one too short", segment, { length: (n) => n - 1 });
bad("header-edited", "white space added to the header: its bytes are authenticated", segment, {
  headerBytesAfter: (bytes) => concatBytes(bytes, utf8(" ")),
});
bad("header-not-utf8", "a header that is not UTF-8", segment, {
  headerBytesAfter: (bytes) => concatBytes(bytes.slice(0, -1), Uint8Array.of(0xff)),
});
bad("empty", "no bytes at all", segment, { object: () => new Uint8Array() });
bad("three-bytes", "three bytes", segment, { object: (bytes) => bytes.slice(0, 3) });

// Section 5: the frames. The payload has several frames of 4 KiB.
const frames = (file: string, about: string, how: Craft) =>
  bad(`frames-${file}`, about, segment, { payload: long, ...how });
frames("cut-one", "the last frame is missing", { sealed: (f) => f.slice(0, -1) });
frames("cut-all", "no frame at all", { sealed: () => [] });
frames("cut-byte", "one byte is missing at the end", { object: (o) => o.slice(0, -1) });
frames("added-byte", "one byte follows the last frame", {
  object: (o) => concatBytes(o, Uint8Array.of(0)),
});
frames("added-frame", "the last frame twice", { sealed: (f) => [...f, f.at(-1)!] });
frames("first-twice", "the first frame twice", { sealed: (f) => [f[0]!, ...f] });
frames("swapped", "two frames in each other's place", {
  sealed: (f) => [f[1]!, f[0]!, ...f.slice(2)],
});
frames("dropped", "a frame in the middle is missing", { sealed: (f) => [f[0]!, ...f.slice(2)] });
frames("tag", "one bit of a tag", { object: (o) => flip(o, o.length - 1) });
frames("body", "one bit of a body", { object: (o) => flip(o, o.length - 2000) });
frames("no-last", "no frame is marked as the last", {
  frames: (f) => f.map((x) => ({ ...x, last: false })),
});
frames("last-early", "the first frame is marked as the last", {
  frames: (f) => f.map((x) => ({ ...x, last: x.index === 0 })),
});
frames("last-ends-early", "a frame that authenticates as last, and more after it", {
  frames: (f) => f.map((x) => ({ ...x, last: x.index >= 1 })),
});
frames("index-off", "frames numbered from 1", {
  frames: (f) => f.map((x) => ({ ...x, index: x.index + 1 })),
});
bad("frames-empty-last", "an empty last frame after data", segment, {
  payload: exact,
  frames: (f) => [
    ...f.map((x) => ({ ...x, last: false })),
    { index: f.length, last: true, plain: new Uint8Array() },
  ],
});
bad("frames-tag-only-short", "a body shorter than a tag", segment, {
  sealed: (f) => [f[0]!.slice(0, 15)],
});

// Section 3: gzip is one member and nothing after it.
const gzip = (
  file: string,
  about: string,
  pack: (p: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
) => bad(`gzip-${file}`, about, segment, { compression: "gzip", pack });
gzip("not", "not gzip at all", (p) => p);
gzip("two", "two members", (p) => concatBytes(gzipStored(p), gzipStored(p)));
gzip(
  "empty-and-one",
  "an empty member before the real one",
  (p) => concatBytes(gzipStored(new Uint8Array()), gzipStored(p)),
);
gzip("trailing", "a byte after the member", (p) => concatBytes(gzipStored(p), Uint8Array.of(0)));
gzip("cut", "the trailer is missing", (p) => gzipStored(p).slice(0, -8));
gzip("cut-data", "the data is cut off", (p) => gzipStored(p).slice(0, -20));
gzip("crc", "a wrong checksum", (p) => flip(gzipStored(p), gzipStored(p).length - 6));
gzip("size", "a wrong size", (p) => flip(gzipStored(p), gzipStored(p).length - 2));

// Section 6: the payloads.
const payload = (file: string, about: string, value: unknown, base: Base = segment) =>
  bad(`payload-${file}`, about, base, { payload: value });
const event = (file: string, about: string, field: Record<string, unknown>) =>
  payload(`event-${file}`, about, events({ ...EVENT, ...field }));
payload("empty", "no payload", new Uint8Array());
payload("not-json", "no JSON", utf8("{events:[]}"));
payload(
  "bom",
  "a byte order mark before the JSON",
  concatBytes(Uint8Array.of(0xef, 0xbb, 0xbf), segment.payload),
);
payload(
  "not-utf8",
  "bytes that are no UTF-8",
  concatBytes(utf8('{"events":[],"x":"'), Uint8Array.of(0xff), utf8('"}')),
);
payload("list", "a list", []);
payload("no-events", "a segment without events", { sessions: [] });
event("node", "a node_id that is no UUID", { node_id: "ada" });
event("node-upper", "a node_id in upper case", { node_id: NODE.toUpperCase() });
event("no-session", "no session_id", { session_id: undefined });
event("seq-text", "a seq that is a string", { seq: "1" });
event("seq-float", "a seq that is no integer", { seq: 1.5 });
event("seq-negative", "a negative seq", { seq: -1 });
event("seq-unsafe", "seq 2^53", { seq: 2 ** 53 });
event("no-time", "no started_at", { started_at: undefined });
event("time-text", "a started_at that is a string", { started_at: "1" });
event("time-unsafe", "a started_at above 2^53", { started_at: 1e16 });
payload(
  "event-time-infinite",
  "a started_at that is infinite",
  utf8(JSON.stringify(events(EVENT)).replace("1700000000.25", "1e999")),
);
event("no-cmd", "no cmd", { cmd: undefined });
event("cmd-nul", "U+0000 in cmd", { cmd: "a\u0000b" });
payload(
  "event-cmd-surrogate",
  "a lone surrogate in cmd",
  utf8(JSON.stringify(events({ ...EVENT, cmd: "X" })).replace('"X"', '"\\ud83d"')),
);
event("cwd-long", "a cwd of more than 16 KiB of UTF-8", { cwd: "/" + "ä".repeat(8192) });
event("exit-text", "an exit_code that is a string", { exit_code: "0" });
event("duration-text", "a duration_ms that is a string", { duration_ms: "5" });
event("order-bool", "an order that is true", { order: true });
event("truncated-number", "a truncated that is 1", { truncated: 1 });
event("base64", "a cmd_base64 that is none", { cmd_base64: "a" });
event("base64-url", "a cmd_base64 of the other alphabet", { cmd_base64: "ab-_" });
payload("session-host", "a session without host", {
  events: [],
  sessions: [{ ...SESSION, host: undefined }],
});
payload("artifact-hash", "an artifact with a short hash", {
  events: [],
  artifacts: [{ ...ARTIFACT, blob_hash: "00" }],
});
payload("artifact-length", "an artifact with a negative length", {
  events: [],
  artifacts: [{ ...ARTIFACT, byte_len: -1 }],
});
payload("pin-number", "a pin that is 1", { events: [], pins: [{ session_id: "5a7e", pinned: 1 }] });
payload("tombstone-neither", "a tombstone of neither kind", {}, tombstone);
payload("tombstone-both", "a tombstone of both kinds", { ...WINDOW, events: [KEY] }, tombstone);
payload("window-no-end", "a window without end", { start_ts: 1 }, tombstone);
payload("window-future", "a window that ends after it was made", {
  ...WINDOW,
  end_ts: Date.parse(CREATED) / 1000 + 0.5,
}, tombstone);
payload("tombstone-seq", "a key without seq", { events: [{ ...KEY, seq: undefined }] }, tombstone);
payload("tombstone-digest", "a digest of 31 bytes", {
  events: [],
  imports: [{ node_id: OTHER, digest: "ab".repeat(31), started_at: 0 }],
}, tombstone);
const said = (file: string, about: string, field: Record<string, unknown>) =>
  payload(`manifest-${file}`, about, { ...MANIFEST, ...field }, manifest);
said("node", "the node inside is another", { node_id: OTHER });
said("vault", "the vault inside is another", { vault_id: OTHER });
said("seq-zero", "manifest_seq 0", { manifest_seq: 0 });
said("cursor-start", "a cursor that starts at 0", { segments: { start: 0, end: 4 } });
said("cursor-end", "a cursor that ends at 10,000,001", { segments: { start: 1, end: 10_000_001 } });
said("cursor-order", "a cursor that ends before its start, and not just before", {
  segments: { start: 4, end: 1 },
});
said("no-cursor", "no tombstones", { tombstones: undefined });
said("observed", "an observed number that is a string", { observed: { [OTHER]: "9" } });
said("observed-node", "an observed node that is none", { observed: { ada: 9 } });
said("no-node", "no node", { node: undefined });
payload("vault-name", "a vault without name", { created_by: NODE }, vault);

function flip(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  copy[at]! ^= 1;
  return copy;
}

/** All cases, each with a name of its own. */
export const CASES: readonly Case[] = cases;
