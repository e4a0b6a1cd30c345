/** Vectors of bodies that are wrong in one place: frames, gzip, limits, blobs (sections 5, 7, 8). */
import { concatBytes, utf8 } from "../../lib/format/mod.ts";
import { gzipRun, gzipStored, headerSum, type Run, runBytes } from "../gzip_kit.ts";
import { type Craft, NODE } from "../vector_kit.ts";
import {
  add,
  bad,
  type Base,
  blob,
  content,
  EVENT,
  events,
  exact,
  long,
  ok,
  segment,
  vault,
} from "./bases.ts";

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
gzip(
  "header-sum",
  "a wrong checksum of the gzip header",
  (p) => gzipStored(p, 2, headerSum(gzipStored(p, 2).slice(0, 10)).map((byte) => byte ^ 1)),
);
gzip("reserved", "a reserved flag of the gzip header", (p) => gzipStored(p, 0x20));
gzip("size", "a wrong size", (p) => flip(gzipStored(p), gzipStored(p).length - 2));

// Section 7: the limits.
const spaces = (size: number) => ({
  head: vault.payload,
  unit: utf8(" "),
  times: size - vault.payload.length,
  tail: new Uint8Array(),
});
const run = (file: string, about: string, base: Base, what: Run) =>
  bad(file, about, base, { compression: "gzip", pack: () => gzipRun(what) });
bad("limit-stored", "a vault of more than 64 KiB as stored", vault, {
  payload: runBytes(spaces(65_300)),
});
run("limit-plain", "a vault of 64 KiB and a byte, decompressed", vault, spaces(65_537));
run("limit-bomb", "a vault of 4 MiB, decompressed", vault, spaces(4 << 20));
run("limit-events", "50,001 events", segment, {
  head: utf8('{"events":['),
  unit: utf8(`{"node_id":"${NODE}","session_id":"s","seq":1,"started_at":1,"cmd":""},`),
  times: 50_000,
  tail: utf8(`{"node_id":"${NODE}","session_id":"s","seq":1,"started_at":1,"cmd":""}]}`),
});
const longField = (field: string, unit: string, times: number, end = "") => ({
  head: utf8(
    JSON.stringify(events({ ...EVENT, [field]: undefined })).replace(/\}\]\}$/, `,"${field}":"`),
  ),
  unit: utf8(unit),
  times,
  tail: utf8(`${end}"}]}`),
});
run("limit-cmd", "a cmd of 1 MiB and a byte", segment, longField("cmd", "a", (1 << 20) + 1));
run(
  "limit-cmd-base64",
  "a cmd_base64 of 1 MiB and a byte",
  segment,
  longField("cmd_base64", "A", 1_398_103, "="),
);
const nested = (depth: number) => ({
  head: utf8('{"events":[],"later":'),
  unit: utf8("["),
  times: depth - 1,
  tail: utf8("]".repeat(depth - 1) + "}"),
});
ok("segment-deep", "an unknown field that nests, 1,000 deep with the payload", segment, {
  payload: runBytes(nested(1000)),
});
run(
  "limit-depth",
  "an unknown field that nests, 1,001 deep with the payload",
  segment,
  nested(1001),
);
run("limit-values", "2,000,001 commas, lists and objects", segment, {
  head: utf8('{"events":[],"later":['),
  unit: utf8("0,"),
  times: 1_999_997,
  tail: utf8("0]}"),
});
bad("limit-blob", "a blob that is longer than its record says", blob, {
  maxPlain: content.length - 1,
});
bad("limit-blob-gzip", "a compressed blob that is longer than its record says", blob, {
  compression: "gzip",
  maxPlain: content.length - 1,
});

// Section 8, step 5: a blob is what its name says.
add("hash-mismatch", "bad-blob-content", "a blob of other content", blob, {
  payload: utf8("all 12 tests failed\n"),
});
add("hash-mismatch", "bad-blob-content-gzip", "a compressed blob of other content", blob, {
  payload: utf8("all 12 tests failed\n"),
  compression: "gzip",
});

function flip(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  copy[at]! ^= 1;
  return copy;
}
