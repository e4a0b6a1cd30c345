/**
 * Canonical JSON (RFC 8785) of the records, over the fields that the format knows. JavaScript's own
 * JSON.stringify writes numbers and strings just as that RFC has them (it was made from ECMAScript), so
 * only the order of the fields is left to do.
 */
import type { ArtifactRecord, EventRecord } from "./types.ts";

// Sorted by UTF-16 code units, as RFC 8785 wants.
const EVENT_FIELDS = [
  "cmd",
  "cmd_base64",
  "cwd",
  "duration_ms",
  "ended_at",
  "exit_code",
  "node_id",
  "order",
  "seq",
  "session_id",
  "started_at",
  "truncated",
] as const satisfies readonly (keyof EventRecord)[];

const ARTIFACT_FIELDS = [
  "artifact_id",
  "blob_hash",
  "byte_len",
  "created_at",
  "event",
  "media_type",
  "name",
] as const satisfies readonly (keyof ArtifactRecord)[];

/** Canonical JSON of an event. */
export function canonicalEvent(event: EventRecord): string {
  return JSON.stringify(pick(event, EVENT_FIELDS));
}

/** Canonical JSON of an artifact record. */
export function canonicalArtifact(artifact: ArtifactRecord): string {
  const { event } = artifact;
  return JSON.stringify({
    ...pick(artifact, ARTIFACT_FIELDS),
    ...(event && { event: pick(event, ["node_id", "seq", "session_id"]) }),
  });
}

/** The named fields, in their order; JSON.stringify leaves out what is undefined. */
function pick<T extends object>(record: T, fields: readonly (keyof T)[]): Partial<T> {
  const picked: Partial<T> = {};
  for (const field of fields) {
    if (record[field] !== undefined) picked[field] = record[field];
  }
  return picked;
}
