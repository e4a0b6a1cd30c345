/** The S3 store beside plain `fetch` with presigned URLs, and a pull over a slow link. */
import { AwsV4Signer } from "aws4fetch";
import pLimit from "p-limit";
import { sealObject } from "../../lib/crypto/mod.ts";
import { countEvents, readIdentity } from "../../lib/db/mod.ts";
import { encodeSegment, keyOf, rfc3339 } from "../../lib/format/mod.ts";
import { nameOf } from "../../lib/importer/mod.ts";
import { manifestName, manifestPayload, sealManifest } from "../../lib/manifest/mod.ts";
import { createS3Fetch, type S3Store } from "../../lib/s3/mod.ts";
import { pull } from "../../lib/sync/mod.ts";
import type { Minio } from "../minio.ts";
import { s3Opener } from "../s3_kit.ts";
import { type Device, makeWorld, testEvent, type World } from "../world.ts";
import { columns, median, secondsOf } from "./table.ts";

const IN_FLIGHT = 16;
const SMALL_OBJECTS = 2_000;
const SMALL_BYTES = 1_000;
const STREAM_BYTES = 256 * 2 ** 20;
const PART_BYTES = 8 * 2 ** 20;
const SEGMENTS = 20_000;
const DELAY_MS = 30;
const ROUNDS = 5;

/** Some work by the store and by plain `fetch`. */
export interface S3Row {
  what: string;
  /** How much of it there is: objects, or MiB. */
  amount: number;
  unit: string;
  store: number;
  plain: number;
}

/** A bucket, and signed URLs in it for `fetch`. */
interface Plain {
  url(method: string, key: string, query?: Record<string, string>): Promise<string>;
}

/** Runs all of it with databases in `dir`. */
export async function benchS3(minio: Minio, dir: string): Promise<S3Row[]> {
  const fetch = createS3Fetch();
  const bucket = await minio.newBucket();
  try {
    const store = s3Opener(minio, bucket, "store", fetch)();
    const plain = plainOf(minio, bucket);
    return [
      ...await smallObjects(store, plain),
      ...await streams(store, plain),
      await slowPull(minio, dir),
    ];
  } finally {
    fetch.close();
  }
}

/** Does both some times, each first in turn: what the machine does beside meets both alike. */
async function versus(
  what: Pick<S3Row, "what" | "amount" | "unit">,
  byStore: (round: number) => Promise<unknown>,
  byFetch: () => Promise<unknown>,
): Promise<S3Row> {
  const [store, plain]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const both = [
      async () => store.push(await secondsOf(() => byStore(round))),
      async () => plain.push(await secondsOf(byFetch)),
    ];
    for (const one of round % 2 === 0 ? both : both.reverse()) await one();
  }
  return { ...what, store: median(store), plain: median(plain) };
}

async function smallObjects(store: S3Store, plain: Plain): Promise<S3Row[]> {
  const body = new Uint8Array(SMALL_BYTES);
  const keys = Array.from({ length: SMALL_OBJECTS }, (_, i) => `small/${i}`);
  const urls = (method: string, folder: string) =>
    Promise.all(keys.map((key) => plain.url(method, folder + key)));
  const row = (
    what: string,
    byStore: (key: string, round: number) => Promise<unknown>,
    targets: string[],
    byFetch: (url: string) => Promise<unknown>,
  ): Promise<S3Row> =>
    versus(
      { what, amount: SMALL_OBJECTS, unit: "objects/s" },
      (round) => inFlight(keys, (key) => byStore(key, round)),
      () => inFlight(targets, byFetch),
    );
  const put = (url: string) => send(url, { method: "PUT", body });
  const read = async (key: string) => {
    const { body } = await store.get(key);
    await new Response(body).arrayBuffer();
  };
  return [
    await row("PUT", (key) => store.putAtomic(key, body), await urls("PUT", "plain/"), put),
    await row(
      "PUT, create-only",
      (key, round) => store.putAtomic(`new/${round}/${key}`, body, { ifNoneMatch: "*" }),
      await urls("PUT", "plain/new/"),
      put,
    ),
    await row("GET", read, await urls("GET", "plain/"), (url) => send(url)),
  ];
}

async function streams(store: S3Store, plain: Plain): Promise<S3Row[]> {
  const mib = { amount: STREAM_BYTES / 2 ** 20, unit: "MiB/s" };
  const url = async () => await plain.url("GET", "plain");
  return [
    await versus(
      { what: "stream up", ...mib },
      () => store.putAtomic("stream", source()),
      () => multipart(plain, "plain"),
    ),
    await versus(
      { what: "stream down", ...mib },
      async () => await drain((await store.get("stream")).body),
      async () => await drain((await fetch(await url())).body!),
    ),
  ];
}

function source(): ReadableStream<Uint8Array> {
  const chunk = crypto.getRandomValues(new Uint8Array(64 * 1024));
  let left = STREAM_BYTES;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === 0) return controller.close();
      left -= chunk.length;
      controller.enqueue(chunk);
    },
  }, { highWaterMark: 0 });
}

