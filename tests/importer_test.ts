import assert from "node:assert/strict";
import { deriveVaultKeys, forgetDigest } from "../lib/crypto/mod.ts";
import { countEvents, openDatabase, readRanges } from "../lib/db/mod.ts";
import type { EventRecord } from "../lib/format/types.ts";
import { applyBatch, type OpenedObject } from "../lib/importer/mod.ts";
import { testEvent, testNode } from "./world.ts";

const keys = await deriveVaultKeys(new Uint8Array(32), testNode(1));

function segment(number: number, ...events: EventRecord[]): OpenedObject {
  return { kind: "segment", nodeId: testNode(5), number, payload: { events } };
}

Deno.test("applyBatch() undoes an object that fails, and none of its neighbours", async () => {
  using db = openDatabase(":memory:");
  // No object that was opened and checked looks like this; the database refuses it.
  const broken = { ...testEvent(3), cmd: null } as unknown as EventRecord;
  const results = await applyBatch(db, keys, [
    segment(1, testEvent(1)),
    segment(2, testEvent(2), broken),
    segment(3, testEvent(4)),
  ]);
  assert.deepEqual(results.map((error) => error === undefined), [true, false, true]);
  assert.equal(countEvents(db), 2);
  assert.deepEqual(readRanges(db, "imported", "segment").get(testNode(5)), [
    { start: 1, end: 1 },
    { start: 3, end: 3 },
  ]);
});

Deno.test("applyBatch() applied twice changes nothing", async () => {
  using db = openDatabase(":memory:");
  const tombstone: OpenedObject = {
    kind: "tombstone",
    nodeId: testNode(5),
    number: 1,
    payload: { start_ts: 1_700_000_001.5, end_ts: 1_700_000_002.5 },
  };
  const batch = [segment(1, testEvent(1), testEvent(2)), tombstone];
  await applyBatch(db, keys, batch);
  await applyBatch(db, keys, batch);
  assert.equal(countEvents(db), 1);
});

Deno.test("applyBatch() makes the digests that forgotten lines are told by", async () => {
  const line = testEvent(1, { node_id: testNode(9), cmd: "secret", started_at: 0 });
  const imports = [{
    node_id: testNode(9),
    digest: await forgetDigest(keys, "secret"),
    started_at: 5,
  }];
  const tombstone: OpenedObject = {
    kind: "tombstone",
    nodeId: testNode(5),
    number: 1,
    payload: { events: [], imports },
  };
  const other = { ...line, seq: 2, cmd: "public" };
  for (
    const order of [[segment(1, line, other), tombstone], [tombstone, segment(1, line, other)]]
  ) {
    using db = openDatabase(":memory:");
    for (const object of order) assert.deepEqual(await applyBatch(db, keys, [object]), [undefined]);
    assert.deepEqual(db.all<{ cmd: string }>("SELECT cmd FROM command").map((c) => c.cmd), [
      "public",
    ]);
  }
});
