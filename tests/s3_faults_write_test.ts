/** Conditional writes and multipart uploads of the S3 store, with what goes wrong on the way. */
import assert from "node:assert/strict";
import { generateMaster } from "../lib/crypto/mod.ts";
import { readIdentity, readOutbox } from "../lib/db/mod.ts";
import { uuid4 } from "../lib/format/mod.ts";
import { collect, streamOf, type SyncStore } from "../lib/store/mod.ts";
import { createVault, openVault, pull, push } from "../lib/sync/mod.ts";
import { makeRig, type Rig } from "./fault_kit.ts";
import type { Choose, Fault } from "./fault_proxy.ts";
import {
  answered,
  every,
  first,
  flippedRequest,
  html,
  lostAnswer,
  refusal,
  resetBefore,
  resetDuring,
  slowDown,
  without,
} from "./faults.ts";
import { startMinio } from "./minio.ts";
import { bytesOf, failsWith, patternBytes, readObject, sameBytes } from "./store_contract.ts";
import { commands, makeWorld, record, testEvent, type World } from "./world.ts";

const minio = await startMinio();
const MIB = 1024 * 1024;
const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));

/** A world whose devices go through the proxy. */
async function worldOf(rig: Rig, conditionalWrites = true): Promise<World> {
  return await makeWorld({
    store: rig.direct,
    conditionalWrites,
    open: (observer) => rig.open({ observer }),
  });
}

/** A vault that tells what a store does with the condition of a put. */
function newVault() {
  const vaultId = uuid4(random);
  const master = generateMaster(random);
  const contextOf = (store: SyncStore) => ({
    store,
    clock: Date.now,
    random,
    signal: new AbortController().signal,
  });
  return {
    async createIn(store: SyncStore): Promise<string> {
      const made = { vaultId, master, name: "v", nodeId: uuid4(random) };
      return (await createVault(contextOf(store), made)).capabilities.conditionalPut;
    },
    async openIn(store: SyncStore): Promise<string> {
      return (await openVault(contextOf(store), vaultId, master)).capabilities.conditionalPut;
    },
  };
}

Deno.test("S3 faults: a device's own 412, after an answer that was lost, is success", async () => {
  await using rig = await makeRig(minio);
  const world = await worldOf(rig);
  const a = world.addDevice("a");
  record(a.db, testEvent(1));
  const { nodeId } = readIdentity(a.db)!;
  rig.proxy.choose = first("put", lostAnswer, undefined, lostAnswer);
  await push(a.context);
  // The segment was sent twice and read back, then the manifest in the same way.
  assert.deepEqual(rig.proxy.seen.map(({ operation }) => operation), [
    ...["put", "put", "get"],
    ...["put", "put", "get"],
  ]);
  const { nodeId: after, segments } = readIdentity(a.db)!;
  assert.deepEqual([after, segments], [nodeId, 1]);
  assert.deepEqual(readOutbox(a.db), []);
  const b = world.addDevice("b");
  await pull(b.context);
  assert.deepEqual(commands(b.db), ["echo 1"]);
  world.close();
});

Deno.test("S3 faults: a conditional write is tried again after 409 ConditionalRequestConflict", async () => {
  const busy = refusal(409, "ConditionalRequestConflict");
  await using rig = await makeRig(minio, first("put", busy, busy));
  await rig.store.putAtomic("k", bytesOf("x"), { ifNoneMatch: "*" });
  assert.deepEqual(await readObject(rig.direct, "k"), bytesOf("x"));
  assert.equal(rig.proxy.count("put"), 3);
});

Deno.test("S3 faults: a store that ignores conditions is found out, and sync works on it", async () => {
  await using rig = await makeRig(
    minio,
    (request) => without("if-none-match", request) ?? without("if-match", request),
  );
  const vault = newVault();
  assert.equal(await vault.createIn(rig.store), "ignored");
  assert.equal(await vault.openIn(rig.direct), "yes");
  await using other = await makeRig(minio, rig.proxy.choose);
  await syncsThere(other);
});

Deno.test("S3 faults: a store without conditions says 501, clearly, and sync works on it", async () => {
  const lacking = refusal(501, "NotImplemented");
  await using rig = await makeRig(
    minio,
    ({ headers }) => headers.has("if-none-match") || headers.has("if-match") ? lacking : undefined,
  );
  const { store } = rig;
  const error = await failsWith(
    store.putAtomic("k", bytesOf("x"), { ifNoneMatch: "*" }),
    "config",
  );
  assert.match(error.message, /NotImplemented, HTTP 501/);
  assert.match(error.hint ?? "", /lacks this feature/);
  assert.equal(rig.proxy.count("put"), 1);
  assert.equal(await newVault().createIn(store), "refused");
  await using other = await makeRig(minio, rig.proxy.choose);
  await syncsThere(other);
});

/** Two devices that know of no conditions, with answers lost on the way. */
async function syncsThere(rig: Rig): Promise<void> {
  const world = await worldOf(rig, false);
  const choose = rig.proxy.choose;
  let puts = 0;
  rig.proxy.choose = (request) =>
    request.operation === "put" && puts++ % 2 === 0 ? lostAnswer : choose(request);
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  record(a.db, testEvent(1));
  record(b.db, testEvent(2, { session_id: "b" }));
  await push(a.context);
  await push(b.context);
  record(a.db, testEvent(3));
  await push(a.context);
  await pull(a.context);
  await pull(b.context);
  assert.deepEqual(commands(a.db), ["echo 1", "echo 2", "echo 3"]);
  assert.deepEqual(commands(b.db), commands(a.db));
  world.close();
}

