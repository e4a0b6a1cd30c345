/** A pull that would remove much of the history asks first. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { forgetDigest, openObject } from "../lib/crypto/mod.ts";
import {
  applyTombstone,
  countEvents,
  eventsUnder,
  insertEvent,
  Interner,
  matchEvents,
  mergeEvent,
  openDatabase,
  readIdentity,
  setDigest,
} from "../lib/db/mod.ts";
import { parseKey, parseTombstone } from "../lib/format/mod.ts";
import type { EventKey, WindowTombstone } from "../lib/format/types.ts";
import { countHoles } from "../lib/sync/objects.ts";
import { DeleteGuard } from "../lib/sync/delete_guard.ts";
import { type DeleteQuestion, forget, pull, push, Recorder, repair } from "../lib/sync/mod.ts";
import { bytesOf, keyOfOwn } from "./vault_kit.ts";
import { type Device, makeWorld, record, testEvent, testNode, type World } from "./world.ts";

/** A device that answers, and keeps what it was asked. */
interface Asked extends Device {
  questions: DeleteQuestion[];
}

function addAsked(world: World, name: string, answer: () => boolean): Asked {
  const questions: DeleteQuestion[] = [];
  const confirmDeletes = (question: DeleteQuestion) => {
    questions.push(question);
    return Promise.resolve(answer());
  };
  return { ...world.addDevice(name, { confirmDeletes }), questions };
}

/** A world where a has published so many events, and b has them. */
async function published(
  events: number,
  answer: () => boolean = () => false,
): Promise<{ world: World; a: Device; b: Asked }> {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), addAsked(world, "b", answer)];
  record(a.db, ...Array.from({ length: events }, (_, n) => testEvent(n + 1)));
  await push(a.context);
  await pull(b.context);
  return { world, a, b };
}

/** Forgets events `from` to `to`, by their keys or by when they began. */
async function forgetRange(
  { db, context }: Device,
  from: number,
  to: number,
  how: "keys" | "window" = "window",
): Promise<void> {
  const times = { since: 1_700_000_000 + from, until: 1_700_000_000 + to };
  const window = { start_ts: times.since, end_ts: times.until };
  const what = how === "keys"
    ? { events: matchEvents(db, times), windows: [] }
    : { events: [], windows: [window] };
  await forget(db, context.keys, what);
}

for (const how of ["keys", "window"] as const) {
  Deno.test(`a pull that removes half of 3,000 events asks (${how}); no keeps them, yes removes them`, async () => {
    let answer = false;
    const { world, a, b } = await published(3000, () => answer);
    await forgetRange(a, 1, 1500, how);
    record(a.db, testEvent(5000));
    await push(a.context);
    for (const time of [1, 2]) {
      const { rejected, imported } = await pull(b.context);
      assert.deepEqual(rejected, { tombstone: { held: 1 } });
      // Everything else of the pull goes on.
      assert.deepEqual([imported.tombstone, imported.segment], [0, time === 1 ? 1 : 0]);
      assert.deepEqual([countEvents(b.db), countHoles(b.context)], [3001, 1]);
    }
    const { nodeId } = readIdentity(a.db)!;
    assert.deepEqual(b.questions[0], {
      events: 1500,
      history: 3000,
      devices: [{ nodeId, label: "a", events: 1500 }],
    });
    assert.equal(b.questions.length, 2);
    answer = true;
    assert.deepEqual((await pull(b.context)).rejected, {});
    assert.deepEqual([countEvents(b.db), countHoles(b.context)], [1501, 0]);
    await pull(b.context);
    assert.equal(b.questions.length, 3);
    world.close();
  });
}

Deno.test("1,000 events, or a tenth of the history, go unasked; one more does not", async () => {
  for (
    const [history, gone, asked] of [[2000, 1000, 0], [2000, 1001, 1], [10_020, 1002, 0], [
      10_010,
      1002,
      1,
    ]] as const
  ) {
    const { world, a, b } = await published(history);
    await forgetRange(a, 1, gone);
    await push(a.context);
    await pull(b.context);
    const what = `${gone} of ${history}`;
    assert.equal(b.questions.length, asked, what);
    assert.equal(countEvents(b.db), asked ? history : history - gone, what);
    world.close();
  }
});

Deno.test("many small tombstones of several devices count together, and each event once", async () => {
  const { world, a, b } = await published(2400);
  const c = world.addDevice("c");
  await pull(c.context);
  for (let n = 0; n < 60; n++) await forgetRange(a, 20 * n + 1, 20 * n + 20);
  for (let n = 0; n < 60; n++) await forgetRange(c, 10 * n + 901, 10 * n + 910);
  for (const { context } of [a, c]) await push(context);
  assert.deepEqual((await pull(b.context)).rejected, { tombstone: { held: 120 } });
  assert.equal(countEvents(b.db), 2400);
  const [{ events, devices }] = b.questions as [DeleteQuestion];
  assert.equal(events, 1500); // 1 to 1200 by a, 901 to 1500 by c
  assert.equal(devices.reduce((sum, device) => sum + device.events, 0), 1500);
  assert.deepEqual(devices.map(({ label }) => label).sort(), ["a", "c"]);
  world.close();
});

Deno.test("what removes nothing here is applied though the rest is held, and blocks what comes later", async () => {
  const { world, a, b } = await published(2000);
  const c = world.addDevice("c");
  record(c.db, testEvent(9000, { session_id: "c" }), testEvent(9001, { session_id: "c" }));
  await forgetRange(a, 1, 1500);
  await forgetRange(a, 9000, 9000);
  for (const { context } of [a, c]) await push(context);
  assert.deepEqual((await pull(b.context)).rejected, { tombstone: { held: 1 } });
  assert.equal(countEvents(b.db), 2001);
  assert.equal(b.db.get("SELECT 1 FROM event WHERE seq = 9000"), undefined);
  world.close();
});

