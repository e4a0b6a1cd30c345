/** The S3 store on a real server, over a network that breaks in every way that networks do. */
import assert from "node:assert/strict";
import { collect, listAll, sleep, streamOf } from "../lib/store/mod.ts";
import { CALLS, makeRig, OPERATIONS } from "./fault_kit.ts";
import type { Fault, Operation } from "./fault_proxy.ts";
import {
  blackHole,
  cutAfter,
  dripped,
  every,
  first,
  isResume,
  lostAnswer,
  resetBefore,
  resetDuring,
  slowDown,
  stallAfter,
  without,
} from "./faults.ts";
import { startMinio } from "./minio.ts";
import { bytesOf, failsWith, patternBytes, readObject, sameBytes } from "./store_contract.ts";

const minio = await startMinio();
const MIB = 1024 * 1024;
const BIG = patternBytes(MIB);

/** Runs every kind of request, the first try of each meeting the fault. */
async function eachOnce(fault: Fault, tries = 2): Promise<void> {
  for (const operation of OPERATIONS) {
    await using rig = await makeRig(minio, first(operation, fault));
    await rig.direct.putAtomic("old", bytesOf("old"));
    await CALLS[operation](rig);
    assert.equal(rig.proxy.count(operation), tries, operation);
  }
}

Deno.test("S3 faults: a connection that breaks before the request is read", () =>
  eachOnce(resetBefore));

Deno.test("S3 faults: a connection that breaks in the middle of a request", async () => {
  await using rig = await makeRig(minio, first("put", resetDuring, resetDuring));
  const bytes = patternBytes(6 * MIB);
  await rig.store.putAtomic("k", bytes);
  assert.ok(sameBytes(await readObject(rig.direct, "k"), bytes));
  assert.equal(rig.proxy.count("put"), 3);
});

Deno.test("S3 faults: an answer that is lost after the work was done", () => eachOnce(lostAnswer));

Deno.test("S3 faults: a body goes on where it broke, from the same version", async () => {
  await using rig = await makeRig(minio, first("get", cutAfter(300_000), cutAfter(200_000)));
  const { etag } = await rig.direct.putAtomic("k", BIG);
  assert.ok(sameBytes(await readObject(rig.store, "k"), BIG));
  const resumes = rig.proxy.seen.filter(isResume).map(({ headers }) => [
    headers.get("range"),
    headers.get("if-match"),
  ]);
  assert.deepEqual(resumes, [["bytes=300000-", etag], ["bytes=500000-", etag]]);
});

Deno.test("S3 faults: an object that changed under a resume is a conflict, not a mixture", async () => {
  await using rig = await makeRig(minio, first("get", cutAfter(300_000)));
  await rig.direct.putAtomic("k", BIG);
  const reader = (await rig.store.get("k")).body.getReader();
  await reader.read();
  await rig.direct.putAtomic("k", patternBytes(MIB, 2));
  await failsWith(
    (async () => {
      while (!(await reader.read()).done);
    })(),
    "conflict",
  );
});

Deno.test("S3 faults: a new ETag under a resume is a conflict, though the server ignores If-Match", async () => {
  await using rig = await makeRig(minio);
  await rig.direct.putAtomic("k", BIG);
  rig.proxy.choose = (request) =>
    isResume(request) ? without("if-match", request) : cutAfter(300_000);
  const reader = (await rig.store.get("k")).body.getReader();
  await reader.read();
  await rig.direct.putAtomic("k", patternBytes(MIB, 2));
  await failsWith(
    (async () => {
      while (!(await reader.read()).done);
    })(),
    "conflict",
  );
});

Deno.test("S3 faults: a body that stalls is given up and taken up again", async () => {
  await using rig = await makeRig(minio, first("get", stallAfter(300_000), stallAfter(0)), {
    stallMs: 250,
    timeoutMs: 10_000,
  });
  await rig.direct.putAtomic("k", BIG);
  assert.ok(sameBytes(await readObject(rig.store, "k"), BIG));
  assert.equal(rig.proxy.count("get"), 3);
});

Deno.test("S3 faults: a body that comes byte by byte is no stall", async () => {
  await using rig = await makeRig(minio, every(dripped, "get"), { stallMs: 5000 });
  await rig.direct.putAtomic("k", BIG.subarray(0, 2000));
  assert.ok(sameBytes(await readObject(rig.store, "k"), BIG.subarray(0, 2000)));
  assert.equal(rig.proxy.count("get"), 1);
});

