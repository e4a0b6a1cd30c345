/** The pure parts of long uploads and of judging failures. */
import assert from "node:assert/strict";
import { Failure, failureOf } from "../lib/s3/errors.ts";
import { uploadParts } from "../lib/s3/multipart.ts";
import { networkFailureOf } from "../lib/s3/network_errors.ts";
import { MAX_PARTS, PART_BYTES, partBytesOf, PartReader } from "../lib/s3/parts.ts";
import { retrying } from "../lib/s3/retry.ts";
import { hexDigest } from "../lib/s3/signing.ts";
import { Transport } from "../lib/s3/transport.ts";
import { listParts, listUploads } from "../lib/s3/upload_requests.ts";
import { parsePartsAnswer, parseUploadsAnswer } from "../lib/s3/xml.ts";
import { streamOf } from "../lib/store/mod.ts";
import { failsWith, patternBytes, sameBytes } from "./store_contract.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

Deno.test("partBytesOf() takes 8 MiB, and more only where the parts would be too many", () => {
  assert.equal(partBytesOf(undefined), 8 * MIB);
  assert.equal(partBytesOf(0), 8 * MIB);
  assert.equal(partBytesOf(8 * MIB * MAX_PARTS), 8 * MIB);
  for (const size of [8 * MIB * MAX_PARTS + 1, 100 * GIB, 5 * 1024 * GIB]) {
    const bytes = partBytesOf(size);
    assert.ok(bytes > 8 * MIB && Math.ceil(size / bytes) <= MAX_PARTS, `${size}`);
  }
});

Deno.test("PartReader cuts into parts of one size, whatever the chunks", async () => {
  const bytes = patternBytes(100);
  for (const chunkBytes of [1, 7, 10, 33, 1000]) {
    for (const partBytes of [10, 30, 99, 100, 101]) {
      const reader = new PartReader(streamOf(bytes, chunkBytes), partBytes);
      const parts: Uint8Array[] = [];
      for (;;) {
        const part = await reader.next(undefined);
        if (part === undefined) break;
        parts.push(part);
      }
      assert.ok(parts.slice(0, -1).every(({ length }) => length === partBytes));
      assert.ok(sameBytes(Uint8Array.from(parts.flatMap((part) => [...part])), bytes));
    }
  }
});

/** A transport whose requests are answered by `answer`. */
function transportOf(answer: (url: URL, method: string) => Response): Transport {
  const send = (url: string, { method = "" }: RequestInit) =>
    Promise.resolve(answer(new URL(url), method));
  return new Transport({
    location: { kind: "s3", bucket: "b", prefix: "", region: "r", pathStyle: true },
    credentials: () => Promise.resolve({ accessKeyId: "id", secretAccessKey: "s" }),
    fetch: { pooled: send, fresh: send, close() {} },
    clock: () => 0,
    random: () => 0,
    sleep: () => Promise.resolve(),
    timer: () => () => {},
    timeoutMs: 1000,
  });
}

Deno.test("uploadParts() refuses the 10,001st part, and says what helps", async () => {
  const sha256 = await hexDigest(new Uint8Array(1));
  const numbers = Array.from({ length: MAX_PARTS }, (_, n) => n + 1);
  const known = new Map(numbers.map((number) => [number, { number, etag: '"e"', sha256 }]));
  const there = new Map(numbers.map((number) => [number, { number, etag: "e", size: 1 }]));
  const asked: string[] = [];
  const abortOnly = transportOf((_, method) => {
    asked.push(method);
    return new Response(null, { status: 204 });
  });
  const upload = uploadParts(abortOnly, {
    key: "k",
    first: [],
    parts: new PartReader(streamOf(new Uint8Array(MAX_PARTS + 1)), 1),
    conditions: {},
    earlier: { uploadId: "u", known, there },
  });
  const { message, hint } = await failsWith(upload, "config");
  assert.match(message, /larger than the 0 GiB/);
  assert.match(hint ?? "", /size/);
  assert.deepEqual(asked, ["DELETE"]);
  const whole = new PartReader(streamOf(new Uint8Array()), PART_BYTES);
  assert.match(whole.tooLarge().message, /78 GiB/);
});