Deno.test("where nobody can be asked nothing is removed, and the warning says how to agree", async () => {
  const { world, a, b } = await published(2000);
  await forgetRange(a, 1, 1500);
  await push(a.context);
  delete b.context.confirmDeletes;
  await pull(b.context);
  assert.equal(countEvents(b.db), 2000);
  const warning = b.events.find((event) => event.type === "warning")!;
  assert.ok(warning.type === "warning" && /--accept-deletes/.test(warning.hint!));
  assert.match(warning.message, /would remove 1,500 of 2,000 events, deleted on a \(1,500\)/);
  world.close();
});

Deno.test("not asked: a device that knows nothing yet, and one for what it deleted itself", async () => {
  const { world, b } = await published(2000);
  await forgetRange(b, 1, 1500);
  await push(b.context);
  await pull(b.context);
  const fresh = addAsked(world, "fresh", () => false);
  await pull(fresh.context);
  assert.deepEqual([countEvents(b.db), countEvents(fresh.db)], [500, 500]);
  assert.deepEqual([...b.questions, ...fresh.questions], []);
  world.close();
});

Deno.test("repair() asks once too, and tells what it holds", async () => {
  const { world, a, b } = await published(2000);
  await forgetRange(a, 1, 1500);
  await push(a.context);
  const report = await repair(b.context);
  assert.equal(report.ok, false);
  assert.deepEqual(report.problems.map(({ kind, problem, device }) => [kind, problem, device]), [
    ["tombstone", "held", "a"],
  ]);
  assert.deepEqual([b.questions.length, countEvents(b.db)], [1, 2000]);
  b.context.confirmDeletes = () => Promise.resolve(true);
  assert.equal((await repair(b.context)).ok, true);
  assert.equal(countEvents(b.db), 500);
  world.close();
});

Deno.test("DeleteGuard fetches again what it did not keep", async () => {
  const { world, a, b } = await published(2000);
  await forgetRange(a, 1, 3);
  await push(a.context);
  const key = await keyOfOwn(world, a, "tombstone", 1);
  const bytes = await bytesOf(world.store, key);
  const { header, payload } = await openObject(bytes, parseKey(key)!, world.keys);
  const { nodeId } = readIdentity(a.db)!;
  const object = { kind: "tombstone", nodeId, number: 1 } as const;
  const guard = DeleteGuard.forHistory(b.context)!;
  const opened = { ...object, payload: parseTombstone(payload, header) };
  await guard.weigh(opened, { object, bytes: undefined });
  const released = await Array.fromAsync(guard.released(new Recorder(b.context)));
  assert.deepEqual(released, [{ object, bytes }]);
  world.close();
});

const node = fc.nat(2).map((n) => testNode(n + 1));
const seq = fc.nat(6);
const time = fc.nat(8);
const text = fc.constantFrom("ls", "make", "ssh host");
const event = fc.record({ node_id: node, seq, started_at: time, cmd: text })
  .map((fields) => testEvent(fields.seq, fields));
const window = fc.record({
  node_id: fc.option(node, { nil: undefined }),
  start: time,
  length: time,
})
  .map(({ node_id, start, length }): WindowTombstone => (
    { ...(node_id && { node_id }), start_ts: start, end_ts: start + length - 1 }
  ));
/** What {@link keys} draws: lines by their text, whose digest takes the vault's keys. */
interface DrawnKeys {
  events: EventKey[];
  imports: { node_id: string; text: string; started_at: number }[];
}
const isWindow = (drawn: WindowTombstone | DrawnKeys): drawn is WindowTombstone =>
  "start_ts" in drawn;
const keys: fc.Arbitrary<DrawnKeys> = fc.record({
  events: fc.array(event.map(({ node_id, session_id, seq }) => ({ node_id, session_id, seq }))),
  imports: fc.array(fc.record({ node_id: node, text, started_at: time })),
});

Deno.test("eventsUnder() names just the events that a tombstone then removes", async () => {
  const { keys: vaultKeys, close } = await makeWorld();
  const property = fc.asyncProperty(
    fc.array(event, { maxLength: 20 }),
    fc.oneof(window, keys),
    async (events, drawn) => {
      using db = openDatabase(":memory:");
      const ids = new Interner(db);
      for (const [i, event] of events.entries()) {
        if (i % 2) insertEvent(db, ids, event, null);
        else mergeEvent(db, ids, event); // of two with one key the other one loses, and still counts
      }
      for (const { cmd } of events) setDigest(db, cmd, await forgetDigest(vaultKeys, cmd));
      const payload = isWindow(drawn) ? drawn : {
        events: drawn.events,
        imports: await Promise.all(drawn.imports.map(async ({ text, ...line }) => (
          { ...line, digest: await forgetDigest(vaultKeys, text) }
        ))),
      };
      const rows = () => db.all<{ id: number }>("SELECT id FROM event").map(({ id }) => id);
      const before = rows();
      const named = new Set(eventsUnder(db, payload));
      db.transaction(() => applyTombstone(db, new Interner(db), payload));
      const left = new Set(rows());
      assert.deepEqual([...named].sort(), before.filter((id) => !left.has(id)).sort());
    },
  );
  await fc.assert(property, { numRuns: 400, seed: 1 });
  close();
});