Deno.test("S3 faults: a server that accepts and never answers is a timeout", async () => {
  for (const operation of OPERATIONS) {
    await using rig = await makeRig(minio, every(blackHole, operation), { timeoutMs: 150 });
    await failsWith(CALLS[operation](rig), "timeout");
  }
});

Deno.test("S3 faults: a body that never gets on is an error, not a short object", async () => {
  for (const [fault, category] of [[cutAfter, "network"], [stallAfter, "timeout"]] as const) {
    await using rig = await makeRig(minio, undefined, { stallMs: 50 });
    await rig.direct.putAtomic("k", BIG);
    rig.proxy.choose = (request) => isResume(request) ? fault(0) : fault(10);
    await failsWith(readObject(rig.store, "k"), category);
    assert.ok(rig.proxy.count("get") > 2);
  }
});

Deno.test("S3 faults: a kept connection that has died costs nothing but another one", async () => {
  await using rig = await makeRig(
    minio,
    ({ onConnection }) => onConnection > 0 ? resetBefore : undefined,
  );
  const { store, proxy } = rig;
  await rig.direct.putAtomic("old", bytesOf("old"));
  await store.list("");
  for (const operation of OPERATIONS) await CALLS[operation](rig);
  assert.ok(proxy.seen.some(({ onConnection }) => onConnection > 0), "no connection was kept");
  const from = proxy.seen.length;
  const { etag } = await store.putAtomic("once", bytesOf("1"), { ifNoneMatch: "*" });
  await store.putAtomic("once", bytesOf("2"), { ifMatch: etag });
  assert.deepEqual(proxy.seen.slice(from).map(({ onConnection }) => onConnection), [0, 0]);
});

Deno.test("S3 faults: an abort ends the wait between two tries", async () => {
  for (const operation of OPERATIONS) {
    const stop = new AbortController();
    await using rig = await makeRig(minio, every(slowDown, operation));
    const store = rig.open({
      sleep(milliseconds, signal) {
        queueMicrotask(() => stop.abort());
        return sleep(milliseconds, signal);
      },
    });
    const { signal } = stop;
    const calls: Record<string, () => Promise<unknown>> = {
      list: () => store.list("", { signal }),
      get: () => store.get("k", { signal }),
      head: () => store.head("k", { signal }),
      put: () => store.putAtomic("k", bytesOf("x"), { signal }),
      delete: () => store.delete("k", { signal }),
    };
    await failsWith(calls[operation]!(), "interrupted");
    assert.equal(rig.proxy.count(operation), 1);
  }
});

Deno.test("S3 faults: an abort ends an upload under way, and nothing of it is seen", async () => {
  const cases: [Operation, () => Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>][] = [
    ["put", () => patternBytes(6 * MIB)],
    ["upload part", () => streamOf(patternBytes(17 * MIB))],
    ["complete upload", () => streamOf(patternBytes(9 * MIB))],
  ];
  for (const [operation, body] of cases) {
    const stop = new AbortController();
    await using rig = await makeRig(minio, (request) => {
      if (request.operation !== operation) return undefined;
      queueMicrotask(() => stop.abort());
      return blackHole;
    });
    const { signal } = stop;
    await failsWith(rig.store.putAtomic("k", body(), { signal }), "interrupted");
    await failsWith(rig.direct.head("k"), "not-found");
    assert.deepEqual(await rig.openUploads(), []);
  }
});

Deno.test("S3 faults: a listing stops when aborted midway", async () => {
  const stop = new AbortController();
  await using rig = await makeRig(minio);
  for (const key of ["a", "b", "c"]) await rig.direct.putAtomic(key, bytesOf(key));
  rig.proxy.choose = ({ query }) => {
    if (!query.has("continuation-token")) return undefined;
    queueMicrotask(() => stop.abort());
    return stallAfter(100);
  };
  const keys: string[] = [];
  const reading = (async () => {
    for await (const { key } of listAll(rig.store, "", { pageSize: 1, signal: stop.signal })) {
      keys.push(key);
    }
  })();
  await failsWith(reading, "interrupted");
  assert.deepEqual(keys, ["a"]);
  assert.equal(rig.proxy.count("list"), 2);
});

Deno.test("S3 faults: an abort ends a body that stalls", async () => {
  const stop = new AbortController();
  await using rig = await makeRig(minio, every(stallAfter(1000), "get"));
  await rig.direct.putAtomic("k", BIG);
  const { body } = await rig.store.get("k", { signal: stop.signal });
  queueMicrotask(() => stop.abort());
  await failsWith(collect(body), "interrupted");
});
