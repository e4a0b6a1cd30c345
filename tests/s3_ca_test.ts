/** CA files: what is taken for one, and that a certificate in it is trusted. */
import assert from "node:assert/strict";
import { caCertsFromEnv, parseCaFile } from "../lib/s3/ca.ts";
import { createS3Fetch } from "../lib/s3/mod.ts";
import { HxError } from "../lib/errors.ts";
import { selfSigned } from "./self_signed.ts";
import { failsWith } from "./store_contract.ts";
import { withStore } from "./s3_wire.ts";

const { key, cert } = await selfSigned();

Deno.test("parseCaFile() finds each certificate, among other things", () => {
  const [one] = parseCaFile(cert, "f");
  assert.ok(one!.startsWith("-----BEGIN CERTIFICATE-----\n"));
  assert.equal(parseCaFile(`# a comment\r\n${cert}\n${key}\n${cert}`, "f").length, 2);
  assert.equal(parseCaFile(cert.replaceAll("\n", "\r\n"), "f").length, 1);
});

Deno.test("parseCaFile() refuses what Deno would take without a word", () => {
  const body = cert.split("\n").slice(1, -2).join("\n");
  const damaged = cert.replace(body, body.slice(0, 100));
  const files = ["", "garbage", key, body, damaged, cert.slice(0, -10)];
  files.push(cert + cert.slice(0, -10), cert.replace(body, ""), cert.replace(body, btoa("x")));
  for (const text of files) {
    assert.throws(() => parseCaFile(text, "/etc/ca.pem"), (error) => {
      assert.ok(error instanceof HxError && error.category === "config");
      assert.match(error.message, /^the CA file \/etc\/ca\.pem holds/);
      return true;
    });
  }
});

Deno.test("caCertsFromEnv() reads AWS_CA_BUNDLE, if there is one", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, cert);
    const env = (value: string | undefined) => (name: string) =>
      name === "AWS_CA_BUNDLE" ? value : undefined;
    assert.equal((await caCertsFromEnv(env(path))).length, 1);
    assert.deepEqual(await caCertsFromEnv(env(undefined)), []);
    assert.deepEqual(await caCertsFromEnv(env("")), []);
    const { message } = await failsWith(caCertsFromEnv(env(`${path}.not`)), "config");
    assert.match(message, /can't be read/);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("S3Store trusts a server whose certificate is in the CA file, and no other", async () => {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, key, cert, onListen() {} },
    () => new Response("<ListBucketResult/>"),
  );
  const endpoint = `https://127.0.0.1:${server.addr.port}`;
  try {
    await withStore(endpoint, async ({ store }) => {
      assert.deepEqual(await store.list(""), { entries: [] });
    }, { fetch: createS3Fetch(parseCaFile(cert, "f")) });
    await withStore(endpoint, async ({ store, meter }) => {
      assert.match((await failsWith(store.list(""), "config")).hint ?? "", /AWS_CA_BUNDLE/);
      assert.equal(meter.counts.requests.list, 1);
    });
  } finally {
    await server.shutdown();
  }
});
