/** The S3 store against a real server: what goes wrong there, and what is left behind. */
import assert from "node:assert/strict";
import { HxError } from "../lib/errors.ts";
import { collect, Meter, sleep, streamOf } from "../lib/store/mod.ts";
import { createS3Fetch, parseStoreUri, type S3Fetch, S3Store } from "../lib/s3/mod.ts";
import { startMinio } from "./minio.ts";
import { bytesOf, failsWith, patternBytes } from "./store_contract.ts";

const minio = await startMinio();
const fetches = createS3Fetch();
const MIB = 1024 * 1024;

interface Overrides {
  bucket?: string;
  prefix?: string;
  endpoint?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  fetch?: S3Fetch;
  meter?: Meter;
  timeoutMs?: number;
  clock?: () => number;
}

async function newStore(overrides: Overrides = {}): Promise<S3Store> {
  const bucket = overrides.bucket ?? await minio.newBucket();
  const endpoint = overrides.endpoint ?? minio.endpoint;
  const location = parseStoreUri(`s3+endpoint://${bucket}/${overrides.prefix ?? "p"}`, {
    endpoint,
  });
  assert.ok(location.kind === "s3");
  const { accessKeyId = minio.accessKey, secretAccessKey = minio.secretKey } = overrides;
  return new S3Store({
    location,
    credentials: () => Promise.resolve({ accessKeyId, secretAccessKey }),
    fetch: overrides.fetch ?? fetches,
    clock: overrides.clock ?? Date.now,
    random: () => 0,
    sleep: (_, signal) => sleep(0, signal),
    timeoutMs: overrides.timeoutMs ?? 20_000,
    ...(overrides.meter === undefined ? {} : { observer: overrides.meter }),
  });
}

/** Fetches that `change` may answer itself, or let through by answering nothing. */
function altered(change: (url: URL, init: RequestInit) => Response | void): S3Fetch {
  const wrap = (inner: S3Fetch["pooled"]) => async (url: string, init: RequestInit) =>
    change(new URL(url), init) ?? await inner(url, init);
  return { pooled: wrap(fetches.pooled), fresh: wrap(fetches.fresh), close() {} };
}

/** The multipart uploads that the bucket still holds parts of, as the server tells. */
async function openUploads(bucket: string, key: string): Promise<number> {
  const response = await minio.request("GET", `/${bucket}/?uploads&prefix=${key}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text.split("<Upload>").length - 1;
}

function allTexts(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = error instanceof HxError ? error.hint ?? "" : "";
  return `${error.message} ${hint} ${error.stack} ${allTexts(error.cause)}`;
}

Deno.test("S3Store tells a wrong secret from an unknown key, and shows neither", async () => {
  const secretAccessKey = "not-the-secret-0123456789";
  const wrong = await newStore({ secretAccessKey });
  const unknown = await newStore({ accessKeyId: "nobody-at-all" });
  for (const [store, pattern] of [[wrong, /Signature/], [unknown, /InvalidAccessKeyId/]] as const) {
    const calls = [
      () => store.list(""),
      () => store.get("k"),
      () => store.head("k"),
      () => store.putAtomic("k", bytesOf("x")),
      () => store.delete("k"),
    ];
    for (const call of calls) {
      const error = await failsWith(call(), "auth");
      assert.match(error.message, pattern);
      assert.ok(error.hint !== undefined);
      for (const secret of [secretAccessKey, minio.secretKey]) {
        assert.ok(!allTexts(error).includes(secret));
      }
    }
  }
});

Deno.test("S3Store says that the bucket is missing", async () => {
  const store = await newStore({ bucket: "no-such-bucket" });
  assert.match((await failsWith(store.list(""), "config")).message, /NoSuchBucket/);
  await failsWith(store.get("k"), "config");
  await failsWith(store.putAtomic("k", bytesOf("x")), "config");
  await failsWith(store.putAtomic("k", streamOf(new Uint8Array(9 * MIB))), "config");
});

Deno.test("S3Store says that nothing answers, after three tries", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  const meter = new Meter();
  const store = await newStore({ endpoint, meter });
  const error = await failsWith(store.list(""), "network");
  assert.match(error.message, /nothing answers/);
  assert.deepEqual(meter.counts.requests.list, 3);
  assert.equal(meter.counts.retries, 2);
});

Deno.test("S3Store says that https meets http", async () => {
  const store = await newStore({ endpoint: minio.endpoint.replace("http:", "https:") });
  assert.match((await failsWith(store.list(""), "config")).hint ?? "", /http or https/);
});

Deno.test("S3Store signs by the server's clock where its own is wrong, and remembers", async () => {
  for (const offsetMs of [-3_600_000, 3_600_000]) {
    const meter = new Meter();
    const store = await newStore({ clock: () => Date.now() + offsetMs, meter });
    await failsWith(store.head("k"), "not-found");
    assert.equal(meter.counts.requests.head, 2);
    await store.list("");
    assert.equal(meter.counts.requests.list, 1);
    const parallel = await newStore({ clock: () => Date.now() + offsetMs });
    const calls = Array.from({ length: 6 }, (_, n) => parallel.putAtomic(`${n}`, bytesOf("x")));
    assert.equal((await Promise.all(calls)).length, 6);
  }
});

Deno.test("S3Store gives up on a server that never answers", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = `http://127.0.0.1:${listener.addr.port}`;
  try {
    const store = await newStore({ endpoint, timeoutMs: 100 });
    await failsWith(store.list(""), "timeout");
    const signal = AbortSignal.timeout(50);
    await failsWith((await newStore({ endpoint })).get("k", { signal }), "timeout");
  } finally {
    listener.close();
  }
});

