import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import {
  addArtifact,
  addRange,
  allArtifacts,
  applyTombstone,
  asDatabaseError,
  countEvents,
  type Database,
  exportEvents,
  findSession,
  indexTexts,
  insertEvent,
  Interner,
  mergeArtifact,
  mergeEvent,
  mergePin,
  mergeSession,
  mergeSessions,
  openDatabase,
  PENDING,
  readRanges,
  setDigest,
  takeSyncLock,
} from "../lib/db/mod.ts";
import { isCategory } from "../lib/errors.ts";
import type { ArtifactRecord, SessionRecord, TombstonePayload } from "../lib/format/types.ts";
import { testEvent, testNode } from "./world.ts";

function withDb(work: (db: Database, ids: Interner) => void): void {
  using db = openDatabase(":memory:");
  work(db, new Interner(db));
}

function withDir(work: (dir: string) => void): void {
  const dir = Deno.makeTempDirSync();
  try {
    work(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

const { cmd: _, started_at: __, ...KEY } = testEvent(1);
const rows = (db: Database) => [...exportEvents(db)].map((row) => row.cmd);

Deno.test("openDatabase() refuses a newer schema, and changes nothing", () => {
  withDir((dir) => {
    openDatabase(`${dir}/x.db`).close();
    const sqlite = new DatabaseSync(`${dir}/x.db`);
    sqlite.exec("PRAGMA user_version = 999");
    sqlite.close();
    assert.throws(
      () => openDatabase(`${dir}/x.db`),
      (error) => isCategory(error, "config") && /999/.test(error.message),
    );
  });
});

Deno.test("openDatabase() says what is wrong with a file that is no database", () => {
  withDir((dir) => {
    Deno.writeTextFileSync(`${dir}/x.db`, "not a database, but long enough to be one".repeat(100));
    assert.throws(() => openDatabase(`${dir}/x.db`), (error) => isCategory(error, "config"));
    assert.throws(() => openDatabase(`${dir}/no/x.db`), (error) => isCategory(error, "config"));
  });
});

Deno.test("asDatabaseError() calls a database that another process holds busy", () => {
  withDir((dir) => {
    openDatabase(`${dir}/x.db`).close();
    const holder = new DatabaseSync(`${dir}/x.db`);
    holder.exec("BEGIN IMMEDIATE");
    const other = new DatabaseSync(`${dir}/x.db`, { timeout: 1 });
    assert.throws(() => other.exec("BEGIN IMMEDIATE"), (error) => {
      return isCategory(asDatabaseError(error, "x.db"), "busy");
    });
    other.close();
    holder.close();
  });
});

Deno.test("takeSyncLock() is taken once at a time and goes with its holder", () => {
  withDir((dir) => {
    const lock = takeSyncLock(`${dir}/lock.db`);
    assert.throws(() => takeSyncLock(`${dir}/lock.db`), (error) => isCategory(error, "busy"));
    lock.release();
    takeSyncLock(`${dir}/lock.db`).release();
  });
});

Deno.test("every insert path is blocked by a dead key, and the text is gone", () => {
  withDb((db, ids) => {
    insertEvent(db, ids, testEvent(1, { cmd: "secret one" }), PENDING);
    applyTombstone(db, ids, { events: [KEY] });
    assert.equal(countEvents(db), 0);
    const event = testEvent(1, { cmd: "secret two" });
    assert.equal(insertEvent(db, ids, event, PENDING), "blocked");
    assert.equal(mergeEvent(db, ids, event), "blocked");
    // Not even by SQL from somewhere else.
    db.run(
      `INSERT INTO event (node, session, seq, started_at, command) VALUES (?, ?, 1, 5, 1)`,
      ids.node(KEY.node_id),
      ids.session(KEY.session_id),
    );
    assert.equal(countEvents(db), 0);
    assert.deepEqual(db.all("SELECT cmd FROM command"), []);
    assert.deepEqual(db.all("SELECT rowid FROM command_text WHERE cmd LIKE '%secret%'"), []);
  });
});

Deno.test("windows: ends count, 0 never lies in one, other nodes stay", () => {
  withDb((db, ids) => {
    const at = (seq: number, started_at: number, node = 1) =>
      insertEvent(
        db,
        ids,
        testEvent(seq, { started_at, node_id: testNode(node), cmd: `${seq}` }),
        null,
      );
    [[1, 0], [2, 10], [3, 15], [4, 20], [5, 21]].forEach(([seq, time]) => at(seq!, time!));
    at(6, 15, 2);
    applyTombstone(db, ids, { node_id: testNode(1), start_ts: 10, end_ts: 20 });
    assert.deepEqual(rows(db), ["1", "6", "5"]);
    assert.equal(at(7, 12), "blocked");
    assert.equal(at(8, 12, 2), "added");
    applyTombstone(db, ids, { start_ts: 0, end_ts: 1e9 });
    assert.deepEqual(rows(db), ["1"]);
  });
});

Deno.test("windows stay merged, and block just what the windows that were given block", () => {
  const window = fc.record({ start: fc.integer({ min: 1, max: 60 }), length: fc.nat(12) });
  fc.assert(
    fc.property(fc.array(window, { maxLength: 12 }), (windows) => {
      withDb((db, ids) => {
        for (const { start, length } of windows) {
          applyTombstone(db, ids, { start_ts: start, end_ts: start + length });
        }
        for (let time = 1; time < 80; time++) {
          const dead = windows.some((w) => time >= w.start && time <= w.start + w.length);
          const result = insertEvent(db, ids, testEvent(time, { started_at: time }), null);
          assert.equal(result, dead ? "blocked" : "added");
        }
        const kept = db.all<{ start_ts: number; end_ts: number }>(
          "SELECT start_ts, end_ts FROM dead_window ORDER BY start_ts",
        );
        kept.forEach((w, i) => assert.ok(i === 0 || w.start_ts > kept[i - 1]!.end_ts));
      });
    }),
    { seed: 5, numRuns: 60 },
  );
});

Deno.test("of two records with one key the smaller stays, in any order", () => {
  for (const order of [["a", "b"], ["b", "a"]]) {
    withDb((db, ids) => {
      for (const cmd of order) mergeEvent(db, ids, testEvent(1, { cmd }));
      assert.deepEqual(rows(db), ["a"]);
      assert.deepEqual(db.all<{ cmd: string }>("SELECT cmd FROM command").length, 1);
    });
  }
});

Deno.test("a key is dead once any record of it lies under a tombstone, losers and blocked ones too", () => {
  const late = testEvent(1, { cmd: "b", started_at: 1000 });
  const early = testEvent(1, { cmd: "a", started_at: 5 });
  const window: TombstonePayload = { start_ts: 900, end_ts: 1100 };
  const steps: ((db: Database, ids: Interner) => void)[] = [
    (db, ids) => void mergeEvent(db, ids, late),
    (db, ids) => void mergeEvent(db, ids, early),
    (db, ids) => applyTombstone(db, ids, window),
  ];
  for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    withDb((db, ids) => {
      for (const step of order) steps[step]!(db, ids);
      assert.deepEqual(rows(db), [], order.join());
    });
  }
});

Deno.test("forgotten lines: by digest, undated or within 2 s, in any order", () => {
  const imports = [{ node_id: testNode(9), digest: "ab".repeat(32), started_at: 100 }];
  const line = (seq: number, started_at: number) =>
    testEvent(seq, { node_id: testNode(9), cmd: "secret", started_at });
  const put = (db: Database, ids: Interner) => {
    for (const [seq, time] of [[1, 0], [2, 98], [3, 102], [4, 102.5], [5, 97]]) {
      mergeEvent(db, ids, line(seq!, time!), "ab".repeat(32));
    }
    mergeEvent(db, ids, { ...line(6, 0), cmd: "other" }, "cd".repeat(32));
  };
  const forget = (db: Database, ids: Interner) => {
    applyTombstone(db, ids, { events: [], imports });
  };
  for (const order of [[put, forget], [forget, put]]) {
    withDb((db, ids) => {
      for (const step of order) step(db, ids);
      assert.deepEqual([...exportEvents(db)].map((row) => row.seq), [6, 5, 4]);
    });
  }
});

Deno.test("a line whose digest is missing does not get in where lines were forgotten", () => {
  withDb((db, ids) => {
    const imports = [{ node_id: testNode(9), digest: "ab".repeat(32), started_at: 0 }];
    applyTombstone(db, ids, { events: [], imports });
    const event = testEvent(1, { node_id: testNode(9) });
    assert.throws(() => mergeEvent(db, ids, event), /digest missing/);
    setDigest(db, event.cmd, "cd".repeat(32));
    assert.equal(mergeEvent(db, new Interner(db), event, "cd".repeat(32)), "added");
  });
});

Deno.test("artifacts die with their event, in any order, whichever record of them came first", () => {
  const artifact = (name: string, seq: number): ArtifactRecord => ({
    artifact_id: "x",
    event: { ...KEY, seq },
    name,
    blob_hash: "00".repeat(32),
    byte_len: 1,
    created_at: 1,
  });
  const steps: ((db: Database, ids: Interner) => void)[] = [
    (db, ids) => mergeArtifact(db, ids, artifact("a", 1)),
    (db, ids) => mergeArtifact(db, ids, artifact("b", 2)),
    (db, ids) => applyTombstone(db, ids, { events: [{ ...KEY, seq: 2 }] }),
  ];
  for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    withDb((db, ids) => {
      for (const step of order) steps[step]!(db, ids);
      assert.deepEqual(allArtifacts(db), [], order.join());
    });
  }
  withDb((db, ids) => {
    addArtifact(db, ids, artifact("a", 1));
    mergeArtifact(db, ids, artifact("b", 3));
    assert.deepEqual(allArtifacts(db), [artifact("a", 1)]);
  });
});

const session: fc.Arbitrary<SessionRecord> = fc.record({
  session_id: fc.constant("s"),
  started_at: fc.constantFrom(0, 1, 2),
  ended_at: fc.constantFrom(1, 2),
  host: fc.constantFrom("a", "b"),
  user: fc.constantFrom("u", "v"),
  shell: fc.constantFrom("zsh", "bash"),
}, { requiredKeys: ["session_id", "started_at", "host"] });

Deno.test("mergeSessions() does not care for order, grouping or repetition", () => {
  fc.assert(fc.property(session, session, session, (a, b, c) => {
    assert.deepEqual(mergeSessions(a, b), mergeSessions(b, a));
    assert.deepEqual(mergeSessions(a, mergeSessions(b, c)), mergeSessions(mergeSessions(a, b), c));
    assert.deepEqual(mergeSessions(mergeSessions(a, b), b), mergeSessions(a, b));
  }));
});

Deno.test("mergeSession() waits to be published only where it says more than was known", () => {
  withDb((db, ids) => {
    const record = { session_id: "s", started_at: 0, host: "h" };
    const segment = () =>
      db.get<{ segment: number | null }>("SELECT segment FROM session")!.segment;
    mergeSession(db, ids, record, false);
    mergeSession(db, ids, record, true);
    assert.equal(segment(), null);
    mergeSession(db, ids, { ...record, shell: "zsh" }, true);
    assert.equal(segment(), 0);
    mergeSession(db, ids, { ...record, shell: "zsh" }, false);
    assert.equal(segment(), null);
    assert.deepEqual(findSession(db, "s"), { ...record, shell: "zsh" });
  });
});

Deno.test("mergePin() is never taken back", () => {
  withDb((db, ids) => {
    mergePin(db, ids, { session_id: "s", pinned: true }, true);
    mergePin(db, ids, { session_id: "s", pinned: false }, false);
    const pin = () =>
      db.get<{ pinned: number; pin_segment: number | null }>(
        "SELECT pinned, pin_segment FROM session",
      );
    assert.deepEqual({ ...pin() }, { pinned: 1, pin_segment: 0 });
    mergePin(db, ids, { session_id: "s", pinned: true }, false);
    assert.deepEqual({ ...pin() }, { pinned: 1, pin_segment: null });
  });
});

Deno.test("addRange() keeps ranges as few as can be", () => {
  const numbers = fc.array(
    fc.record({ start: fc.integer({ min: 1, max: 30 }), length: fc.nat(4) }),
  );
  fc.assert(
    fc.property(numbers, (list) => {
      withDb((db) => {
        const all = new Set<number>();
        for (const { start, length } of list) {
          addRange(db, "known", "segment", testNode(1), { start, end: start + length });
          for (let n = start; n <= start + length; n++) all.add(n);
        }
        const ranges = readRanges(db, "known", "segment").get(testNode(1)) ?? [];
        const kept = ranges.flatMap((r) =>
          Array.from({ length: r.end - r.start + 1 }, (_, i) => r.start + i)
        );
        assert.deepEqual(kept, [...all].sort((a, b) => a - b));
        ranges.forEach((r, i) => assert.ok(i === 0 || r.start > ranges[i - 1]!.end + 1));
      });
    }),
    { seed: 5, numRuns: 60 },
  );
});

Deno.test("the index finds substrings, and follows what is added and removed", () => {
  withDb((db, ids) => {
    insertEvent(db, ids, testEvent(1, { cmd: "git commit --amend" }), null);
    insertEvent(db, ids, testEvent(2, { cmd: "cargo build" }), null);
    indexTexts(db);
    insertEvent(db, ids, testEvent(3, { cmd: "removed before it was indexed" }), null);
    applyTombstone(db, ids, { events: [{ ...KEY, seq: 3 }] });
    indexTexts(db);
    const find = (text: string) =>
      db.all("SELECT rowid FROM command_text WHERE cmd LIKE ?", `%${text}%`).length;
    assert.deepEqual([find("mit --am"), find("cargo"), find("nothing")], [1, 1, 0]);
    applyTombstone(db, ids, { events: [KEY] });
    assert.deepEqual([find("mit --am"), find("cargo")], [0, 1]);
    db.exec("INSERT INTO command_text (command_text) VALUES ('integrity-check')");
  });
});
