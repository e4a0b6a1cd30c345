/** Payloads that a holder of the key seals as they should be sealed, and that are wrong inside. */
import { fromUtf8, MAX_JSON_DEPTH, utf8 } from "../lib/format/mod.ts";
import { bomb } from "./mutation_cases.ts";
import type { Bytes } from "./mutation_kit.ts";
import { testEvent, testNode } from "./world.ts";

const MIB = 1 << 20;

/** One payload. */
export interface Inside {
  what: string;
  /** Made of the payload that the object has. */
  payload: (own: Bytes) => Bytes;
  /** What is encrypted, where it is not gzip of the payload. */
  packed?: () => Bytes;
}

/** By kind, what has to be refused, and what has to be taken for what it is. */
export interface Insides {
  refused: Inside[];
  taken: Inside[];
}

type Change = (json: Record<string, unknown>) => unknown;

/** The payload with its JSON changed. */
function json(what: string, change: Change): Inside {
  return { what, payload: (own) => utf8(JSON.stringify(change(JSON.parse(fromUtf8(own)!)))) };
}

/** The payload's JSON with this text put in as its first fields. */
function text(what: string, fields: string): Inside {
  return { what, payload: (own) => utf8(fromUtf8(own)!.replace("{", () => `{${fields},`)) };
}

/** The payload's JSON with a text replaced that `JSON.stringify` would not write. */
function replaced(what: string, from: RegExp, to: string): Inside {
  return { what, payload: (own) => utf8(fromUtf8(own)!.replace(from, () => to)) };
}

function bombOf(bytes: number): Inside {
  return { what: `a bomb of ${bytes} bytes`, payload: (own) => own, packed: () => bomb(bytes) };
}

/** What is refused in any kind of object. */
function anyKind(limit: number): Inside[] {
  const few = Math.min(limit, 8 * MIB) / 2 - 2000;
  return [
    bombOf(limit + 1),
    { what: "nothing", payload: () => new Uint8Array() },
    { what: "no JSON", payload: () => utf8("{") },
    { what: "a list", payload: () => utf8("[]") },
    { what: "no UTF-8", payload: () => Uint8Array.of(0x22, 0xff, 0x22) },
    { what: "a byte order mark", payload: (own) => new Uint8Array([0xef, 0xbb, 0xbf, ...own]) },
    { what: "two payloads", payload: (own) => new Uint8Array([...own, ...own]) },
    { what: "lists that never end", payload: () => utf8("[".repeat(few)) },
    text("lists in lists", `"later":${"[".repeat(few)}${"]".repeat(few)}`),
    text("one level too many", `"later":${nested(MAX_JSON_DEPTH)}`),
  ];
}

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

/** What is taken in any kind of object, as if it were not there. */
const UNKNOWN: Inside[] = [
  text("an unknown field of everything", `"later":["\\u0000","\\ud800",1e400,-0,{"a":null}]`),
  text("an unknown field as deep as may be", `"later":${nested(MAX_JSON_DEPTH - 1)}`),
  text("a __proto__", `"__proto__":{"events":[],"start_ts":1,"end_ts":2,"manifest_seq":9}`),
  text("a toString", `"toString":1,"constructor":{},"hasOwnProperty":null`),
];

/** A segment whose first event has these fields. */
function event(what: string, fields: Record<string, unknown>): Inside {
  return json(what, (own) => {
    const [first, ...rest] = own.events as Record<string, unknown>[];
    return { ...own, events: [{ ...first, ...fields }, ...rest] };
  });
}

const STRINGS: [string, string][] = [
  ["a lone surrogate", "a\ud800b"],
  ["a surrogate pair the wrong way round", "\udc00\ud800"],
  ["U+0000", "a\0b"],
];

/** Every bad string in each of these fields. */
function strings(fields: string[], put: (what: string, field: Record<string, string>) => Inside) {
  return fields.flatMap((field) =>
    STRINGS.map(([what, value]) => put(`${what} in ${field}`, { [field]: value }))
  );
}