Deno.test("parsePartsAnswer() reads a page of parts, and where the next begins", () => {
  const part = "<Part><PartNumber>3</PartNumber><ETag>&#34;e&#34;</ETag><Size>5</Size></Part>";
  const xml = (inner: string) => `<ListPartsResult>${inner}</ListPartsResult>`;
  const parts = [{ number: 3, etag: '"e"', size: 5 }];
  assert.deepEqual(parsePartsAnswer(xml(`<IsTruncated>false</IsTruncated>${part}`)), { parts });
  const more = "<IsTruncated>true</IsTruncated>";
  const next = "<NextPartNumberMarker>3</NextPartNumberMarker>";
  assert.deepEqual(parsePartsAnswer(xml(more + next + part)), { parts, next: "3" });
  const broken = [xml(more + part), xml("<Part><ETag>e</ETag></Part>"), xml(part).slice(0, -5)];
  for (const bad of [...broken, "<Other/>", ""]) {
    assert.throws(() => parsePartsAnswer(bad), { category: "server" });
  }
});

Deno.test("listParts() reads all pages, and stops where they go round", async () => {
  const page = (number: number, next: number | undefined) =>
    new Response(
      `<ListPartsResult><IsTruncated>${next !== undefined}</IsTruncated>` +
        `<NextPartNumberMarker>${next ?? 0}</NextPartNumberMarker><Part>` +
        `<PartNumber>${number}</PartNumber><ETag>e</ETag><Size>1</Size></Part></ListPartsResult>`,
    );
  const markerOf = (url: URL) => Number(url.searchParams.get("part-number-marker"));
  const name = { key: "k", uploadId: "u" };
  const good = transportOf((url) => {
    const number = markerOf(url) + 1;
    return page(number, number < 5 ? number : undefined);
  });
  assert.deepEqual((await listParts(good, name)).map(({ number }) => number), [1, 2, 3, 4, 5]);
  const round = transportOf((url) => page(1, markerOf(url) === 0 ? 2 : 1));
  await failsWith(listParts(round, name), "server");
});

Deno.test("listUploads() reads all pages, and stops where they go round", async () => {
  const page = (key: string, next: string) =>
    new Response(
      `<ListMultipartUploadsResult><IsTruncated>${next !== ""}</IsTruncated>` +
        `<NextKeyMarker>${next}</NextKeyMarker><NextUploadIdMarker>m</NextUploadIdMarker>` +
        `<Upload><Key>${key}</Key><UploadId>u</UploadId></Upload></ListMultipartUploadsResult>`,
    );
  const markerOf = (url: URL) => url.searchParams.get("key-marker") ?? "";
  const good = transportOf((url) => page("k", markerOf(url) === "xx" ? "" : `${markerOf(url)}x`));
  assert.equal((await listUploads(good)).length, 3);
  const round = transportOf((url) => page("k", markerOf(url) === "a" ? "b" : "a"));
  await failsWith(listUploads(round), "server");
});

Deno.test("parseUploadsAnswer() reads a page of uploads, and where the next begins", () => {
  const upload = "<Upload><Key>a+b%2Fc</Key><UploadId>u+1</UploadId>" +
    "<Initiated>2026-01-02T03:04:05.000Z</Initiated></Upload>";
  const xml = (inner: string) =>
    `<ListMultipartUploadsResult>${inner}</ListMultipartUploadsResult>`;
  const url = "<EncodingType>url</EncodingType>";
  const begunAt = Date.UTC(2026, 0, 2, 3, 4, 5);
  assert.deepEqual(parseUploadsAnswer(xml(url + upload)), {
    uploads: [{ key: "a b/c", uploadId: "u+1", begunAt }],
  });
  const more = "<IsTruncated>true</IsTruncated>";
  const next = "<NextKeyMarker>x+y</NextKeyMarker><NextUploadIdMarker>m</NextUploadIdMarker>";
  assert.deepEqual(parseUploadsAnswer(xml(url + more + next)).next, [
    ["key-marker", "x y"],
    ["upload-id-marker", "m"],
  ]);
  assert.throws(() => parseUploadsAnswer(xml(more)), { category: "server" });
  assert.throws(() => parseUploadsAnswer(xml("<Upload/>")), { category: "server" });
});