/** A multipart upload as one would write it with `fetch`: parts of 8 MiB, three at a time. */
async function multipart(plain: Plain, key: string): Promise<void> {
  const created = await text(await plain.url("POST", key, { uploads: "" }), { method: "POST" });
  const uploadId = /<UploadId>([^<]+)</.exec(created)![1]!;
  const numbers = Array.from({ length: STREAM_BYTES / PART_BYTES }, (_, i) => i + 1);
  const body = crypto.getRandomValues(new Uint8Array(64 * 1024));
  const limit = pLimit(3);
  const etags = await Promise.all(numbers.map((partNumber) =>
    limit(async () => {
      const part = new Uint8Array(PART_BYTES);
      for (let at = 0; at < part.length; at += body.length) part.set(body, at);
      const query = { partNumber: String(partNumber), uploadId };
      const response = await fetch(await plain.url("PUT", key, query), {
        method: "PUT",
        body: part,
      });
      await response.body?.cancel();
      return response.headers.get("etag")!;
    })
  ));
  const parts = etags.map((etag, i) =>
    `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`
  );
  await text(await plain.url("POST", key, { uploadId }), {
    method: "POST",
    body: `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`,
  });
}

/** A fresh device takes in many small segments; every answer comes late. */
async function slowPull(minio: Minio, dir: string): Promise<S3Row> {
  const fetch = createS3Fetch();
  const bucket = await minio.newBucket();
  const relay = await startDelay(Number(new URL(minio.endpoint).port));
  const slow = { ...minio, endpoint: `http://127.0.0.1:${relay.port}` };
  const open = s3Opener(slow, bucket, "hx", fetch);
  const world = await makeWorld({
    store: s3Opener(minio, bucket, "hx", fetch)(),
    open,
    folder: dir,
  });
  try {
    const keys = await publish(world, world.addDevice("writer"));
    const reader = world.addDevice("reader");
    const byStore = await secondsOf(() => pull(reader.context));
    if (countEvents(reader.db) !== SEGMENTS) throw new Error("events are missing");
    const plain = plainOf(slow, bucket);
    const urls = await Promise.all(keys.map((key) => plain.url("GET", `hx/${key}`)));
    const byFetch = await secondsOf(() => inFlight(urls, (url) => send(url)));
    const what = `fresh pull, ${DELAY_MS} ms away`;
    return { what, amount: SEGMENTS, unit: "segments/s", store: byStore, plain: byFetch };
  } finally {
    relay.stop();
    world.close();
    fetch.close();
  }
}

/** Puts segments of one event each, and the manifest that names them; answers with their keys. */
async function publish({ keys, random, store }: World, { db }: Device): Promise<string[]> {
  const { nodeId, label } = readIdentity(db)!;
  const now = Date.now();
  const numbers = Array.from({ length: SEGMENTS }, (_, i) => i + 1);
  const written: string[] = [];
  await inFlight(numbers, async (number) => {
    const name = await nameOf({ kind: "segment", nodeId, number }, keys.vaultId);
    const meta = { name, nodeId, createdAt: rfc3339(now), compression: "gzip" as const };
    const json = encodeSegment({ events: [testEvent(number)] });
    await store.putAtomic(keyOf(name), await sealObject(meta, json, keys, random));
    written.push(keyOf(name));
  });
  const payload = manifestPayload({
    vault_id: keys.vaultId,
    node_id: nodeId,
    manifest_seq: 1,
    segments: { start: 1, end: SEGMENTS },
    tombstones: { start: 1, end: 0 },
    node: { label, platform: "bench", hx_version: "0" },
    observed: {},
  }, now);
  const key = keyOf(manifestName(keys.vaultId, nodeId));
  await store.putAtomic(key, await sealManifest(payload, keys, random));
  return written;
}

async function startDelay(port: number): Promise<{ port: number; stop(): void }> {
  const worker = new Worker(import.meta.resolve("./delay.ts"), { type: "module" });
  const own = new Promise<number>((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
  });
  worker.postMessage({ port, milliseconds: DELAY_MS });
  return { port: await own, stop: () => worker.terminate() };
}

function plainOf(minio: Minio, bucket: string): Plain {
  return {
    async url(method, key, query = {}) {
      const url = new URL(`${minio.endpoint}/${bucket}/${key}`);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      const signer = new AwsV4Signer({
        method,
        url: url.href,
        accessKeyId: minio.accessKey,
        secretAccessKey: minio.secretKey,
        service: "s3",
        region: "us-east-1",
        signQuery: true,
      });
      return (await signer.sign()).url.href;
    },
  };
}

async function send(url: string, init?: RequestInit): Promise<void> {
  const response = await fetch(url, init);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${init?.method ?? "GET"}: ${response.status}`);
}

async function text(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, init);
  const body = await response.text();
  if (!response.ok || body.includes("<Error>")) throw new Error(`${response.status} ${body}`);
  return body;
}

async function drain(body: ReadableStream<Uint8Array>): Promise<void> {
  let bytes = 0;
  for await (const chunk of body) bytes += chunk.length;
  if (bytes !== STREAM_BYTES) throw new Error(`${bytes} bytes came`);
}

async function inFlight<T>(
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const next = items[Symbol.iterator]();
  const lane = async () => {
    for (let one = next.next(); !one.done; one = next.next()) await work(one.value);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

/** The rows as lines of text. */
export function s3Lines(rows: readonly S3Row[]): string[] {
  return columns([
    ["", "hx", "plain fetch", "", "of plain"],
    ...rows.map(({ what, amount, unit, store, plain }) => [
      what,
      (amount / store).toFixed(0),
      (amount / plain).toFixed(0),
      unit,
      (plain / store).toFixed(2),
    ]),
  ]);
}
