/** Rules of merging and deleting that no other test holds (format, section 9). */
import assert from "node:assert/strict";
import { deriveVaultKeys, forgetDigest } from "../lib/crypto/mod.ts";
import {
  addArtifact,
  addOwnTombstone,
  applyTombstone,
  countEvents,
  type Database,
  findEvent,
  insertEvent,
  Interner,
  markEvents,
  matchEvents,
  mergeArtifact,
  mergeEvent,
  mergeSessions,
  openDatabase,
  PENDING,
  pendingArtifacts,
  pendingTombstones,
} from "../lib/db/mod.ts";
import type { ArtifactRecord, EventRecord } from "../lib/format/types.ts";
import { applyBatch, type OpenedObject, withDigests } from "../lib/importer/mod.ts";
import { testEvent, testNode } from "./world.ts";

const keys = await deriveVaultKeys(new Uint8Array(32), testNode(1));
const IMPORTER = testNode(9);

/** A line of a shell's file. */
function line(seq: number, cmd: string, over: Partial<EventRecord> = {}): EventRecord {
  return testEvent(seq, { node_id: IMPORTER, session_id: "file", started_at: 0, cmd, ...over });
}

let number = 0;
const segment = (...events: EventRecord[]): OpenedObject => ({
  kind: "segment",
  nodeId: testNode(5),
  number: ++number,
  payload: { events },
});

async function forgetting(cmd: string, started_at = 0): Promise<OpenedObject> {
  const imports = [{ node_id: IMPORTER, digest: await forgetDigest(keys, cmd), started_at }];
  const payload = { events: [], imports };
  return { kind: "tombstone", nodeId: testNode(5), number: ++number, payload };
}

async function apply(db: Database, ...batches: OpenedObject[][]): Promise<void> {
  for (const batch of batches) {
    assert.deepEqual(await applyBatch(db, keys, batch), batch.map(() => undefined));
  }
}

Deno.test("an event without a time comes in under a window that reaches over 0", () => {
  using db = openDatabase(":memory:");
  const ids = new Interner(db);
  applyTombstone(db, ids, { start_ts: -10, end_ts: 10 });
  assert.equal(insertEvent(db, ids, testEvent(1, { started_at: 0 }), null), "added");
  assert.equal(insertEvent(db, ids, testEvent(2, { started_at: -10 }), null), "blocked");
});

Deno.test("a key is dead once a line that lost to another record is forgotten, in any order", async () => {
  // "a" is the smaller one and stays; "b" is forgotten, so the key has to go with it.
  const steps = [[segment(line(1, "a"))], [segment(line(1, "b"))], [await forgetting("b")]];
  for (const order of [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
    using db = openDatabase(":memory:");
    await apply(db, ...order.map((step) => steps[step]!));
    assert.equal(countEvents(db), 0, order.join());
    assert.deepEqual(db.all("SELECT cmd FROM command"), [], order.join());
  }
});

Deno.test("a line that lost with its digest known is forgotten by it, too", async () => {
  // Something of the importer is forgotten already, so that every line comes with its digest.
  for (const order of [["a", "b"], ["b", "a"]]) {
    using db = openDatabase(":memory:");
    await apply(db, [await forgetting("other")]);
    for (const cmd of order) await apply(db, [segment(line(1, cmd))]);
    await apply(db, [await forgetting("b")]);
    assert.equal(countEvents(db), 0, order.join());
  }
});

Deno.test("what is forgotten is forgotten as a record that lost, too", () => {
  using db = openDatabase(":memory:");
  const ids = new Interner(db);
  const [kept, lost] = [testEvent(1, { cmd: "a" }), testEvent(1, { cmd: "secret" })];
  mergeEvent(db, ids, kept);
  mergeEvent(db, ids, lost);
  assert.equal(db.all("SELECT cmd FROM loser").length, 1);
  const { cmd: _, started_at: __, ...key } = kept;
  applyTombstone(db, ids, { events: [key] });
  assert.deepEqual(db.all("SELECT cmd FROM loser"), []);
  assert.deepEqual(db.all("SELECT cmd FROM command"), []);
});

Deno.test("addOwnTombstone() deletes here at once, and waits to be published", () => {
  using db = openDatabase(":memory:");
  insertEvent(db, new Interner(db), testEvent(1), PENDING);
  addOwnTombstone(db, { events: matchEvents(db, {}) });
  assert.equal(countEvents(db), 0);
  assert.equal(pendingTombstones(db).length, 1);
});

Deno.test("markEvents() marks what waits, and nothing else", () => {
  using db = openDatabase(":memory:");
  const ids = new Interner(db);
  insertEvent(db, ids, testEvent(1), PENDING);
  const { id } = findEvent(db, testEvent(1))!;
  assert.equal(markEvents(db, [id], 1), true);
  assert.equal(markEvents(db, [id], 2), false);
  assert.equal(findEvent(db, testEvent(1))!.segment, 1);
});

Deno.test("an artifact that is seen published just as it is no longer waits", () => {
  using db = openDatabase(":memory:");
  const ids = new Interner(db);
  const artifact = (name: string): ArtifactRecord => ({
    artifact_id: name,
    name,
    blob_hash: "00".repeat(32),
    byte_len: 1,
    created_at: 1,
  });
  for (const name of ["a", "b"]) addArtifact(db, ids, artifact(name));
  mergeArtifact(db, ids, artifact("a"));
  const waiting = pendingArtifacts(db, new Set(["00".repeat(32)]), 10);
  assert.deepEqual(waiting.map(({ name }) => name), ["b"]);
});

Deno.test("mergeSessions() takes what is known over what is not", () => {
  const none = { session_id: "s", started_at: 0, host: "h" };
  const known = { ...none, started_at: 5, ended_at: 9, user: "u", shell: "zsh" };
  for (const [one, other] of [[none, known], [known, none]] as const) {
    assert.deepEqual(mergeSessions(one, other), known);
  }
});

Deno.test("withDigests() starts over where texts came in while it made the digests", async () => {
  using db = openDatabase(":memory:");
  let asked = 0;
  // Another process brings a text in between the first question and the transaction.
  const needed = () => ++asked === 1 ? ["early"] : ["early", "late"];
  const made = await withDigests(db, keys, needed, (digests) => [...digests.keys()]);
  assert.deepEqual(made, ["early", "late"]);
});
