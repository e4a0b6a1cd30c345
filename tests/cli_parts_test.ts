/** The small parts of the command line: times, tables, text, export formats, status, progress. */
import assert from "node:assert/strict";
import { EXPORT_FORMATS } from "../lib/commands/export_formats.ts";
import { statusLines } from "../lib/commands/status.ts";
import { summaryLine } from "../lib/commands/summary.ts";
import { parseTime } from "../lib/commands/time.ts";
import { isCategory } from "../lib/errors.ts";
import type { ExportRow } from "../lib/db/mod.ts";
import type { RunReport, SyncStatus } from "../lib/sync/mod.ts";
import { Progress } from "../lib/ui/progress.ts";
import { styleFor } from "../lib/ui/style.ts";
import { table } from "../lib/ui/table.ts";
import { bytes, counted, duration, localTime, printable } from "../lib/ui/text.ts";

const NOW = Date.UTC(2026, 0, 31, 12, 0, 0);

Deno.test("parseTime() takes so long ago, Unix seconds and ISO times with a zone", () => {
  const now = NOW / 1000;
  const cases: [string, number][] = [
    ["15m", now - 900],
    ["2h", now - 7200],
    ["3d", now - 259_200],
    ["1w", now - 604_800],
    ["90S", now - 90],
    ["1.5h", now - 5400],
    ["999999999w", 0],
    ["1700000000", 1_700_000_000],
    ["1700000000.25", 1_700_000_000.25],
    ["2026-01-31T09:00:00Z", now - 10_800],
    ["2026-01-31T09:00+01:00", now - 14_400],
    ["2026-01-31 09:00:00.5 -0200", now - 3599.5],
    [" 2026-01-31T12:00Z ", now],
  ];
  for (const [text, expected] of cases) assert.equal(parseTime(text, NOW), expected, text);
});

Deno.test("parseTime() takes dates and times without a zone as local", () => {
  assert.equal(parseTime("2026-01-31", NOW), new Date(2026, 0, 31).getTime() / 1000);
  assert.equal(parseTime("2026-07-01T09:30", NOW), new Date(2026, 6, 1, 9, 30).getTime() / 1000);
});

Deno.test("parseTime() refuses what could be meant otherwise", () => {
  const texts = ["", "2026", "15", "m", "15x", "15 m", "-15m", "2026-1-1", "2026-02-30", "1e9"];
  for (const text of [...texts, "2026-13-01", "2026-01-31T25:00Z", "yesterday", "12:00"]) {
    assert.throws(() => parseTime(text, NOW), (error) => isCategory(error, "usage"), text);
  }
});

Deno.test("table() aligns columns, counts wide letters twice and colours not at all", () => {
  const { bold } = styleFor(true);
  assert.deepEqual(
    table([["a", "1", "x"], [bold("bcd"), "22", ""], ["日本", "333", "y"]], ["left", "right"]),
    ["a       1  x", `${bold("bcd")}    22`, "日本  333  y"],
  );
  assert.deepEqual(table([]), []);
});

Deno.test("printable() leaves nothing that moves a terminal or turns its text around", () => {
  assert.equal(printable("a\x1b[31m\n\tb\u202ec\x9b"), "a\\u{1b}[31m↵\\tb\\u{202e}c\\u{9b}");
  assert.equal(printable("naïve 日本 👍"), "naïve 日本 👍");
  assert.equal(printable("abcdef", 3), "abc…");
  assert.equal(printable("👍👍👍", 3), "👍👍👍");
});

Deno.test("numbers, sizes and times are written as people read them", () => {
  assert.equal(counted(1, "event"), "1 event");
  assert.equal(counted(1204, "event"), "1,204 events");
  assert.deepEqual([0, 1023, 1536, 5 * 1024 ** 3].map(bytes), [
    "0 B",
    "1023 B",
    "1.5 KiB",
    "5.0 GiB",
  ]);
  assert.deepEqual([12.4, 1234, 185_000].map(duration), ["12 ms", "1.2 s", "3 min 5 s"]);
  assert.equal(localTime(new Date(2026, 0, 2, 3, 4, 5).getTime()), "2026-01-02 03:04:05");
  assert.equal(localTime(undefined), "-");
  assert.equal(localTime(Infinity), "-");
});

const ROW: ExportRow = {
  node_id: "n",
  session_id: "s",
  seq: 1,
  started_at: 0,
  ended_at: null,
  duration_ms: null,
  exit_code: 0,
  cwd: "/a|b",
  cmd: 'echo "`x`", y\nz',
  host: null,
  user: null,
  shell: null,
  pinned: true,
};

