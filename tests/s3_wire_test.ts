/** The S3 store against servers that answer badly: what goes over the wire, and how often. */
import assert from "node:assert/strict";
import { collect, Meter } from "../lib/store/mod.ts";
import { awsStore, onHttp, onTcp } from "./s3_wire.ts";
import { bytesOf, failsWith } from "./store_contract.ts";

const CONTENT = "0123456789".repeat(10);

/** Announces what was asked for of 100 bytes, and sends no more than 40 of it. */
function cutAnswer(request: string, etag: string): string {
  const range = /^range: bytes=(\d+)-(\d*)/im.exec(request);
  const start = Number(range?.[1] ?? 0);
  const stop = Number(range?.[2] || 99) + 1;
  const head = [
    range === null ? "HTTP/1.1 200 OK" : "HTTP/1.1 206 Partial Content",
    `ETag: ${etag}`,
    `Content-Length: ${stop - start}`,
    ...(range === null ? [] : [`Content-Range: bytes ${start}-${stop - 1}/100`]),
  ];
  return `${head.join("\r\n")}\r\n\r\n${CONTENT.slice(start, Math.min(stop, start + 40))}`;
}

const object = (headers: Record<string, string> = {}) =>
  new Response("0123456789", { headers: { etag: '"e"', ...headers } });

Deno.test("S3Store waits as told, but no longer than the cap, and counts the tries", () =>
  onHttp((_, before) =>
    before < 3
      ? new Response("<Error><Code>SlowDown</Code></Error>", {
        status: 503,
        headers: { "retry-after": before === 0 ? "60" : "3" },
      })
      : object(), async ({ store, meter, waits }) => {
    assert.equal((await collect((await store.get("k")).body)).length, 10);
    assert.deepEqual(waits, [20_000, 3000, 4000]);
    assert.equal(meter.counts.requests.get, 4);
    assert.equal(meter.counts.retries, 3);
    assert.equal(meter.counts.bytes_in, 10);
  }));

Deno.test("S3Store gives up after eight tries, with the server's trouble", () =>
  onHttp(() => new Response("<html>502</html>", { status: 502 }), async ({ store, meter }) => {
    const error = await failsWith(store.putAtomic("a/k", bytesOf("x")), "server");
    assert.match(error.message, /s3:PutObject on bucket\/team\/hx\/a\/\* .*HTTP 502/);
    assert.equal(meter.counts.requests.put, 8);
  }));

Deno.test("S3Store follows no redirect", () =>
  onHttp(
    (request) => new Response(null, { status: 307, headers: { location: `${request.url}2` } }),
    async ({ store, meter }) => {
      assert.match((await failsWith(store.list(""), "config")).hint ?? "", /region/);
      assert.equal(meter.counts.requests.list, 1);
    },
  ));

Deno.test("S3Store sees that a range was ignored, and that an ETag is missing", () =>
  onHttp(
    (request) => new URL(request.url).pathname.endsWith("bare") ? new Response("x") : object(),
    async ({ store }) => {
      await failsWith(store.get("k", { range: { start: 2, end: 3 } }), "config");
      await failsWith(store.get("bare"), "server");
      await failsWith(store.get("k", { maxBytes: 9 }), "corrupt");
    },
  ));

Deno.test("S3Store refuses a listing that repeats its token", () => {
  const xml = `<ListBucketResult><IsTruncated>true</IsTruncated>` +
    `<NextContinuationToken>same</NextContinuationToken></ListBucketResult>`;
  return onHttp(() => new Response(xml), async ({ store }) => {
    assert.equal((await store.list("")).continuation, "same");
    await failsWith(store.list("", { continuation: "same" }), "server");
  });
});

Deno.test("S3Store asks for keys with what the signature covers, and for plain bytes", () =>
  onHttp((request) => {
    const url = new URL(request.url);
    assert.equal(url.pathname, "/bucket/team/hx/a%2Bb%20%28c%29");
    assert.equal(request.headers.get("accept-encoding"), "identity");
    assert.match(request.headers.get("authorization") ?? "", /\/us-east-1\/s3\/aws4_request/);
    return object();
  }, async ({ store }) => {
    assert.equal((await store.head("a+b (c)")).size, 10);
  }));

Deno.test("S3Store goes on with a body that is cut, whole or in part", () =>
  onTcp((request) => cutAnswer(request, '"e"'), async ({ store, meter }) => {
    const textOf = async (range?: { start: number; end?: number }) => {
      const found = await store.get("k", range === undefined ? {} : { range });
      assert.equal(found.size, 100);
      return new TextDecoder().decode(await collect(found.body));
    };
    assert.equal(await textOf(), CONTENT);
    assert.deepEqual([meter.counts.requests.get, meter.counts.retries], [3, 2]);
    assert.equal(meter.counts.bytes_in, 100);
    assert.equal(await textOf({ start: 15, end: 64 }), CONTENT.slice(15, 65));
    assert.equal(await textOf({ start: 51 }), CONTENT.slice(51));
  }));

Deno.test("S3Store errors a body whose object changes before it goes on", () =>
  onTcp((request, before) => cutAnswer(request, `"e${before}"`), async ({ store }) => {
    await failsWith(collect((await store.get("k")).body), "conflict");
  }));

Deno.test("S3Store errors a body that is cut where the server knows no ranges", () =>
  onTcp(
    () => 'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 100\r\n\r\n0123456789',
    async ({ store }) => {
      await failsWith(collect((await store.get("k")).body), "network");
    },
  ));

Deno.test("S3Store does not go on with a body that is cancelled", () =>
  onTcp((request) => cutAnswer(request, '"e"'), async ({ store, meter }) => {
    const { body } = await store.get("k");
    const reader = body.getReader();
    await reader.read();
    await reader.cancel();
    assert.equal(meter.counts.requests.get, 1);
  }));

Deno.test("S3Store repeats a request whose connection breaks", () =>
  onTcp(() => "", async ({ store, meter }) => {
    await failsWith(store.list(""), "network");
    assert.equal(meter.counts.requests.list, 8);
    await failsWith(store.putAtomic("k", bytesOf("x"), { ifNoneMatch: "*" }), "network");
    assert.equal(meter.counts.requests.put, 8);
  }));

Deno.test("S3Store goes to the bucket's own region once, and stays there", async () => {
  const hosts: string[] = [];
  const meter = new Meter();
  const store = awsStore((url, init) => {
    hosts.push(url.host);
    const scope = new Headers(init.headers).get("authorization") ?? "";
    if (scope.includes("/eu-west-1/s3/")) return new Response("<ListBucketResult/>");
    const body =
      "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
    return new Response(body, { status: 400 });
  }, meter);
  await store.list("");
  await store.list("");
  const [first, own] = ["bucket.s3.us-east-1.amazonaws.com", "bucket.s3.eu-west-1.amazonaws.com"];
  assert.deepEqual(hosts, [first, own, own]);
});

Deno.test("S3Store is not sent in circles, nor to other hosts, by regions", async () => {
  for (const regions of [["a-1", "b-2"], ["evil.example/"], ["x.example:443"]]) {
    const meter = new Meter();
    let count = 0;
    const store = awsStore((url) => {
      assert.ok(url.host.endsWith(".amazonaws.com"), url.host);
      const region = regions[count++ % regions.length]!;
      return new Response(null, { status: 301, headers: { "x-amz-bucket-region": region } });
    }, meter);
    await failsWith(store.list(""), "config");
    assert.equal(meter.counts.requests.list, regions.length);
  }
});