const purpose = { action: "s3:GetObject", target: "b/*" };

Deno.test("networkFailureOf() does not judge by the host's name or the key", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(1000));
      connection.close();
    }
  })();
  const url = `http://127.0.0.1:${listener.addr.port}/certificate/dns%20error/tls-timeout`;
  const thrown = await fetch(url).then(() => undefined, (error) => error);
  listener.close();
  await serving.catch(() => {});
  const { error, retry } = networkFailureOf(purpose, thrown);
  assert.match(error.message, /the connection broke/);
  assert.equal(retry.attempts, 8);
});

Deno.test("networkFailureOf() knows a port that Deno never talks to", () => {
  const thrown = new TypeError("Fetch failed: Requests to port 22 are blocked");
  const { error, retry } = networkFailureOf(purpose, thrown);
  assert.deepEqual([error.category, retry.attempts], ["config", 1]);
});

Deno.test("networkFailureOf() tells a clock from a CA, and a reset from either", () => {
  const of = (text: string) => {
    const { error, retry } = networkFailureOf(purpose, new TypeError(text));
    return [error.category, retry.attempts, error.hint] as const;
  };
  const [category, attempts, hint] = of("invalid peer certificate: certificate expired: verif...");
  assert.deepEqual([category, attempts], ["config", 1]);
  assert.match(hint ?? "", /clock/);
  assert.match(of("invalid peer certificate: UnknownIssuer")[2] ?? "", /AWS_CA_BUNDLE/);
  assert.deepEqual(of("client error (Connect): tls handshake eof").slice(0, 2), ["network", 3]);
  assert.deepEqual(of("invalid HTTP version parsed").slice(0, 2), ["config", 1]);
  assert.deepEqual(of("client error (Connect): unsuccessful tunnel").slice(0, 2), ["network", 3]);
});

/** How often `work` is tried whose failures are these, the last one for good. */
async function triesOf(failures: readonly Failure[]): Promise<number> {
  let tries = 0;
  await retrying({
    clock: () => 0,
    random: () => 0,
    sleep: () => Promise.resolve(),
    deadline: 1e9,
    classify: (error) => error as Failure,
  }, () => Promise.reject(failures[Math.min(tries++, failures.length - 1)])).catch(() => {});
  return tries;
}

Deno.test("retrying() gives each kind of failure its own tries, and eight in all", async () => {
  const of = (status: number, code: string) => {
    const body = `<Error><Code>${code}</Code></Error>`;
    return failureOf(purpose, { status, body, retryAfter: null });
  };
  const server = of(500, "InternalError");
  const digest = of(400, "BadDigest");
  const reset = networkFailureOf(purpose, new TypeError("connection reset"));
  const dns = networkFailureOf(purpose, new TypeError("dns error"));
  assert.equal(await triesOf([digest]), 3);
  assert.equal(await triesOf([reset, reset, server, server, digest]), 7);
  assert.equal(await triesOf([reset, reset, reset, dns]), 6);
  assert.equal(await triesOf([digest, server]), 8);
  assert.equal(await triesOf([server, server, server, server, server, server, digest]), 8);
  const mended = new Failure(server.error, { attempts: Infinity });
  assert.equal(await triesOf([...Array(7).fill(server), mended, server]), 9);
});