Deno.test("S3Store counts HTTP requests and bytes", async () => {
  const meter = new Meter();
  const store = await newStore({ meter });
  await store.putAtomic("k", bytesOf("hello"));
  await collect((await store.get("k")).body);
  await store.head("k");
  const before = meter.counts;
  assert.deepEqual(before.requests, { list: 0, get: 1, put: 1, head: 1, delete: 0 });
  assert.deepEqual([before.bytes_in, before.bytes_out, before.retries], [5, 5, 0]);
  await store.list("");
  await store.delete("k");
  const after = meter.since(before);
  assert.deepEqual(after.requests, { list: 1, get: 0, put: 0, head: 0, delete: 1 });
  assert.ok(after.bytes_in > 0);
});

Deno.test("S3Store uploads in parts of 8 MiB, and one part in one request", async () => {
  for (const [size, puts, heads] of [[8 * MIB, 1, 0], [8 * MIB + 1, 4, 1], [17 * MIB, 5, 1]]) {
    const meter = new Meter();
    const store = await newStore({ meter });
    const bytes = patternBytes(size!);
    const { etag } = await store.putAtomic("k", streamOf(bytes, 3 * MIB));
    assert.equal(meter.counts.requests.put, puts);
    assert.equal(meter.counts.requests.head, heads);
    assert.deepEqual(await store.head("k"), { etag, size });
  }
});

Deno.test("S3Store leaves no parts behind when an upload fails", async () => {
  const bucket = await minio.newBucket();
  const failing = altered((url) =>
    url.searchParams.get("partNumber") === "2"
      ? new Response("<Error><Code>AccessDenied</Code></Error>", { status: 403 })
      : undefined
  );
  const store = await newStore({ bucket, fetch: failing });
  await failsWith(store.putAtomic("a", streamOf(new Uint8Array(20 * MIB))), "auth");
  const stop = new AbortController();
  const stopping = altered((url) =>
    url.searchParams.get("partNumber") === "2" ? stop.abort() : undefined
  );
  const cancelled = await newStore({ bucket, fetch: stopping });
  const { signal } = stop;
  await failsWith(
    cancelled.putAtomic("b", streamOf(new Uint8Array(20 * MIB)), { signal }),
    "interrupted",
  );
  const plain = await newStore({ bucket });
  const breaking = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let n = 0; n < 3; n++) controller.enqueue(new Uint8Array(8 * MIB));
    },
    pull() {
      throw new HxError("corrupt", "the source broke");
    },
  });
  await failsWith(plain.putAtomic("c", breaking), "corrupt");
  for (const key of ["a", "b", "c"]) {
    assert.equal(await openUploads(bucket, `p/${key}`), 0);
    await failsWith(plain.head(key), "not-found");
  }
});

Deno.test("S3Store finds its parts where they are left behind: the check above can fail", async () => {
  const bucket = await minio.newBucket();
  const leaving = altered((url, init) => {
    if (url.searchParams.get("partNumber") === "2") return new Response("", { status: 403 });
    if (init.method === "DELETE") return new Response("", { status: 403 });
  });
  const store = await newStore({ bucket, fetch: leaving });
  await failsWith(store.putAtomic("a", streamOf(new Uint8Array(20 * MIB))), "auth");
  assert.equal(await openUploads(bucket, "p/a"), 1);
});

