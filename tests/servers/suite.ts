/**
 * What `deno task servers` runs on each server: the store suite, and hx itself on two devices. The
 * environment says where the server is. Not part of `deno task test`.
 */
import assert from "node:assert/strict";
import { createS3Fetch } from "../../lib/s3/mod.ts";
import { listAll } from "../../lib/store/mod.ts";
import { bashHistory, Home, type Ran } from "../cli.ts";
import { s3Opener } from "../s3_kit.ts";
import { bytesOf, readObject, sameBytes, storeContract } from "../store_contract.ts";
import { serverFromEnv } from "./server.ts";

const server = serverFromEnv();
const fetch = createS3Fetch();
const T = 1_700_000_000;
const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: server.accessKey,
  AWS_SECRET_ACCESS_KEY: server.secretKey,
  AWS_ENDPOINT_URL_S3: server.endpoint,
};

storeContract("S3Store", async () => {
  const bucket = await server.newBucket();
  return {
    open: (prefix) => Promise.resolve(s3Opener(server, bucket, prefix, fetch)()),
    close: () => Promise.resolve(),
  };
});

/** Runs hx, which has to end well. */
async function hx(home: Home, args: string[], stdin?: string): Promise<Ran> {
  const ran = await home.run(args, { env: CREDENTIALS, ...(stdin && { stdin }) });
  assert.equal(ran.code, 0, `hx ${args.join(" ")}: ${ran.stderr}`);
  return ran;
}

async function storeArgs(): Promise<string[]> {
  return ["--store", `s3+endpoint://${await server.newBucket()}/team/hx`, "--path-style"];
}

async function remember(home: Home, ...lines: string[]): Promise<void> {
  await home.write(".bash_history", bashHistory(T, ...lines));
  await hx(home, ["import"]);
}

Deno.test("sync: two devices, both ways, forget, and nothing new is one LIST", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  const store = await storeArgs();
  await remember(a, "echo 1", "login --password x");
  await hx(a, ["sync", "init", ...store]);
  await hx(a, ["sync", "push"]);
  await hx(b, ["sync", "join", ...store], await a.hx("key", "show"));
  await hx(b, ["sync", "pull"]);
  assert.deepEqual(await b.commands(), ["echo 1", "login --password x"]);
  await remember(b, "echo 1", "login --password x", "echo 3");
  await hx(b, ["sync", "push"]);
  await hx(a, ["sync", "pull"]);
  await hx(a, ["forget", "--match", "--password", "--yes"]);
  await hx(a, ["sync", "push"]);
  await hx(b, ["sync", "pull"]);
  for (const home of [a, b]) {
    assert.deepEqual(await home.commands(), ["echo 1", "echo 3"]);
    await hx(home, ["sync"]);
  }
  await hx(a, ["sync"]);
  const requests = (await hx(a, ["sync", "--verbose"])).stderr.match(/^(list|get|put|head) /gm);
  assert.deepEqual(requests, ["list "]);
});

Deno.test("sync: a copied device splits, and no history is lost", async () => {
  await using a = await Home.make();
  await using copy = await Home.make();
  await using b = await Home.make();
  const store = await storeArgs();
  await remember(a, "echo 1");
  await hx(a, ["sync", "init", ...store]);
  await hx(a, ["sync"]);
  await new Deno.Command("cp", { args: ["-R", `${a.path}/.local`, copy.path] }).output();
  await remember(a, "echo 1", "echo 2");
  await remember(copy, "echo 1", "echo 2b");
  await hx(a, ["sync", "push"]);
  assert.match((await hx(copy, ["sync", "push"])).stderr, /copied/);
  await hx(b, ["sync", "join", ...store], await a.hx("key", "show"));
  await hx(b, ["sync"]);
  assert.deepEqual((await b.commands()).sort(), ["echo 1", "echo 2", "echo 2b"]);
});

Deno.test("sync: what someone else wrote over our objects is put back", async () => {
  await using a = await Home.make();
  const store = await storeArgs();
  const bucket = store[1]!.split("/")[2]!;
  await remember(a, "echo 1");
  await hx(a, ["sync", "init", ...store]);
  await hx(a, ["sync"]);
  const opened = s3Opener(server, bucket, "team/hx", fetch)();
  const keys = (await Array.fromAsync(listAll(opened, ""))).map(({ key }) => key);
  const manifest = keys.find((key) => key.endsWith(".hxman"))!;
  const garbage = bytesOf("not ours");
  await opened.putAtomic(manifest, garbage);
  await remember(a, "echo 1", "echo 2");
  await hx(a, ["sync"]);
  assert.ok(!sameBytes(await readObject(opened, manifest), garbage));
  await using b = await Home.make();
  await hx(b, ["sync", "join", ...store], await a.hx("key", "show"));
  await hx(b, ["sync"]);
  assert.deepEqual(await b.commands(), ["echo 1", "echo 2"]);
});

for (const [what, name] of [["secret", "SECRET_ACCESS_KEY"], ["access key", "ACCESS_KEY_ID"]]) {
  Deno.test(`auth: a wrong ${what} is exit 10`, async () => {
    await using home = await Home.make();
    const env = { ...CREDENTIALS, [`AWS_${name}`]: "wrong-wrong-wrong-wrong" };
    await home.fails(10, ["sync", "init", ...await storeArgs()], { env });
  });
}
