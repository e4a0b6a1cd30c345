/**
 * Canonical JSON (RFC 8785) of the records, over the fields that the format knows. JavaScript's own
 * JSON.stringify writes numbers and strings just as that RFC has them (it was made from ECMAScript), so
 * only the order of the fields is left to do.
 */
import { pick } from "./pick.ts";
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

/**
 * Canonical JSON of any value: objects with their fields sorted by UTF-16 code units, no white space.
 * Fields that are undefined are left out.
 *
 * @throws {TypeError} where JSON has no such value: a number that is not finite, a lone surrogate,
 * something that is neither null, boolean, number, string, list nor object
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value === "string" && value.isWellFormed()) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object") throw new TypeError("JSON has no such value");
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, field]) => `${canonicalJson(name)}:${canonicalJson(field)}`);
  return `{${fields.join(",")}}`;
}