const BYTES = patternBytes(17 * MIB);

/** A choice of fault for the first tries of one part; the others pass. */
function onPart(number: number, ...faults: Fault[]): Choose {
  let tries = 0;
  return ({ operation, query }) =>
    operation === "upload part" && query.get("partNumber") === `${number}`
      ? faults[tries++]
      : undefined;
}

Deno.test("S3 faults: a part that fails is sent again, and only that part", async () => {
  const faults = [flippedRequest, resetBefore, resetDuring, lostAnswer, html(500), slowDown];
  await using rig = await makeRig(minio, onPart(2, ...faults));
  await rig.store.putAtomic("k", streamOf(BYTES));
  assert.ok(sameBytes(await readObject(rig.direct, "k"), BYTES));
  const parts = rig.proxy.seen.filter(({ operation }) => operation === "upload part")
    .map(({ query }) => query.get("partNumber"));
  assert.deepEqual(parts.sort(), ["1", ...Array(7).fill("2"), "3"]);
  assert.equal(rig.proxy.count("create upload"), 1);
  assert.deepEqual(await rig.openUploads(), []);
});

Deno.test("S3 faults: a part that stays refused takes the whole upload with it", async () => {
  const denied = refusal(403, "AccessDenied");
  await using rig = await makeRig(minio, onPart(2, denied));
  await failsWith(rig.store.putAtomic("k", streamOf(BYTES)), "auth");
  assert.deepEqual(await rig.openUploads(), []);
  await failsWith(rig.direct.head("k"), "not-found");
  // The removal of the parts is repeated as everything else is.
  await using flaky = await makeRig(minio);
  let aborts = 0;
  const refuse = onPart(2, denied);
  flaky.proxy.choose = (request) =>
    request.operation === "abort upload" && aborts++ < 3 ? html(500) : refuse(request);
  await failsWith(flaky.store.putAtomic("k", streamOf(BYTES)), "auth");
  assert.deepEqual(await flaky.openUploads(), []);
});

Deno.test("S3 faults: a completion that says 200 and holds an error is no success", async () => {
  const body = (code: string) => `\n \n<Error><Code>${code}</Code></Error>`;
  const internal = answered(200, body("InternalError"));
  await using rig = await makeRig(minio, first("complete upload", internal, internal));
  await rig.store.putAtomic("k", streamOf(BYTES));
  assert.ok(sameBytes(await readObject(rig.direct, "k"), BYTES));
  assert.equal(rig.proxy.count("complete upload"), 3);
  rig.proxy.choose = every(answered(200, body("EntityTooLarge")), "complete upload");
  await failsWith(rig.store.putAtomic("other", streamOf(BYTES)), "config");
  rig.proxy.choose = every(answered(200, "<html>"), "complete upload");
  await failsWith(rig.store.putAtomic("other", streamOf(BYTES)), "server");
  await failsWith(rig.direct.head("other"), "not-found");
  assert.deepEqual(await rig.openUploads(), []);
});

Deno.test("S3 faults: a completion whose answer is lost is found to be done", async () => {
  await using rig = await makeRig(minio, first("complete upload", lostAnswer));
  const { etag } = await rig.store.putAtomic("k", streamOf(BYTES));
  const found = await rig.direct.get("k");
  assert.equal(found.etag, etag);
  assert.ok(sameBytes(await collect(found.body), BYTES));
  assert.deepEqual(await rig.openUploads(), []);
});

Deno.test("S3 faults: a completion that is lost before it arrives is done again", async () => {
  await using rig = await makeRig(minio, first("complete upload", resetBefore, html(502)));
  await rig.store.putAtomic("k", streamOf(BYTES), { ifNoneMatch: "*" });
  assert.ok(sameBytes(await readObject(rig.direct, "k"), BYTES));
  assert.equal(rig.proxy.count("complete upload"), 3);
});

Deno.test("S3 faults: a completion under a condition is never a second writer's", async () => {
  await using rig = await makeRig(minio);
  rig.proxy.choose = (request) => {
    if (request.operation !== "complete upload") return undefined;
    return request.n ===
        rig.proxy.seen.findIndex(({ operation }) => operation === "complete upload")
      ? lostAnswer
      : undefined;
  };
  await rig.direct.putAtomic("k", bytesOf("theirs"));
  await failsWith(rig.store.putAtomic("k", streamOf(BYTES), { ifNoneMatch: "*" }), "conflict");
  assert.deepEqual(await readObject(rig.direct, "k"), bytesOf("theirs"));
  assert.deepEqual(await rig.openUploads(), []);
});

Deno.test("S3 faults: a part changed on the way is refused by the server, and the upload with it", async () => {
  await using rig = await makeRig(minio, every(flippedRequest, "upload part"));
  await failsWith(rig.store.putAtomic("k", streamOf(BYTES)), "hash-mismatch");
  assert.deepEqual(await rig.openUploads(), []);
});
