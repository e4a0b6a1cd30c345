/** The command line on a bucket of a real MinIO, and on servers that fail it. */
import assert from "node:assert/strict";
import { bashHistory, Home, type Ran } from "./cli.ts";
import { startFaultProxy } from "./fault_proxy.ts";
import { every, withHeader } from "./faults.ts";
import { startMinio } from "./minio.ts";

const minio = await startMinio();
const T = 1_700_000_000;
const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: minio.accessKey,
  AWS_SECRET_ACCESS_KEY: minio.secretKey,
  AWS_ENDPOINT_URL_S3: minio.endpoint,
};

async function ok(home: Home, args: string[], stdin?: string): Promise<Ran> {
  const ran = await home.run(args, { env: CREDENTIALS, ...(stdin && { stdin }) });
  assert.equal(ran.code, 0, ran.stderr);
  return ran;
}

Deno.test("two devices sync through a bucket, and no output holds a secret", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  const store = `s3+endpoint://${await minio.newBucket()}/my history+1`;
  await a.write(".bash_history", bashHistory(T, "echo 1", "echo 2"));
  await ok(a, ["import"]);
  await ok(a, ["sync", "init", "--store", store, "--path-style"]);
  const pushed = await ok(a, ["sync", "--verbose"]);
  assert.equal(pushed.stdout, "pushed 1 segment\n");
  assert.match(pushed.stderr, /^list.*: 200 in \d+ ms$/m);
  assert.match(pushed.stderr, /^put .*\.hxseg: 200 in \d+ ms$/m);
  await ok(b, ["sync", "join", "--store", store, "--path-style"], await a.hx("key", "show"));
  assert.equal((await ok(b, ["sync"])).stdout, "pulled 1 segment (2 new events)\n");
  assert.deepEqual(await b.commands(), ["echo 1", "echo 2"]);
  const status = JSON.parse(await b.hx("sync", "status", "--json")) as { store: string };
  assert.equal(status.store, store);

  const wrong = { ...CREDENTIALS, AWS_SECRET_ACCESS_KEY: "wr0ng-wr0ng-wr0ng" };
  assert.match(await b.fails(10, ["sync", "-v"], { env: wrong }), /^hx: /m);
  const shown = await b.hx("sync", "status");
  assert.match(shown, /\nlast error .* pull: auth: /);
  const said = [...a.said, ...b.said].join("\n");
  for (const secret of [minio.secretKey, minio.accessKey, "wr0ng"]) {
    assert.ok(!said.includes(secret));
  }
});

Deno.test("a clock that is far from the storage's is told of; the work goes on", async () => {
  await using home = await Home.make();
  await using proxy = startFaultProxy(minio);
  const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_S3: proxy.endpoint };
  await home.write(".bash_history", bashHistory(T, "echo 1"));
  const init = ["sync", "init", "--store", `s3+endpoint://${await minio.newBucket()}/hx`];
  assert.equal((await home.run(init, { env })).code, 0);
  const all = ["list", "get", "put", "head"] as const;
  proxy.choose = every(withHeader("date", new Date(Date.now() + 1_200_000).toUTCString()), ...all);
  const { code, stderr } = await home.run(["sync"], { env });
  assert.equal(code, 0);
  assert.match(
    stderr,
    /warning: this machine's clock is (20|19)\S* .*behind the storage's\n {4}.+\n/,
  );
  proxy.choose = () => undefined;
  assert.ok(!/clock/.test((await home.run(["sync"], { env })).stderr));
});

Deno.test("a bucket that is not there is exit 19", async () => {
  await using home = await Home.make();
  const init = ["sync", "init", "--store", "s3+endpoint://hx-no-such-bucket/hx"];
  assert.match(await home.fails(19, init, { env: CREDENTIALS }), /bucket/);
});

Deno.test("--timeout ends a request that nobody answers with exit 13, Ctrl-C with 130", async () => {
  await using home = await Home.make();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  const connected = Promise.withResolvers<void>();
  let waitFor = Infinity;
  const accepting = (async () => {
    for await (const connection of listener) {
      connections.push(connection);
      if (connections.length >= waitFor) connected.resolve();
    }
  })();
  const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${listener.addr.port}` };
  const init = ["sync", "init", "--store", "s3+endpoint://bucket/hx"];
  await home.fails(13, [...init, "--timeout", "0.5"], { env });
  assert.ok(connections.length > 0);

  waitFor = connections.length + 1;
  const child = await home.start(init, { env });
  await connected.promise;
  child.kill("SIGINT");
  await child.stdin.close().catch(() => {});
  const { code, stderr } = await child.output();
  assert.equal(code, 130, new TextDecoder().decode(stderr));
  listener.close();
  await accepting;
  for (const connection of connections) connection.close();
});
