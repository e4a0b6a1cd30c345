import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Database,
  exportEvents,
  insertEvent,
  Interner,
  mergeSession,
  openDatabase,
  searchEvents,
  type SearchQuery,
} from "../lib/db/mod.ts";
import { testEvent } from "./world.ts";

const TEXTS = [
  "git commit -m 'First'",
  "git push",
  "GIT PUSH",
  "echo 100%_done",
  'echo "quoted"',
  "ls",
  "größer als",
  "GRÖSSER ALS",
  "日本語のコマンド",
  "a",
];
const WORDS = [
  "git",
  "GIT",
  "push",
  "%",
  "_",
  "100%",
  '"',
  "ls",
  "größ",
  "GRÖ",
  "日本",
  "コマンド",
  "o",
  "zzz",
];

function fill(db: Database, count: number, next: (n: number) => number): void {
  db.transaction(() => {
    const ids = new Interner(db);
    for (const host of ["h0", "h1"]) {
      mergeSession(db, ids, { session_id: host, started_at: 0, host }, false);
    }
    for (let i = 0; i < count; i++) {
      const event = testEvent(i, {
        cmd: TEXTS[next(TEXTS.length)]!,
        session_id: `h${next(2)}`,
        started_at: next(10) === 0 ? 0 : 1000 + next(500),
        ...(next(2) && { exit_code: next(3) }),
        ...(next(2) && { cwd: `/d${next(3)}` }),
      });
      insertEvent(db, ids, event, null);
    }
  });
}

/** The same question, answered one event after the other. */
function naive(db: Database, q: SearchQuery): number[] {
  const rows = [...exportEvents(db)].filter((row) =>
    q.words.every((word) =>
      word === word.toLowerCase() ? row.cmd.toLowerCase().includes(word) : row.cmd.includes(word)
    ) &&
    (q.cwd === undefined || row.cwd === q.cwd) && (q.host === undefined || row.host === q.host) &&
    (q.since === undefined || (row.started_at !== 0 && row.started_at >= q.since)) &&
    (q.until === undefined || (row.started_at !== 0 && row.started_at <= q.until)) &&
    (q.exit === undefined ||
      (q.exit === "fail"
        ? row.exit_code !== null && row.exit_code !== 0
        : row.exit_code === q.exit))
  );
  // Rows were put in by seq, so a row's number grows with it.
  return rows.sort((a, b) => b.started_at - a.started_at || b.seq - a.seq).map((row) => row.seq)
    .slice(0, q.limit);
}

const query: fc.Arbitrary<SearchQuery> = fc.record({
  words: fc.array(fc.constantFrom(...WORDS), { maxLength: 3 }),
  cwd: fc.constantFrom("/d0", "/d1"),
  host: fc.constantFrom("h0", "h1"),
  exit: fc.constantFrom<number | "fail">(0, 1, "fail"),
  since: fc.integer({ min: 900, max: 1600 }),
  until: fc.integer({ min: 900, max: 1600 }),
  limit: fc.integer({ min: 1, max: 40 }),
}, { requiredKeys: ["words", "limit"] });

Deno.test("searchEvents() finds what looking at every event finds, in the same order", () => {
  // Beyond what is looked at without the index, so that both ways are taken.
  using db = openDatabase(":memory:");
  let seed = 1;
  fill(db, 12_000, (n) => (seed = seed * 16807 % 2147483647) % n);
  let found = 0;
  fc.assert(
    fc.property(query, (q) => {
      const rows = searchEvents(db, q);
      assert.deepEqual(rows.map((row) => row.seq), naive(db, q));
      found += rows.length;
    }),
    { seed: 3, numRuns: 60 },
  );
  assert.ok(found > 200);
});

Deno.test("searchEvents() finds a rare word far back", () => {
  using db = openDatabase(":memory:");
  db.transaction(() => {
    const ids = new Interner(db);
    insertEvent(db, ids, testEvent(1, { cmd: "the needle in 100%_hay", started_at: 5 }), null);
    for (let i = 2; i < 8000; i++) insertEvent(db, ids, testEvent(i), null);
  });
  for (const word of ["needle", "eedl", "Needle", "100%_", "_hay"]) {
    const rows = searchEvents(db, { words: [word], limit: 10 });
    assert.equal(rows.length, word === "Needle" ? 0 : 1, word);
  }
  assert.deepEqual(searchEvents(db, { words: ["needle", "ech"], limit: 10 }), []);
});
