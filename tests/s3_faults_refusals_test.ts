/** The S3 store on a real server that refuses: for a while, for too much load, or for good. */
import assert from "node:assert/strict";
import { isCategory } from "../lib/errors.ts";
import { CALLS, makeRig, OPERATIONS } from "./fault_kit.ts";
import type { Fault } from "./fault_proxy.ts";
import { every, first, html, refusal, resetBefore, slowDown } from "./faults.ts";
import { startMinio } from "./minio.ts";
import { bytesOf, readObject } from "./store_contract.ts";

const minio = await startMinio();

Deno.test("S3 faults: server errors pass, and the waits between grow", async () => {
  const faults = [refusal(500, "InternalError"), html(502), refusal(503, "ServiceUnavailable")];
  for (const operation of OPERATIONS) {
    await using rig = await makeRig(minio, first(operation, ...faults, html(504)));
    await rig.direct.putAtomic("old", bytesOf("old"));
    await CALLS[operation](rig);
    assert.deepEqual(rig.waits, [100, 200, 400, 800]);
    assert.equal(rig.meter.counts.retries, 4);
  }
});

Deno.test("S3 faults: long throttling lowers the requests under way, and they creep back", async () => {
  await using rig = await makeRig(minio);
  const { proxy } = rig;
  await rig.direct.putAtomic("k", bytesOf("x"));
  const most = async () => {
    const from = proxy.seen.length;
    await Promise.all(Array.from({ length: 64 }, () => readObject(rig.store, "k")));
    return Math.max(...proxy.seen.slice(from).map(({ inFlight }) => inFlight));
  };
  const before = await most();
  assert.ok(before >= 8, `only ${before} at once`);
  // A server that carries four at a time.
  proxy.choose = ({ inFlight }) => inFlight > 4 ? slowDown : undefined;
  await most();
  const under = await most();
  assert.ok(under * 2 <= before, `${before} at once before, ${under} after`);
  assert.ok(rig.meter.counts.retries < 64, `${rig.meter.counts.retries} tries for nothing`);
  proxy.choose = () => undefined;
  let recovered = 0;
  for (let n = 0; n < 10 && recovered < before; n++) recovered = await most();
  assert.equal(recovered, before);
});

Deno.test("S3 faults: Retry-After: 60 is clamped, whatever status brings it", async () => {
  const after = { "retry-after": "60" };
  const faults = [slowDown, refusal(429, "TooManyRequests", after), refusal(503, "Busy", after)];
  await using rig = await makeRig(minio, first("get", ...faults));
  await rig.direct.putAtomic("k", bytesOf("x"));
  await readObject(rig.store, "k");
  assert.deepEqual(rig.waits, [20_000, 20_000, 20_000]);
});

/** Refusals that pass, and what they are called when they do not: design's table, over the wire. */
const PASSING: [Fault, string][] = [
  [refusal(400, "RequestTimeout"), "timeout"],
  [html(408), "timeout"],
  [html(429), "throttling"],
  [slowDown, "throttling"],
  [html(500), "server"],
  [html(502), "server"],
  [html(503), "server"],
  [html(504), "server"],
  [html(520), "server"],
  [refusal(409, "ConditionalRequestConflict"), "conflict"],
  [refusal(409, "OperationAborted"), "conflict"],
  [resetBefore, "network"],
];

Deno.test("S3 faults: trouble that stays is told after eight tries, by its category", async () => {
  for (const [fault, category] of PASSING) {
    await using rig = await makeRig(minio, every(fault, "put"));
    const error = await rig.store.putAtomic("k", bytesOf("x")).then(() => undefined, (e) => e);
    assert.ok(isCategory(error, category as "timeout"), `${category}: ${error}`);
    assert.ok(error.hint !== undefined && error.message.includes("s3:PutObject"), error.message);
    assert.equal(rig.proxy.count("put"), 8, category);
  }
});

/** Refusals that repeating does not mend. */
const FINAL: [Fault, string][] = [
  [refusal(403, "AccessDenied"), "auth"],
  [html(403), "auth"],
  [refusal(403, "InvalidAccessKeyId"), "auth"],
  [refusal(403, "SignatureDoesNotMatch"), "auth"],
  [refusal(404, "NoSuchBucket"), "config"],
  [refusal(404, "NoSuchKey"), "not-found"],
  [html(404), "not-found"],
  [html(412), "conflict"],
  [refusal(501, "NotImplemented"), "config"],
  [refusal(400, "EntityTooLarge"), "config"],
  [html(411), "config"],
  [html(400), "config"],
];

Deno.test("S3 faults: refusals that repeating does not mend are told at once", async () => {
  for (const [fault, category] of FINAL) {
    await using rig = await makeRig(minio, every(fault, "put"));
    const error = await rig.store.putAtomic("k", bytesOf("x")).then(() => undefined, (e) => e);
    assert.ok(isCategory(error, category as "auth"), `${category}: ${error}`);
    assert.equal(rig.proxy.count("put"), 1, category);
  }
});
