/** Rules of imports that no other test holds (format, section 9). */
import assert from "node:assert/strict";
import { countEvents, findEvent, Interner, matchEvents, mergeSession } from "../lib/db/mod.ts";
import type { EventRecord } from "../lib/format/types.ts";
import { ImportKeys, importNodeId, importSeq } from "../lib/history/mod.ts";
import { forget, type ImportCounts, importHistory } from "../lib/sync/mod.ts";
import { type Device, makeWorld, record, testEvent } from "./world.ts";

const HOST = "ada.example";
const SESSION = { session_id: "file", started_at: 0, host: HOST };
const node_id = await importNodeId(HOST);

function line(seq: number, cmd: string, over: Partial<EventRecord> = {}): EventRecord {
  return testEvent(seq, { node_id, session_id: "file", started_at: 0, cmd, order: seq, ...over });
}

async function imported(device: Device, ...events: EventRecord[]): Promise<ImportCounts> {
  async function* batches() {
    yield await Promise.resolve(events);
  }
  return await importHistory(device.db, device.context.keys, SESSION, batches());
}

Deno.test("ImportKeys counts a third equal line, and a fourth", async () => {
  const keys = await ImportKeys.of({ label: HOST, shell: "bash" });
  const seqs = [1, 2, 3, 4].map(() => keys.next({ started_at: 0, cmd: "ls" }).seq);
  assert.deepEqual(seqs, [1, 2, 3, 4].map((n) => importSeq(0, "ls", n)));
});

Deno.test("importHistory() changes no row that exists", async () => {
  const world = await makeWorld();
  const a = world.addDevice("a");
  await imported(a, line(5, "ls"));
  // The file lost its head: the line has another rank, which would make the smaller record.
  assert.deepEqual(await imported(a, line(5, "ls", { order: 1 })), {
    added: 0,
    known: 1,
    forgotten: 0,
  });
  assert.equal(findEvent(a.db, line(5, "ls"))!.record.order, 5);
  world.close();
});

Deno.test("what was captured live and forgotten does not come back by import, dated or not", async () => {
  const world = await makeWorld();
  const a = world.addDevice("a");
  const live = testEvent(1, { session_id: "live", cmd: "login --password x" });
  record(a.db, live);
  mergeSession(a.db, new Interner(a.db), { session_id: "live", started_at: 0, host: HOST }, true);
  await forget(a.db, world.keys, { events: matchEvents(a.db, {}), windows: [] });
  const counts = await imported(
    a,
    line(1, live.cmd),
    line(2, live.cmd, { started_at: live.started_at + 1.5 }),
    line(3, live.cmd, { started_at: live.started_at + 60 }),
    line(4, "ls"),
  );
  assert.deepEqual(counts, { added: 2, known: 0, forgotten: 2 });
  assert.equal(countEvents(a.db), 2);
  world.close();
});
