/**
 * Payloads as bytes (section 6): fields in one order whatever order the caller's have, and none but
 * those that the format knows, so that nothing local slips into an object.
 */
import { utf8 } from "./bytes.ts";
import { pick } from "./pick.ts";
import type {
  ArtifactRecord,
  EventKey,
  EventRecord,
  ForgottenImport,
  ManifestPayload,
  PinRecord,
  SegmentPayload,
  SessionRecord,
  TombstonePayload,
  VaultPayload,
} from "./types.ts";

/** All fields of a record: one that is forgotten, or is none of the record's, does not compile. */
function fieldsOf<T>() {
  return <const F extends readonly (keyof T)[]>(
    ...fields: [keyof T] extends [F[number]] ? F : never
  ): readonly (keyof T)[] => fields;
}

const KEY = fieldsOf<EventKey>()("node_id", "session_id", "seq");
const EVENT = fieldsOf<EventRecord>()(
  "node_id",
  "session_id",
  "seq",
  "started_at",
  "ended_at",
  "duration_ms",
  "exit_code",
  "cwd",
  "cmd",
  "order",
  "truncated",
  "cmd_base64",
);
const SESSION = fieldsOf<SessionRecord>()(
  "session_id",
  "started_at",
  "ended_at",
  "host",
  "user",
  "shell",
  "tty",
  "initial_cwd",
);
const ARTIFACT = fieldsOf<ArtifactRecord>()(
  "artifact_id",
  "event",
  "name",
  "blob_hash",
  "byte_len",
  "media_type",
  "created_at",
);
const PIN = fieldsOf<PinRecord>()("session_id", "pinned");
const FORGOTTEN = fieldsOf<ForgottenImport>()("node_id", "digest", "started_at");

/** The bytes of a segment's payload. */
export function encodeSegment(payload: SegmentPayload): Uint8Array<ArrayBuffer> {
  const { events, sessions, artifacts, pins } = payload;
  return json({
    events: events.map((event) => pick(event, EVENT)),
    sessions: sessions?.map((session) => pick(session, SESSION)),
    artifacts: artifacts?.map(artifactOf),
    pins: pins?.map((pin) => pick(pin, PIN)),
  });
}

function artifactOf(artifact: ArtifactRecord): Partial<ArtifactRecord> {
  const picked = pick(artifact, ARTIFACT);
  if (artifact.event) picked.event = pick(artifact.event, KEY) as EventKey;
  return picked;
}

/** The bytes of a tombstone's payload. */
export function encodeTombstone(payload: TombstonePayload): Uint8Array<ArrayBuffer> {
  if (!("events" in payload)) {
    const { node_id, start_ts, end_ts, reason } = payload;
    return json({ node_id, start_ts, end_ts, reason });
  }
  const { events, imports, reason } = payload;
  return json({
    events: events.map((key) => pick(key, KEY)),
    imports: imports?.map((line) => pick(line, FORGOTTEN)),
    reason,
  });
}

/** The bytes of a manifest's payload. */
export function encodeManifest(payload: ManifestPayload): Uint8Array<ArrayBuffer> {
  const { vault_id, node_id, manifest_seq, created_at, segments, tombstones } = payload;
  const { node, observed, capabilities } = payload;
  return json({
    vault_id,
    node_id,
    manifest_seq,
    created_at,
    segments: { start: segments.start, end: segments.end },
    tombstones: { start: tombstones.start, end: tombstones.end },
    node: { label: node.label, platform: node.platform, hx_version: node.hx_version },
    observed: Object.fromEntries(Object.entries(observed).sort(([a], [b]) => a < b ? -1 : 1)),
    capabilities: {
      format_version: capabilities.format_version,
      supports: capabilities.supports,
    },
  });
}

/** The bytes of a vault's payload. */
export function encodeVault(payload: VaultPayload): Uint8Array<ArrayBuffer> {
  const { name, created_by, moved_from, forget_key } = payload;
  return json({ name, created_by, moved_from, forget_key });
}

function json(value: unknown): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify(value));
}
