/** Right objects of each kind, from which the cases of the test vectors are made. */
import { blobId, sha256Hex } from "../../lib/crypto/mod.ts";
import { type ObjectName, segmentId, tombstoneId, utf8 } from "../../lib/format/mod.ts";
import {
  type Craft,
  CREATED,
  type Failure,
  NODE,
  OTHER,
  VAULT,
  vectorKeys,
} from "../vector_kit.ts";

/** One case. */
export interface Case {
  /** File name without its ending. */
  file: string;
  about: string;
  base: Base;
  payload: Uint8Array<ArrayBuffer>;
  how: Craft;
  /** Of a blob. */
  maxPlain?: number;
  /** What it fails with; undefined where it opens. */
  fails?: Failure;
}

/** A kind of object, right in everything. */
export interface Base {
  name: ObjectName;
  fields: Record<string, unknown>;
  payload: Uint8Array<ArrayBuffer>;
}

export const json = (value: unknown): Uint8Array<ArrayBuffer> => utf8(JSON.stringify(value));
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
export const SESSION = { session_id: "5a7e", started_at: 1699999999, host: "ada", shell: "zsh" };
export const KEY = { node_id: NODE, session_id: "5a7e", seq: 7 };
export const ARTIFACT = {
  artifact_id: "a1",
  event: KEY,
  name: "build.log",
  blob_hash: "00".repeat(32),
  byte_len: 12,
  created_at: 1700000002,
};
export const WINDOW = { start_ts: 1600000000, end_ts: 1700000000 };
export const MANIFEST = {
  ...ids,
  manifest_seq: 3,
  created_at: CREATED,
  segments: { start: 1, end: 4 },
  tombstones: { start: 1, end: 0 },
  node: { label: "ada", platform: "linux", hx_version: "0.1.0" },
  observed: { [OTHER]: 9 },
  capabilities: { format_version: 0, supports: ["gzip"] },
};
export const SLOT = {
  kdf: "PBKDF2-HMAC-SHA-256",
  salt: "ab".repeat(16),
  iterations: 600_000,
  wrapped_key: "cd".repeat(40),
};

export const content = utf8("all 12 tests passed\n");
const keys = await vectorKeys();
/** The kind of blob that holds this. */
export async function blobOf(payload: Uint8Array<ArrayBuffer>): Promise<Base> {
  const id = await blobId(keys, await sha256Hex(payload));
  return {
    name: { type: "blob", vaultId: VAULT, blobId: id },
    fields: { object_type: "blob", vault_id: VAULT, blob_id: id },
    payload,
  };
}
export const blob = await blobOf(content);

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

/** Every case, in the order in which the files below add them. */
export const cases: Case[] = [];

export type More = Craft & { payload?: unknown; maxPlain?: number };

export function add(
  fails: Failure | undefined,
  file: string,
  about: string,
  base: Base,
  more: More,
): void {
  const { payload, maxPlain = base.payload.length, ...how } = more;
  const bytes = payload === undefined
    ? base.payload
    : payload instanceof Uint8Array
    ? payload as Uint8Array<ArrayBuffer>
    : json(payload);
  const limit = base.name.type === "blob" ? { maxPlain } : {};
  cases.push({ file, about, base, payload: bytes, how, fails, ...limit });
}
export const ok = (file: string, about: string, base: Base, more: More = {}): void =>
  add(undefined, `ok-${file}`, about, base, more);
export const bad = (file: string, about: string, base: Base, more: More): void =>
  add("corrupt", `bad-${file}`, about, base, more);

export const { segment, tombstone, manifest, vault } = BASES;
export const events = (...list: unknown[]): { events: unknown[] } => ({ events: list });
export const long = { events: Array.from({ length: 60 }, (_, i) => ({ ...EVENT, seq: i + 1 })) };
export const exact = (() => {
  const text = JSON.stringify(long);
  const size = Math.ceil(text.length / 4096) * 4096;
  return utf8(text + " ".repeat(size - utf8(text).length));
})();
