import assert from "node:assert/strict";
import { historyStats, insertEvent, Interner, mergeSession, openDatabase } from "../lib/db/mod.ts";
import { heatMap } from "../lib/ui/heat_map.ts";
import { bashHistory, Home } from "./cli.ts";
import { testEvent } from "./world.ts";

Deno.test("historyStats() adds up commands, failures and hosts, within a time", () => {
  using db = openDatabase(":memory:");
  const ids = new Interner(db);
  mergeSession(db, ids, { session_id: "session-1", started_at: 0, host: "laptop" }, false);
  const put = (seq: number, cmd: string, started_at: number, exit_code?: number) =>
    insertEvent(
      db,
      ids,
      testEvent(seq, { cmd, started_at, ...(exit_code !== undefined && { exit_code }) }),
      null,
    );
  put(1, "git push", 100, 1);
  put(2, "git pull", 200, 0);
  put(3, "git push", 300, 0);
  put(4, "ls", 0);
  const all = historyStats(db);
  const plain = (list: { name: string; events: number }[]) => list.map((c) => ({ ...c }));
  assert.deepEqual(
    [all.events, all.commands, all.sessions, all.first, all.last],
    [4, 3, 1, 100, 300],
  );
  assert.deepEqual(plain(all.programs), [{ name: "git", events: 3 }, { name: "ls", events: 1 }]);
  assert.deepEqual(plain(all.lines)[0], { name: "git push", events: 2 });
  assert.deepEqual(all.exits, { known: 3, failed: 1 });
  assert.deepEqual(plain(all.failures), [{ name: "git push", events: 1 }]);
  assert.deepEqual(plain(all.hosts), [{ name: "laptop", events: 4 }]);
  assert.equal(all.days.reduce((sum, day) => sum + day.events, 0), 3);
  assert.equal(historyStats(db, 150).events, 2);
  assert.equal(historyStats(db, undefined, 150).events, 1);
});

Deno.test("heatMap() puts days in their weeks, and fewer of them on a narrow terminal", () => {
  // 2026-01-07 is a Wednesday.
  const counts = new Map([["2026-01-07", 16], ["2026-01-05", 1], ["2025-12-31", 4]]);
  assert.deepEqual(heatMap(counts, "2026-01-07", 8), [
    "    Dec",
    "Mon   .",
    "",
    "Wed  :#",
    "",
    "Fri",
    "",
    "Sun",
  ]);
  const year = heatMap(counts, "2026-01-07", 200);
  assert.equal(year[3]!.length, 4 + 53);
  for (const line of heatMap(counts, "2026-01-07", 40)) assert.ok(line.length <= 40);
  assert.deepEqual(
    heatMap(new Map(), "2026-01-07", 40).slice(1).join("").replace(/[A-Za-z]/g, ""),
    "",
  );
});

Deno.test("hx stats prints them, as a screen and as JSON", async () => {
  await using home = await Home.make();
  assert.match(await home.hx("stats"), /^events +0, 0 different\n/);
  await home.write(".bash_history", bashHistory(1_700_000_000, "git push", "git pull"));
  await home.hx("import", "--host", "laptop");
  const screen = await home.hx("stats");
  assert.match(screen, /^events +2, 2 different\n/);
  assert.match(screen, /\nprograms\n {2}2 {2}git\n/);
  assert.match(screen, /\nMon/);
  const json = JSON.parse(await home.hx("stats", "--json"));
  assert.deepEqual(json.days, [{ name: "2023-11-14", events: 2 }]);
  assert.match(await home.fails(2, ["stats", "--since", "soon"]), /is no time/);
});
