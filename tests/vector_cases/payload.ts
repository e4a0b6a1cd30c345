/** Vectors of payloads that are wrong in one place (section 6). */
import { concatBytes, utf8 } from "../../lib/format/mod.ts";
import { CREATED, NODE, OTHER } from "../vector_kit.ts";
import {
  ARTIFACT,
  bad,
  type Base,
  EVENT,
  events,
  KEY,
  MANIFEST,
  manifest,
  segment,
  SESSION,
  tombstone,
  vault,
  WINDOW,
} from "./bases.ts";

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
payload(
  "event-cwd-surrogate",
  "a lone low surrogate in cwd",
  utf8(JSON.stringify(events({ ...EVENT, cwd: "X" })).replace('"X"', '"\\udc00a"')),
);
event("session-empty", "a session_id that is empty", { session_id: "" });
event("session-long", "a session_id of 16 KiB and a byte", { session_id: "s".repeat(16_385) });
event("ended-unsafe", "an ended_at beyond 2^53", { ended_at: -1e16 });
event("exit-float", "an exit_code that is no integer", { exit_code: 0.5 });
payload("event-list", "an event that is a list", events([]));
payload("events-object", "events that are an object", { events: {} });
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
payload("session-nul", "U+0000 in a host", {
  events: [],
  sessions: [{ ...SESSION, host: "a\u0000" }],
});
payload("artifact-event", "an artifact whose event has no seq", {
  events: [],
  artifacts: [{ ...ARTIFACT, event: { ...KEY, seq: undefined } }],
});
payload("artifact-hash-upper", "an artifact with a hash in upper case", {
  events: [],
  artifacts: [{ ...ARTIFACT, blob_hash: "AB".repeat(32) }],
});
payload("tombstone-imports-alone", "imports without events", { imports: [] }, tombstone);
payload("window-no-start", "a window without start", { end_ts: 1 }, tombstone);
payload("window-node", "a window of a node that is none", { ...WINDOW, node_id: "ada" }, tombstone);
payload("window-text", "a window that starts at a string", { ...WINDOW, start_ts: "1" }, tombstone);
payload(
  "window-reason-long",
  "a reason of 16 KiB and a byte",
  { ...WINDOW, reason: "r".repeat(16_385) },
  tombstone,
);
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
said("cursor-float", "a cursor that ends between two numbers", {
  segments: { start: 1, end: 4.5 },
});
said("seq-float", "a manifest_seq that is no integer", { manifest_seq: 1.5 });
said("label-nul", "U+0000 in a label", { node: { ...MANIFEST.node, label: "a\u0000" } });
said("supports", "supports that is a string", {
  capabilities: { format_version: 0, supports: "gzip" },
});
said("observed-zero", "an observed number 0", { observed: { [OTHER]: 0 } });
said("no-cursor", "no tombstones", { tombstones: undefined });
said("observed", "an observed number that is a string", { observed: { [OTHER]: "9" } });
said("observed-node", "an observed node that is none", { observed: { ada: 9 } });
said("no-node", "no node", { node: undefined });
payload("vault-name", "a vault without name", { created_by: NODE }, vault);
const moved = (file: string, about: string, field: Record<string, unknown>) =>
  payload(`vault-${file}`, about, { name: "history", created_by: NODE, ...field }, vault);
moved("moved-text", "a vault that goes on from no list", { moved_from: OTHER });
moved("moved-uuid", "a vault that goes on from no UUID", { moved_from: [OTHER, "ada"] });
moved("forget-short", "a forget_key of 31 bytes", { forget_key: "ab".repeat(31) });
moved("forget-upper", "a forget_key in upper case", { forget_key: "AB".repeat(32) });