Deno.test("S3Store repeats a part, and a completion that is an error with status 200", async () => {
  let parts = 0;
  let completions = 0;
  const flaky = altered((url, init) => {
    if (url.searchParams.get("partNumber") === "2" && ++parts <= 2) {
      return new Response("<html>busy</html>", { status: 503 });
    }
    const completes = init.method === "POST" && url.searchParams.has("uploadId");
    if (completes && ++completions <= 2) {
      return new Response("\n <Error><Code>InternalError</Code></Error>", { status: 200 });
    }
  });
  const meter = new Meter();
  const store = await newStore({ fetch: flaky, meter });
  const bytes = patternBytes(9 * MIB);
  await store.putAtomic("k", streamOf(bytes));
  assert.equal((await store.head("k")).size, bytes.length);
  assert.equal(meter.counts.retries, 4);
});

Deno.test("S3Store takes a completion whose answer was lost for done", async () => {
  const losing = () => {
    let lost = false;
    const fresh: S3Fetch["fresh"] = async (url, init) => {
      const response = await fetches.fresh(url, init);
      if (lost || !url.includes("uploadId=")) return response;
      lost = true;
      await response.body?.cancel();
      throw new TypeError("error sending request", { cause: new Error("connection reset") });
    };
    return { pooled: fetches.pooled, fresh, close() {} };
  };
  const plain = await newStore({ fetch: losing() });
  const { etag } = await plain.putAtomic("k", streamOf(new Uint8Array(9 * MIB)));
  assert.deepEqual(await plain.head("k"), { etag, size: 9 * MIB });
  const careful = await newStore({ fetch: losing() });
  const ifNoneMatch = "*";
  await careful.putAtomic("k", streamOf(new Uint8Array(9 * MIB)), { ifNoneMatch }).catch(
    (error) => {
      assert.ok(error instanceof HxError && error.category === "conflict", String(error));
    },
  );
  assert.equal((await careful.head("k")).size, 9 * MIB);
});

Deno.test("S3Store sends conditional writes over connections of their own", async () => {
  const seen: string[] = [];
  const spying: S3Fetch = {
    pooled: (url, init) => (seen.push(`pooled ${init.method}`), fetches.pooled(url, init)),
    fresh: (url, init) => (seen.push(`fresh ${init.method}`), fetches.fresh(url, init)),
    close() {},
  };
  const store = await newStore({ fetch: spying });
  const { etag } = await store.putAtomic("k", bytesOf("1"), { ifNoneMatch: "*" });
  await store.putAtomic("k", bytesOf("2"), { ifMatch: etag });
  await store.putAtomic("k", bytesOf("3"));
  await store.putAtomic("k", streamOf(new Uint8Array(9 * MIB)));
  const part = "pooled PUT";
  assert.deepEqual(seen, [
    ...["fresh PUT", "fresh PUT", "pooled PUT"],
    ...["fresh POST", part, part, "fresh POST", "pooled HEAD"],
  ]);
});

Deno.test("S3Store ignores what lies beside its prefix, and folder markers in it", async () => {
  const bucket = await minio.newBucket();
  const whole = new S3Store({
    location: {
      kind: "s3",
      bucket,
      prefix: "",
      region: "us-east-1",
      endpoint: minio.endpoint,
      pathStyle: true,
    },
    credentials: () =>
      Promise.resolve({ accessKeyId: minio.accessKey, secretAccessKey: minio.secretKey }),
    fetch: fetches,
    clock: Date.now,
    random: Math.random,
    sleep,
    timeoutMs: 20_000,
  });
  const store = await newStore({ bucket, prefix: "team/hx" });
  const put = await minio.request("PUT", `/${bucket}/team/hx/dir/`);
  assert.equal(put.status, 200, await put.text());
  await whole.putAtomic("team/hx2/k", bytesOf("x"));
  await whole.putAtomic("team/other", bytesOf("x"));
  await store.putAtomic("k", bytesOf("x"));
  assert.deepEqual((await store.list("")).entries.map(({ key }) => key), ["k"]);
  const keys = (await whole.list("")).entries.map(({ key }) => key).sort();
  assert.deepEqual(keys, ["team/hx/k", "team/hx2/k", "team/other"]);
});