Deno.test("export formats quote what would break them", () => {
  assert.equal(EXPORT_FORMATS.csv.line(ROW), 'n,s,1,0,,,0,/a|b,"echo ""`x`"", y\nz",,,,true\n');
  assert.equal(
    EXPORT_FORMATS.md.line(ROW),
    '|  |  | `/a\\|b` | 0 | `` echo "`x`", y ↵ z `` |\n',
  );
  assert.deepEqual(JSON.parse(EXPORT_FORMATS.jsonl.line(ROW)), ROW);
});

const ZEROS = { manifest: 0, segment: 0, tombstone: 0, blob: 0 };

function report(over: Partial<RunReport>): RunReport {
  return {
    at: new Date(NOW).toISOString(),
    ok: true,
    duration_ms: 1500,
    requests: { list: 1, get: 2, put: 0, head: 0, delete: 0 },
    bytes_in: 2048,
    bytes_out: 0,
    retries: 2,
    imported: ZEROS,
    skipped: ZEROS,
    rejected: {},
    ...over,
  };
}

Deno.test("summaryLine() names what moved, and what it changed", () => {
  const pull = report({ imported: { ...ZEROS, manifest: 2, segment: 3, tombstone: 1 } });
  const push = report({ imported: { ...ZEROS, manifest: 1, segment: 1 } });
  assert.equal(
    summaryLine({ pull, push }, 1204),
    "pulled 3 segments, 1 tombstone (1,204 new events); pushed 1 segment",
  );
  assert.equal(summaryLine({ pull }, -1), "pulled 3 segments, 1 tombstone (1 event gone)");
  const manifestOnly = report({ imported: { ...ZEROS, manifest: 1 } });
  assert.equal(summaryLine({ pull: manifestOnly, push: report({}) }, 0), "nothing new");
});

Deno.test("statusLines() shows pending, holes, rejections and the last error with its hint", () => {
  const status: SyncStatus = {
    vault: { id: "v-id", name: "hist\x1bory" },
    store: "s3://bucket/hx",
    node: { id: "n1", label: "laptop" },
    devices: [
      {
        node_id: "n1",
        label: "laptop",
        platform: "linux-x86_64",
        manifest_seq: 3,
        last_publish: null,
        events: 1204,
      },
      {
        node_id: "n2",
        label: "evil\n",
        platform: null,
        manifest_seq: 1,
        last_publish: "2026-01-31T12:00:00.000Z",
        events: 1,
      },
    ],
    pending: { events: 2, segments: 0, tombstones: 1, blobs: 0 },
    holes: 4,
    last_push: null,
    last_pull: report({
      ok: false,
      rejected: { segment: { corrupt: 2 }, manifest: { rollback: 1 } },
    }),
    last_error: {
      at: new Date(NOW).toISOString(),
      operation: "pull",
      category: "network",
      message: "the store is away",
      hint: "check the network",
    },
  };
  const at = localTime(NOW);
  assert.deepEqual(statusLines(status, styleFor(false)), [
    "vault       hist\\u{1b}ory  v-id",
    "store       s3://bucket/hx",
    "device      laptop  n1",
    "pending     2 events, 1 tombstone to push",
    "holes       4 objects announced, not in the store yet",
    `last pull   ${at} failed in 1.5 s; taken in nothing; rejected 2 segments (corrupt), ` +
    "1 manifest (rollback); 1 list 2 get; 2.0 KiB in, 0 B out; 2 retries",
    "last push   never",
    `last error  ${at} pull: network: the store is away`,
    "            check the network",
    "",
    "device         events  last publish         publishes  platform      id",
    "laptop (this)   1,204  never                        3  linux-x86_64  n1",
    `evil↵               1  ${at}          1  -             n2`,
  ]);
});

Deno.test("Progress draws after a second, at most ten times a second, and cleans up", () => {
  let now = 0;
  const shown: string[] = [];
  const screen = () => shown.join("");
  const progress = new Progress(
    { isTerminal: true, write: (text) => void shown.push(text) },
    () => now,
  );
  for (; now < 1000; now += 100) progress.update("pull", now / 100, 40);
  assert.equal(screen(), "");
  for (; now <= 1090; now += 10) progress.update("pull", 10, 40);
  assert.equal(screen(), "\r\x1b[2Kpull ██████░░░░░░░░░░░░░░░░░░ 25% 10/40");
  progress.clear();
  progress.clear();
  assert.ok(screen().endsWith("10/40\r\x1b[2K"));
  const before = screen().length;
  progress.update("push", 1, undefined);
  now += 999;
  progress.update("push", 2, undefined);
  assert.equal(screen().length, before);
  now += 1;
  progress.update("push", 1204, undefined);
  assert.ok(screen().endsWith("\r\x1b[2Kpush 1,204"));
});
