/** The payload of a segment (section 6). */
import {
  boolean,
  hash,
  integer,
  type Json,
  list,
  nonEmpty,
  number,
  object,
  optional,
  parseJson,
  string,
  stringProblem,
  uuid,
} from "./check.ts";
import { corrupt } from "./corrupt.ts";
import { MAX_CMD_BYTES, MAX_EVENTS, MAX_STRING_BYTES } from "./limits.ts";
import type {
  ArtifactRecord,
  EventKey,
  EventRecord,
  PinRecord,
  SegmentPayload,
  SessionRecord,
} from "./types.ts";
import { isUuid } from "./uuid.ts";

/**
 * Reads the payload of a segment.
 *
 * @throws {HxError} `corrupt`
 */
export function parseSegment(bytes: Uint8Array, what = "segment"): SegmentPayload {
  const json = parseJson(bytes, what);
  const events = list(json.events, `${what}: events`);
  if (events.length > MAX_EVENTS) throw corrupt(what, `it holds ${events.length} events`);
  const payload: SegmentPayload = {
    events: events.map((event, i) => parseEvent(event, `${what}: event ${i}`)),
  };
  const sessions = records(json.sessions, `${what}: session`, parseSession);
  const artifacts = records(json.artifacts, `${what}: artifact`, parseArtifact);
  const pins = records(json.pins, `${what}: pin`, parsePin);
  if (sessions) payload.sessions = sessions;
  if (artifacts) payload.artifacts = artifacts;
  if (pins) payload.pins = pins;
  return payload;
}

function records<T>(
  value: unknown,
  what: string,
  parse: (value: unknown, what: string) => T,
): T[] | undefined {
  return optional(value, what, list)?.map((entry, i) => parse(entry, `${what} ${i}`));
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Events are checked by hand and not through the helpers: a pull checks millions of them, and this
 * makes no text for the error of a field that is right.
 */
function parseEvent(value: unknown, what: string): EventRecord {
  const json = object(value, what);
  const { node_id, session_id, seq, started_at, cmd } = json;
  if (typeof node_id !== "string" || !isUuid(node_id)) throw corrupt(what, "node_id is no UUID");
  requireString(session_id, MAX_STRING_BYTES, what, "session_id");
  if (session_id === "") throw corrupt(what, "session_id is empty");
  if (!Number.isSafeInteger(seq) || (seq as number) < 0) {
    throw corrupt(what, "seq is no integer below 2^53");
  }
  requireNumber(started_at, what, "started_at");
  requireString(cmd, MAX_CMD_BYTES, what, "cmd");
  const event: EventRecord = { node_id, session_id, seq: seq as number, started_at, cmd };
  for (const field of EVENT_NUMBERS) {
    const found = json[field];
    if (found === undefined || found === null) continue;
    requireNumber(found, what, field);
    event[field] = found;
  }
  if (json.exit_code !== undefined && json.exit_code !== null) {
    if (!Number.isSafeInteger(json.exit_code)) throw corrupt(what, "exit_code is no integer");
    event.exit_code = json.exit_code as number;
  }
  if (json.cwd !== undefined && json.cwd !== null) {
    requireString(json.cwd, MAX_STRING_BYTES, what, "cwd");
    event.cwd = json.cwd;
  }
  if (json.truncated !== undefined && json.truncated !== null) {
    event.truncated = boolean(json.truncated, `${what}: truncated`);
  }
  if (json.cmd_base64 !== undefined && json.cmd_base64 !== null) {
    event.cmd_base64 = parseBase64(json.cmd_base64, what);
  }
  return event;
}

const EVENT_NUMBERS = ["ended_at", "duration_ms", "order"] as const;

function requireString(
  value: unknown,
  maxBytes: number,
  what: string,
  field: string,
): asserts value is string {
  const problem = typeof value === "string" ? stringProblem(value, maxBytes) : "it is not a string";
  if (problem) throw corrupt(`${what}: ${field}`, problem);
}

function requireNumber(value: unknown, what: string, field: string): asserts value is number {
  if (typeof value !== "number" || !(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) {
    throw corrupt(`${what}: ${field}`, "it is not a safe number");
  }
}

function parseBase64(value: unknown, what: string): string {
  if (
    typeof value !== "string" || base64Bytes(value) > MAX_CMD_BYTES || !BASE64.test(value)
  ) {
    throw corrupt(`${what}: cmd_base64`, "it is not base64 of at most 1 MiB");
  }
  return value;
}

/** Bytes that base64 with its padding stands for. */
function base64Bytes(text: string): number {
  return text.length / 4 * 3 - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
}

/** Reads the key of an event. */
export function parseEventKey(value: unknown, what: string): EventKey {
  const json = object(value, what);
  return {
    node_id: uuid(json.node_id, `${what}: node_id`),
    session_id: nonEmpty(json.session_id, `${what}: session_id`),
    seq: integer(json.seq, `${what}: seq`, 0, Number.MAX_SAFE_INTEGER),
  };
}

function parseSession(value: unknown, what: string): SessionRecord {
  const json = object(value, what);
  const session: SessionRecord = {
    session_id: nonEmpty(json.session_id, `${what}: session_id`),
    started_at: number(json.started_at, `${what}: started_at`),
    host: string(json.host, `${what}: host`),
  };
  const ended = optional(json.ended_at, `${what}: ended_at`, number);
  if (ended !== undefined) session.ended_at = ended;
  for (const field of ["user", "shell", "tty", "initial_cwd"] as const) {
    setString(session, json, field, what);
  }
  return session;
}

function parseArtifact(value: unknown, what: string): ArtifactRecord {
  const json = object(value, what);
  const artifact: ArtifactRecord = {
    artifact_id: nonEmpty(json.artifact_id, `${what}: artifact_id`),
    name: string(json.name, `${what}: name`),
    blob_hash: hash(json.blob_hash, `${what}: blob_hash`),
    byte_len: integer(json.byte_len, `${what}: byte_len`, 0, Number.MAX_SAFE_INTEGER),
    created_at: number(json.created_at, `${what}: created_at`),
  };
  const event = optional(json.event, `${what}: event`, parseEventKey);
  if (event) artifact.event = event;
  setString(artifact, json, "media_type", what);
  return artifact;
}

function parsePin(value: unknown, what: string): PinRecord {
  const json = object(value, what);
  return {
    session_id: nonEmpty(json.session_id, `${what}: session_id`),
    pinned: boolean(json.pinned, `${what}: pinned`),
  };
}

function setString<K extends string>(
  record: { [field in K]?: string },
  json: Json,
  field: K,
  what: string,
): void {
  const text = optional(json[field], `${what}: ${field}`, string);
  if (text !== undefined) record[field] = text;
}
