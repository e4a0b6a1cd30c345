/** Vectors of what is right. */
import { gzipStored, headerSum } from "../gzip_kit.ts";
import { CREATED, NODE, OTHER, VAULT } from "../vector_kit.ts";
import {
  ARTIFACT,
  blob,
  blobOf,
  EVENT,
  events,
  exact,
  KEY,
  long,
  MANIFEST,
  manifest,
  ok,
  segment,
  SESSION,
  SLOT,
  tombstone,
  vault,
  WINDOW,
} from "./bases.ts";

ok("segment", "a segment in one frame", segment);
ok("segment-frames", "several frames of 4 KiB, the last one shorter", segment, { payload: long });
ok("segment-exact", "the payload ends just where a frame ends", segment, { payload: exact });
ok("segment-1mib-frame", "a frame of 1 MiB, as writers make it", segment, { frame: 1 << 20 });
ok("segment-8mib-frame", "the largest frame size", segment, { frame: 8 << 20 });
ok("segment-gzip", "compressed", segment, { compression: "gzip", payload: long });
ok("segment-no-events", "no events at all", segment, { payload: { events: [] } });
ok("segment-unknown-fields", "unknown fields, whatever they hold", segment, {
  payload: { ...events({ ...EVENT, later: { deep: ["\u0000\ud83d", 1e300] } }), later: null },
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
ok("segment-header-unknown-fields", "fields in the header that are not known", segment, {
  header: (h) => ({ ...h, later: { deep: [null] } }),
});
ok("segment-gzip-name", "gzip with a file name and a checksum of its header", segment, {
  compression: "gzip",
  pack: (p) =>
    gzipStored(p, 2 | 8, [97, 0, ...headerSum(gzipStored(p, 2 | 8, [97, 0]).slice(0, 12))]),
});
ok("tombstone-events", "keys", tombstone);
ok("tombstone-null-kind", "a window whose events are null", tombstone, {
  payload: { ...WINDOW, events: null, imports: null, node_id: null, reason: null },
});
ok("tombstone-no-events", "no key at all", tombstone, { payload: { events: [] } });
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
ok("manifest-none", "nothing published yet", manifest, {
  payload: { ...MANIFEST, segments: { start: 1, end: 0 }, observed: {} },
});
ok("manifest-start-late", "a cursor whose start is one behind its end", manifest, {
  payload: { ...MANIFEST, segments: { start: 10_000_001, end: 10_000_000 } },
});
ok("manifest-unknown-fields", "fields that are not known", manifest, {
  payload: { ...MANIFEST, later: [1e300], node: { ...MANIFEST.node, later: "\u0000" } },
});
ok("blob", "a blob", blob);
ok("blob-empty", "a blob without content: one empty frame", await blobOf(new Uint8Array()));
ok(
  "blob-frames",
  "a blob that ends just where its third frame ends",
  await blobOf(
    Uint8Array.from({ length: 3 * 4096 }, (_, i) => (i * 7) & 255),
  ),
);
ok("blob-gzip", "a compressed blob", blob, { compression: "gzip" });
ok("blob-gzip-empty", "a compressed blob without content", await blobOf(new Uint8Array()), {
  compression: "gzip",
});
ok("vault", "a vault without slots", vault);
ok("vault-moved", "a vault that goes on from two others", vault, {
  payload: {
    name: "history",
    created_by: NODE,
    moved_from: [OTHER, VAULT],
    forget_key: "ab".repeat(32),
  },
});
ok("vault-slots", "a vault with 8 slots", vault, {
  header: (h) => ({ ...h, key_slots: Array(8).fill(SLOT) }),
});
