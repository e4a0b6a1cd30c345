/** The S3 store and answers that are not what was asked for: by mistake, by proxies, by malice. */
import assert from "node:assert/strict";
import { countEvents } from "../lib/db/mod.ts";
import { listAll, type SyncStore } from "../lib/store/mod.ts";
import { pull, push } from "../lib/sync/mod.ts";
import { makeRig, type Rig } from "./fault_kit.ts";
import type { Fault, FaultProxy } from "./fault_proxy.ts";
import {
  answered,
  cutAfter,
  every,
  first,
  flippedAt,
  flippedRequest,
  gzipped,
  html,
  isResume,
  rewritten,
  withHeader,
  without,
} from "./faults.ts";
import { startMinio } from "./minio.ts";
import { bytesOf, failsWith, patternBytes, readObject, sameBytes } from "./store_contract.ts";
import { commands, type Device, makeWorld, record, testEvent, type World } from "./world.ts";

const minio = await startMinio();
const BIG = patternBytes(1024 * 1024);

async function keysOf(store: SyncStore, prefix = "", pageSize?: number): Promise<string[]> {
  const entries = await Array.fromAsync(listAll(store, prefix, { pageSize }));
  return entries.map(({ key }) => key);
}

Deno.test("S3 faults: a listing that is cut or is no XML is tried again, and never taken for whole", async () => {
  const bad: Fault[] = [
    rewritten((xml) => xml.slice(0, xml.indexOf("</Contents>"))),
    rewritten((xml) => xml.slice(0, xml.lastIndexOf("</ListBucketResult>"))),
    rewritten((xml) => xml.replace("</Key>", "</key>")),
    rewritten((xml) => xml.replace("<Key>", "<Key>&")),
    rewritten(() => ""),
    html(200),
    answered(200, '{"keys":[]}'),
    cutAfter(200),
  ];
  for (const fault of bad) {
    await using rig = await makeRig(minio, first("list", fault));
    await rig.direct.putAtomic("a", bytesOf("a"));
    await rig.direct.putAtomic("b", bytesOf("b"));
    assert.deepEqual(await keysOf(rig.store), ["a", "b"]);
    assert.equal(rig.proxy.count("list"), 2);
    rig.proxy.choose = every(fault, "list");
    await failsWith(keysOf(rig.store), "kind" in fault && isCut(fault) ? "network" : "server");
  }
});

function isCut(fault: Fault): boolean {
  return fault.kind === "change" && fault.delivery !== undefined;
}

Deno.test("S3 faults: a listing whose tokens go round, or are missing, ends with an error", async () => {
  const token = /<NextContinuationToken>.*?<\/NextContinuationToken>/;
  for (const period of [1, 2]) {
    await using rig = await makeRig(minio);
    for (const key of ["a", "b", "c", "d", "e"]) await rig.direct.putAtomic(key, bytesOf(key));
    const tokens: string[] = [];
    rig.proxy.choose = every(
      rewritten((xml) => {
        const [own = ""] = token.exec(xml) ?? [];
        if (tokens.length < period) tokens.push(own);
        const page = rig.proxy.count("list") - 1;
        return xml.replace(token, tokens[page % period]!);
      }),
      "list",
    );
    await failsWith(keysOf(rig.store, "", 1), "server");
    assert.ok(rig.proxy.count("list") <= 4);
  }
  await using rig = await makeRig(minio, every(rewritten((xml) => xml.replace(token, "")), "list"));
  for (const key of ["a", "b"]) await rig.direct.putAtomic(key, bytesOf(key));
  await failsWith(keysOf(rig.store, "", 1), "server");
});

