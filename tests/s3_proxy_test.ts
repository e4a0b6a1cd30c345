/** Proxy variables, which are the runtime's affair: that the S3 store's requests heed them. */
import assert from "node:assert/strict";
import { selfSigned } from "./self_signed.ts";

const MODULE = new URL("../lib/s3/mod.ts", import.meta.url);
const ABORT = new URL("../lib/store/abort.ts", import.meta.url);
const CONFIG = new URL("../deno.json", import.meta.url);

/** Lists a store and tells what came of it. */
const CHILD = `
import { createS3Fetch, parseStoreUri, S3Store, caCertsFromEnv } from "${MODULE}";
import { sleep } from "${ABORT}";
const env = (name) => Deno.env.get(name);
const store = new S3Store({
  location: parseStoreUri("s3+endpoint://bucket/p", { endpoint: env("ENDPOINT") }),
  credentials: () => Promise.resolve({ accessKeyId: "id", secretAccessKey: "hunter2" }),
  fetch: createS3Fetch(await caCertsFromEnv(env)),
  clock: Date.now,
  random: () => 0,
  sleep: (_, signal) => sleep(0, signal),
  timeoutMs: 20000,
});
const tell = ({ category, hint }) => category + ": " + hint;
console.log(await store.list("").then(({ entries }) => entries.length + " keys", tell));
store.close();
`;

async function listIn(endpoint: string, env: Record<string, string>): Promise<string> {
  const script = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeTextFile(script, CHILD);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--config", CONFIG.pathname, script],
      env: { ...NO_PROXIES, ENDPOINT: endpoint, ...env },
    }).output();
    return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr);
  } finally {
    await Deno.remove(script);
  }
}

/** Whatever the machine has of them. */
const NO_PROXIES = Object.fromEntries(
  ["http_proxy", "https_proxy", "all_proxy", "no_proxy"]
    .flatMap((name) => [[name, ""], [name.toUpperCase(), ""]]),
);

interface Proxy extends AsyncDisposable {
  url: string;
  /** The first line of every request. */
  seen: string[];
}

/** Forwards what it is asked for, as absolute URLs and as tunnels; or refuses it with a status. */
function startProxy(refuseWith?: number): Proxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const seen: string[] = [];
  const serve = async (client: Deno.TcpConn) => {
    const buffer = new Uint8Array(65_536);
    const read = await client.read(buffer) ?? 0;
    const head = new TextDecoder().decode(buffer.subarray(0, read));
    const [method, target = ""] = head.split(" ");
    seen.push(`${method} ${target}`);
    const say = (text: string) => client.write(new TextEncoder().encode(text));
    if (refuseWith !== undefined) {
      await say(`HTTP/1.1 ${refuseWith} No\r\nContent-Length: 0\r\n\r\n`);
      return client.close();
    }
    const { hostname, port } = new URL(method === "CONNECT" ? `http://${target}` : target);
    const upstream = await Deno.connect({ hostname, port: Number(port) });
    if (method === "CONNECT") await say("HTTP/1.1 200 OK\r\n\r\n");
    else await upstream.write(buffer.subarray(0, read));
    await Promise.allSettled([
      client.readable.pipeTo(upstream.writable),
      upstream.readable.pipeTo(client.writable),
    ]);
  };
  const serving = (async () => {
    for await (const client of listener) serve(client).catch(() => {});
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    seen,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving.catch(() => {});
    },
  };
}

async function onServer(
  tls: { key: string; cert: string } | undefined,
  body: (endpoint: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, ...tls },
    () => new Response("<ListBucketResult/>"),
  );
  try {
    await body(`http${tls === undefined ? "" : "s"}://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

Deno.test("HTTP_PROXY is used, for this machine too, and NO_PROXY leaves it out", () =>
  onServer(undefined, async (endpoint) => {
    await using proxy = startProxy();
    assert.equal(await listIn(endpoint, { HTTP_PROXY: proxy.url }), "0 keys");
    assert.equal(proxy.seen.length, 1);
    assert.match(proxy.seen[0]!, /^GET http:\/\/127\.0\.0\.1:\d+\/bucket\/\?/);
    const around = { HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1" };
    assert.equal(await listIn(endpoint, around), "0 keys");
    assert.equal(proxy.seen.length, 1);
  }));

Deno.test("HTTPS_PROXY is asked for a tunnel, in which the storage's own certificate counts", async () => {
  const tls = await selfSigned();
  const bundle = await Deno.makeTempFile();
  await Deno.writeTextFile(bundle, tls.cert);
  try {
    await onServer(tls, async (endpoint) => {
      await using proxy = startProxy();
      const env = { HTTPS_PROXY: proxy.url };
      assert.equal(await listIn(endpoint, { ...env, AWS_CA_BUNDLE: bundle }), "0 keys");
      assert.match(proxy.seen[0]!, /^CONNECT 127\.0\.0\.1:\d+$/);
      assert.match(await listIn(endpoint, env), /^config: .*AWS_CA_BUNDLE/);
    });
  } finally {
    await Deno.remove(bundle);
  }
});

Deno.test("A proxy that wants a password, or lets nothing through, is told of", async () => {
  const cases = [
    ["http", 407, 1, /^config: put the proxy's user name/],
    ["https", 407, 1, /^config: put them into HTTP_PROXY/],
    ["https", 502, 3, /^network: check HTTPS_PROXY/],
  ] as const;
  for (const [scheme, status, requests, told] of cases) {
    await using proxy = startProxy(status);
    const name = `${scheme.toUpperCase()}_PROXY`;
    assert.match(await listIn(`${scheme}://storage.invalid`, { [name]: proxy.url }), told);
    assert.equal(proxy.seen.length, requests);
  }
});