export const SEGMENT: Insides = {
  refused: [
    ...anyKind(128 * MIB),
    text("two million empty objects", `"later":[${"{},".repeat(1 << 21)}0]`),
    ...strings(["cmd", "cwd", "session_id", "cmd_base64"], event),
    ...strings(
      ["host", "user", "session_id"],
      (what, field) =>
        json(`${what} of a session`, (own) => ({
          ...own,
          sessions: [{ session_id: "s", started_at: 0, host: "h", ...field }],
        })),
    ),
    ...[2 ** 53, -1, 0.5, "1", null, [1]].map((seq) => event(`seq ${seq}`, { seq })),
    ...[2 ** 53, -(2 ** 53), 1e300, "0", null, true].map((started_at) =>
      event(`started_at ${started_at}`, { started_at })
    ),
    ...[2 ** 53, 1e300, 0.5, "0"].map((exit_code) =>
      event(`exit_code ${exit_code}`, { exit_code })
    ),
    replaced("seq 1e400", /"seq":\d+/, '"seq":1e400'),
    replaced("started_at 1e400", /"started_at":[\d.]+/, '"started_at":1e400'),
    replaced("a seq of 400 digits", /"seq":\d+/, `"seq":${"9".repeat(400)}`),
    event("a node_id in upper case", { node_id: "ABCDEF00-0000-4000-8000-000000000000" }),
    event("a cmd of 1 MiB and a byte", { cmd: "a".repeat(MIB + 1) }),
    json("50,001 events", (own) => ({
      ...own,
      events: Array.from({ length: 50_001 }, (_, n) => testEvent(n)),
    })),
    json(
      "a pin that is no truth value",
      (own) => ({ ...own, pins: [{ session_id: "s", pinned: 1 }] }),
    ),
    json("an artifact of 2^53 bytes", (own) => ({
      ...own,
      artifacts: [{
        artifact_id: "x",
        name: "x",
        blob_hash: "0".repeat(64),
        byte_len: 2 ** 53,
        created_at: 1,
      }],
    })),
  ],
  taken: [
    ...UNKNOWN,
    event("the largest numbers", {
      seq: 2 ** 53 - 1,
      started_at: 2 ** 53 - 1,
      exit_code: -(2 ** 53 - 1),
      duration_ms: -(2 ** 53 - 1),
      ended_at: -(2 ** 53 - 1),
      order: 5e-324,
    }),
    replaced("numbers below zero and no whole ones", /"started_at":[\d.]+/, '"started_at":-0.5'),
    replaced("a seq of -0", /"seq":\d+/, '"seq":-0'),
    event("texts of SQL, control characters and direction marks", {
      cmd: "'; DROP TABLE event; --\u0001\u001b[31m\u202e\ufeff\uffff",
      cwd: "\n",
      session_id: "\ufffd",
    }),
    json("one event over and over", (own) => ({
      ...own,
      events: Array.from({ length: 2000 }, () => (own.events as unknown[])[0]),
    })),
    text("its events twice: the second ones count", '"events":[{"cmd":5}]'),
    json("an artifact of no event that is anywhere", (own) => ({
      ...own,
      artifacts: [{
        artifact_id: "x",
        event: { node_id: testNode(1), session_id: "nowhere", seq: 1 },
        name: "../../etc/passwd",
        blob_hash: "0".repeat(64),
        byte_len: 2 ** 53 - 1,
        created_at: -1,
      }],
    })),
  ],
};

export const TOMBSTONE: Insides = {
  refused: [
    ...anyKind(16 * MIB),
    json("a window and keys", (own) => ({ ...own, start_ts: 1, end_ts: 2, events: [] })),
    json("a window that ends after it was made", () => ({ start_ts: 0, end_ts: 2 ** 40 })),
    json("a window without an end", () => ({ start_ts: 0 })),
    { what: "a window that never ends", payload: () => utf8('{"start_ts":0,"end_ts":1e400}') },
    ...STRINGS.map(([what, reason]) =>
      json(`${what} in its reason`, () => ({ events: [], reason }))
    ),
    json(
      "a key of seq 2^53",
      () => ({ events: [{ node_id: testNode(1), session_id: "s", seq: 2 ** 53 }] }),
    ),
    json("a digest in upper case", () => ({
      events: [],
      imports: [{ node_id: testNode(1), digest: "AB".repeat(32), started_at: 0 }],
    })),
  ],
  taken: [
    ...UNKNOWN.filter(({ what }) => !what.includes("__proto__")),
    json("no key", () => ({ events: [] })),
    json("a window that ends before it starts", () => ({ start_ts: 2, end_ts: 1 })),
    json("the largest numbers", () => ({ start_ts: -(2 ** 53 - 1), end_ts: -(2 ** 53 - 1) })),
    json("a line of a node that nobody knows", () => ({
      events: [{ node_id: testNode(3), session_id: "s", seq: 2 ** 53 - 1 }],
      imports: [{ node_id: testNode(3), digest: "ab".repeat(32), started_at: -(2 ** 53 - 1) }],
    })),
  ],
};

export const MANIFEST: Insides = {
  refused: [
    ...anyKind(64 * MIB),
    json("another node", (own) => ({ ...own, node_id: testNode(1) })),
    json("another vault", (own) => ({ ...own, vault_id: testNode(1) })),
    ...[0, -1, 2 ** 53, 1.5, "1"].map((manifest_seq) =>
      json(`manifest_seq ${manifest_seq}`, (own) => ({ ...own, manifest_seq }))
    ),
    ...[{ start: 1, end: 10_000_001 }, { start: 0, end: 1 }, { start: 3, end: 1 }, { start: 1 }, []]
      .map((segments) =>
        json(`segments ${JSON.stringify(segments)}`, (own) => ({ ...own, segments }))
      ),
    replaced("manifest_seq 1e400", /"manifest_seq":\d+/, '"manifest_seq":1e400'),
    ...STRINGS.map(([what, label]) =>
      json(`${what} in its label`, (own) => ({ ...own, node: { ...own.node as object, label } }))
    ),
    json("observed of no node", (own) => ({ ...own, observed: { ada: 1 } })),
    replaced("observed of __proto__", /"observed":\{/, '"observed":{"__proto__":1,'),
  ],
  taken: UNKNOWN,
};

export const VAULT: Insides = {
  refused: [
    ...anyKind(64 * 1024),
    ...STRINGS.map(([what, name]) => json(`${what} in its name`, (own) => ({ ...own, name }))),
    json("no name", () => ({})),
  ],
  taken: [],
};
