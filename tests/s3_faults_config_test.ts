/** The S3 store with a login, a clock, an address or a certificate that is not right. */
import assert from "node:assert/strict";
import { parseStoreUri } from "../lib/s3/mod.ts";
import { makeRig } from "./fault_kit.ts";
import { every, first, refusal } from "./faults.ts";
import { startMinio } from "./minio.ts";
import { selfSigned } from "./self_signed.ts";
import { bytesOf, failsWith, patternBytes, readObject, sameBytes } from "./store_contract.ts";
import { temporaryCredentials } from "./sts.ts";

const minio = await startMinio();
const tls = await selfSigned();
const BIG = patternBytes(1024 * 1024);

Deno.test("S3 faults: an expired token is renewed once, and no more than once", async () => {
  const expired = refusal(400, "ExpiredToken");
  for (const operation of ["list", "put", "get"] as const) {
    let renewed = 0;
    let current = await temporaryCredentials(minio);
    const credentials = Object.assign(() => Promise.resolve(current), {
      async refresh() {
        renewed++;
        return current = await temporaryCredentials(minio);
      },
    });
    await using rig = await makeRig(minio, first(operation, expired), { credentials });
    await rig.direct.putAtomic("k", bytesOf("k"));
    const call = {
      list: () => rig.store.list(""),
      put: () => rig.store.putAtomic("new", bytesOf("x")),
      get: () => readObject(rig.store, "k"),
    }[operation];
    await call();
    assert.deepEqual([rig.proxy.count(operation), renewed], [2, 1]);
    rig.proxy.choose = every(expired, operation);
    const error = await failsWith(call(), "auth");
    assert.match(error.hint ?? "", /log in again/);
    assert.deepEqual([rig.proxy.count(operation), renewed], [4, 2]);
  }
});

Deno.test("S3 faults: twenty minutes of skew, either way, are corrected by the server's clock", async () => {
  for (const minutes of [-20, 20]) {
    const clock = () => Date.now() + minutes * 60_000;
    for (const operation of ["list", "get", "head", "put"] as const) {
      await using rig = await makeRig(minio, undefined, { clock });
      await rig.direct.putAtomic("k", bytesOf("k"));
      const call = {
        list: () => rig.store.list(""),
        get: () => readObject(rig.store, "k"),
        head: () => rig.store.head("k"),
        put: () => rig.store.putAtomic("new", bytesOf("x")),
      }[operation];
      await call();
      assert.equal(rig.proxy.count(operation), 2);
      await call();
      assert.equal(rig.proxy.count(operation), 3);
    }
  }
});

Deno.test("S3 faults: a clock that the server stays unhappy with is a matter of configuration", async () => {
  const date = new Date(Date.now() - 3_600_000).toUTCString();
  const skewed = refusal(403, "RequestTimeTooSkewed", { date });
  await using rig = await makeRig(minio, every(skewed, "list"));
  assert.match((await failsWith(rig.store.list(""), "config")).hint ?? "", /clock/);
  assert.equal(rig.proxy.count("list"), 2);
});

Deno.test("S3 faults: a server of one's own that names another region is not followed there", async () => {
  const region = "<Region>eu-west-1</Region>";
  const faults = [
    refusal(400, "AuthorizationHeaderMalformed", {}, region),
    refusal(301, "PermanentRedirect", { "x-amz-bucket-region": "eu-west-1" }),
    refusal(307, "TemporaryRedirect", { location: "http://127.0.0.1:1/" }),
  ];
  for (const fault of faults) {
    await using rig = await makeRig(minio, every(fault, "list"));
    assert.match((await failsWith(rig.store.list(""), "config")).hint ?? "", /region/);
    assert.equal(rig.proxy.count("list"), 1);
  }
});

Deno.test("S3 faults: an unknown CA is told of at once; with the CA at hand it works", async () => {
  await using unknown = await makeRig(minio, undefined, { tls });
  const error = await failsWith(unknown.store.list(""), "config");
  assert.match(error.hint ?? "", /CA/);
  assert.deepEqual([unknown.waits, unknown.proxy.seen.length], [[], 0]);
  await using known = await makeRig(minio, undefined, { tls, caCerts: [tls.cert] });
  await known.store.putAtomic("k", BIG);
  assert.ok(sameBytes(await readObject(known.store, "k"), BIG));
});

Deno.test("S3 faults: http where https is spoken is told of at once", async () => {
  await using rig = await makeRig(minio, undefined, { tls });
  const { bucket, proxy } = rig;
  const endpoint = proxy.endpoint.replace("https", "http");
  const location = parseStoreUri(`s3+endpoint://${bucket}/team/hx`, { endpoint });
  assert.ok(location.kind === "s3");
  const error = await failsWith(rig.open({ location }).list(""), "config");
  assert.match(error.hint ?? "", /http or https/);
  assert.deepEqual(rig.waits, []);
});