Deno.test("S3 faults: keys and ETags that XML could garble come through, encoded or not", async () => {
  const keys = ["a&amp;b", "c<d>&\"'", "e%20f", "g+h", "i j", "ünï/日本/🎉"].sort();
  await using rig = await makeRig(minio);
  for (const key of keys) await rig.direct.putAtomic(key, bytesOf(key));
  assert.deepEqual((await keysOf(rig.store, "", 2)).sort(), keys);
  // A server that does not encode, and says so by leaving the element out; ETags with entities.
  rig.proxy.choose = every(
    rewritten((xml) =>
      xml.replace("<EncodingType>url</EncodingType>", "")
        .replace(/<Key>(.*?)<\/Key>/g, (_, key: string) =>
          `<Key>${
            decodeURIComponent(key.replaceAll("+", " ")).replace(/[&<>]/g, (character) =>
              `&#${character.charCodeAt(0)};`)
          }</Key>`)
        .replace(/<ETag>(.*?)<\/ETag>/g, (_, etag: string) =>
          `<ETag>${etag.replace(/"|&quot;/g, "&#34;")}</ETag>`)
    ),
    "list",
  );
  const { entries } = await rig.store.list("");
  assert.deepEqual(entries.map(({ key }) => key).sort(), keys);
  for (const { key, etag } of entries) assert.equal(etag, (await rig.direct.head(key)).etag);
});

Deno.test("S3 faults: an ignored Range under a resume starts over, without a byte too many", async () => {
  await using rig = await makeRig(minio);
  await rig.direct.putAtomic("k", BIG);
  rig.proxy.choose = (request) => {
    if (request.operation !== "get") return undefined;
    return isResume(request) ? without("range", request) : cutAfter(300_000);
  };
  assert.ok(sameBytes(await readObject(rig.store, "k"), BIG));
  // A range that the caller asked for, though, can't be had there.
  rig.proxy.choose = (request) => without("range", request);
  const error = await failsWith(rig.store.get("k", { range: { start: 5, end: 9 } }), "config");
  assert.match(error.message, /ranges/);
  rig.proxy.choose = every(withHeader("content-range", "bytes 6-10/1048576"), "get");
  await failsWith(rig.store.get("k", { range: { start: 5, end: 9 } }), "config");
});

Deno.test("S3 faults: a proxy that compresses is told of, and its bytes are not taken for the object's", async () => {
  await using rig = await makeRig(minio, every(gzipped, "get", "list"));
  await rig.direct.putAtomic("k", BIG);
  const error = await failsWith(readObject(rig.store, "k"), "config");
  assert.match(`${error.message} ${error.hint}`, /compressed.*proxy/);
  const listing = await rig.store.list("").then(() => undefined, (reason) => reason);
  assert.ok(["config", "server"].includes(listing?.category), String(listing));
});

Deno.test("S3 faults: bytes changed on their way to the storage are refused there, and sent again", async () => {
  await using rig = await makeRig(minio, first("put", flippedRequest, flippedRequest));
  await rig.store.putAtomic("k", BIG);
  assert.ok(sameBytes(await readObject(rig.direct, "k"), BIG));
  assert.equal(rig.proxy.count("put"), 3);
  rig.proxy.choose = every(flippedRequest, "put");
  const error = await failsWith(rig.store.putAtomic("other", BIG), "hash-mismatch");
  assert.match(error.hint ?? "", /network, memory or a proxy/);
  assert.equal(rig.proxy.count("put"), 6);
});

/** A device with three segments in the bucket, and one that has pulled nothing, behind the proxy. */
async function published(rig: Rig): Promise<{ world: World; b: Device; segments: string[] }> {
  const world = await makeWorld({
    store: rig.direct,
    open: (observer) => rig.open({ observer }),
  });
  const a = world.addDevice("a");
  for (let n = 1; n <= 3; n++) {
    record(a.db, testEvent(n));
    await push(a.context);
  }
  const b = world.addDevice("b");
  const segments = (await keysOf(rig.direct)).filter((key) => key.endsWith(".hxseg"));
  return { world, b, segments };
}

/** Which GET is for a segment. */
function segmentGets(proxy: FaultProxy, fault: Fault, times = Infinity): void {
  let count = 0;
  proxy.choose = ({ operation, path }) =>
    operation === "get" && path.endsWith(".hxseg") && count++ < times ? fault : undefined;
}

Deno.test("S3 faults: a bit that flips on the way is found and fetched again", async () => {
  for (const at of [0, 40, -1]) {
    await using rig = await makeRig(minio);
    const { world, b } = await published(rig);
    segmentGets(rig.proxy, flippedAt(at), 2);
    assert.deepEqual((await pull(b.context)).rejected, {});
    assert.deepEqual(commands(b.db), ["echo 1", "echo 2", "echo 3"]);
    world.close();
  }
  await using rig = await makeRig(minio);
  const { world, b } = await published(rig);
  segmentGets(rig.proxy, flippedAt(-1));
  assert.deepEqual((await pull(b.context)).rejected, { segment: { corrupt: 3 } });
  assert.equal(countEvents(b.db), 0);
  rig.proxy.choose = () => undefined;
  await pull(b.context);
  assert.equal(countEvents(b.db), 3);
  world.close();
});

Deno.test("S3 faults: objects that were swapped or cut short in the bucket do not get in", async () => {
  await using rig = await makeRig(minio);
  const { world, b, segments } = await published(rig);
  const [one, two, three] = segments as [string, string, string];
  const whole = await Promise.all(segments.map((key) => readObject(rig.direct, key)));
  await rig.direct.putAtomic(one, whole[1]!);
  await rig.direct.putAtomic(two, whole[0]!);
  await rig.direct.putAtomic(three, whole[2]!.slice(0, -5));
  assert.deepEqual((await pull(b.context)).rejected, { segment: { corrupt: 3 } });
  assert.equal(countEvents(b.db), 0);
  for (const [n, key] of segments.entries()) await rig.direct.putAtomic(key, whole[n]!);
  assert.deepEqual((await pull(b.context)).rejected, {});
  assert.equal(countEvents(b.db), 3);
  world.close();
});

Deno.test("S3 faults: a body cut short, with a length to match, does not open", async () => {
  await using rig = await makeRig(minio);
  const { world, b } = await published(rig);
  segmentGets(
    rig.proxy,
    { kind: "change", answer: (answer) => ({ ...answer, body: answer.body.slice(0, -20) }) },
    3,
  );
  assert.deepEqual((await pull(b.context)).rejected, {});
  assert.equal(countEvents(b.db), 3);
  world.close();
});
