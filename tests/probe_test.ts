/** What a store does with conditions is found out at `init` and `join`, and lived with. */
import assert from "node:assert/strict";
import { generateMaster } from "../lib/crypto/mod.ts";
import { statusLines } from "../lib/commands/status.ts";
import { openDatabase, readIdentity, type StoreCapabilities } from "../lib/db/mod.ts";
import { HxError } from "../lib/errors.ts";
import { createS3Fetch, type S3Fetch } from "../lib/s3/mod.ts";
import {
  FolderStore,
  MemoryStore,
  Meter,
  type PutOptions,
  type SyncStore,
} from "../lib/store/mod.ts";
import { createVault, joinVault, pull, push, readStatus } from "../lib/sync/mod.ts";
import { styleFor } from "../lib/ui/style.ts";
import { startMinio } from "./minio.ts";
import { s3Opener } from "./s3_kit.ts";
import { failsWith, readObject } from "./store_contract.ts";
import { seeded, seededBytes } from "./seeded.ts";
import { commands, makeWorld, record, START, testEvent, testNode } from "./world.ts";

const minio = await startMinio();
const fetches = createS3Fetch();
const random = seededBytes(seeded(8));
const master = generateMaster(random);
const MADE = { vaultId: testNode(2), master, name: "x", nodeId: testNode(3) };
const VAULT_KEY = `vaults/${testNode(2)}/vault.hxvault`;

const context = (store: SyncStore) => ({
  store,
  clock: () => START,
  random,
  signal: new AbortController().signal,
});

/** Answers NotImplemented to every condition, as Backblaze B2 does. */
class RefusingStore extends MemoryStore {
  override putAtomic(
    key: string,
    body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
    options: PutOptions = {},
  ): Promise<{ etag: string }> {
    if (options.ifMatch === undefined && options.ifNoneMatch === undefined) {
      return super.putAtomic(key, body, options);
    }
    return Promise.reject(new HxError("config", "NotImplemented, HTTP 501"));
  }
}

/** A store on MinIO whose answers `change` may give itself. */
async function minioStore(change: (url: URL, init: RequestInit) => Response | void = () => {}) {
  const wrap = (inner: S3Fetch["pooled"]) => async (url: string, init: RequestInit) =>
    change(new URL(url), init) ?? await inner(url, init);
  const fetch = { pooled: wrap(fetches.pooled), fresh: wrap(fetches.fresh), close() {} };
  const bucket = await minio.newBucket();
  const meter = new Meter();
  return { store: s3Opener(minio, bucket, "p", fetch)(meter), bucket, meter };
}

/** Whether a request carries a condition. */
function conditional({ headers }: RequestInit): boolean {
  const all = new Headers(headers);
  return all.has("if-none-match") || all.has("if-match");
}

function completes(url: URL, init: RequestInit): boolean {
  return init.method === "POST" && url.searchParams.has("uploadId");
}

/** Carries a completion out, as far as the client can tell, and loses the answer. */
function losingOneAnswer() {
  let tries = 0;
  return (url: URL, init: RequestInit) => {
    if (!completes(url, init)) return;
    if (tries++ > 0) return refusal("NoSuchUpload", 404);
    throw new TypeError("error sending request", { cause: new Error("connection reset") });
  };
}

const refusal = (code: string, status: number) =>
  new Response(`<Error><Code>${code}</Code></Error>`, { status });

Deno.test("createVault() and joinVault() remember what becomes of conditions", async () => {
  const folder = await Deno.makeTempDir({ prefix: "hx-probe-" });
  const yes = { conditionalPut: "yes", conditionalComplete: "yes" };
  const ignored = { conditionalPut: "ignored", conditionalComplete: "ignored" };
  const refused = { conditionalPut: "refused", conditionalComplete: "refused" };
  const cases = [
    [new MemoryStore(), yes],
    [await FolderStore.open(folder), yes],
    [(await minioStore()).store, yes],
    [new MemoryStore({ ignoreConditions: true }), ignored],
    [new RefusingStore(), refused],
  ] as const;
  for (const [store, expected] of cases) {
    assert.deepEqual((await createVault(context(store), MADE)).capabilities, expected);
    const before = await readObject(store, VAULT_KEY);
    assert.deepEqual((await joinVault(context(store), master)).capabilities, expected);
    assert.deepEqual(await readObject(store, VAULT_KEY), before);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("the probe is six requests, and leaves no parts", async () => {
  const { store, bucket, meter } = await minioStore();
  await createVault(context(store), MADE);
  const before = meter.counts;
  await joinVault(context(store), master);
  // Two PUTs; create, part and complete of an upload; and its end.
  const requests = { list: 1, get: 1, put: 5, head: 0, delete: 1 };
  assert.deepEqual(meter.since(before).requests, requests);
  const open = await (await minio.request("GET", `/${bucket}/?uploads&prefix=p/${VAULT_KEY}`))
    .text();
  assert.ok(open.includes("<ListMultipartUploadsResult") && !open.includes("<Upload>"));
});

Deno.test("puts and completions are probed apart", async () => {
  const done = `<CompleteMultipartUploadResult></CompleteMultipartUploadResult>`;
  const cases: [string, string, Parameters<typeof minioStore>[0]][] = [
    ["yes", "ignored", (url, init) => completes(url, init) ? new Response(done) : undefined],
    ["yes", "ignored", losingOneAnswer()],
    [
      "yes",
      "refused",
      (url, init) => completes(url, init) ? refusal("NotImplemented", 501) : undefined,
    ],
    [
      "yes",
      "refused",
      (url) => url.search === "?uploads=" ? refusal("NotImplemented", 501) : undefined,
    ],
    [
      "refused",
      "refused",
      (_, init) => conditional(init) ? refusal("NotImplemented", 501) : undefined,
    ],
    [
      "refused",
      "yes",
      (url, init) =>
        conditional(init) && !completes(url, init) ? refusal("NotImplemented", 501) : undefined,
    ],
    [
      "ignored",
      "yes",
      (_, init) =>
        new Headers(init.headers).has("if-match")
          ? new Response(null, { headers: { etag: '"e"' } })
          : undefined,
    ],
  ];
  for (const [conditionalPut, conditionalComplete, change] of cases) {
    const { store } = await minioStore(change);
    const { capabilities } = await createVault(context(store), MADE);
    assert.deepEqual(capabilities, { conditionalPut, conditionalComplete });
  }
});

Deno.test("the probe does not take a refused write for an answer", async () => {
  const { store } = await minioStore((url, init) =>
    completes(url, init) ? refusal("AccessDenied", 403) : undefined
  );
  await failsWith(createVault(context(store), MADE), "auth");
});

Deno.test("a store that refuses conditions: devices sync, clones split, nothing is lost", async () => {
  const world = await makeWorld({ store: new RefusingStore(), conditionalWrites: false });
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  record(a.db, testEvent(1));
  // A segment and a manifest, each read, put and read.
  assert.deepEqual((await push(a.context)).requests, {
    list: 0,
    get: 4,
    put: 2,
    head: 0,
    delete: 0,
  });
  const dir = Deno.makeTempDirSync();
  a.db.run("VACUUM INTO ?", `${dir}/clone.db`);
  const clone = world.addDevice("clone", { db: openDatabase(`${dir}/clone.db`) });
  record(a.db, testEvent(2));
  record(clone.db, testEvent(3));
  await push(a.context);
  await push(clone.context);
  assert.notEqual(readIdentity(clone.db)!.nodeId, readIdentity(a.db)!.nodeId);
  await pull(b.context);
  assert.deepEqual(commands(b.db), ["echo 1", "echo 2", "echo 3"]);
  world.close();
  Deno.removeSync(dir, { recursive: true });
});

Deno.test("statusLines() says where conditions are not honoured, and nothing where they are", async () => {
  const world = await makeWorld();
  const { db } = world.addDevice("a");
  const status = await readStatus(db, "s3://bucket/hx", "test");
  const linesOf = (conditionalPut: StoreCapabilities["conditionalPut"]) =>
    statusLines(status, styleFor(false), { conditionalPut, conditionalComplete: "ignored" });
  const plain = linesOf("yes");
  for (const support of ["ignored", "refused"] as const) {
    const [line, ...more] = linesOf(support).filter((text) => !plain.includes(text));
    const does = support.replace(/d$/, "s");
    assert.match(line!, new RegExp(`^ +${does} conditional writes: .* read before and after$`));
    assert.deepEqual(more, []);
  }
  world.close();
});

Deno.test("read back too early is not taken for a clone", async () => {
  // Shows the version before to the first reader after every overwrite.
  class LaggingStore extends MemoryStore {
    readonly #before = new Map<string, { bytes: Uint8Array<ArrayBuffer>; etag: string }>();
    override async putAtomic(...args: Parameters<MemoryStore["putAtomic"]>) {
      const before = this.objects.get(args[0]);
      const put = await super.putAtomic(...args);
      if (before && before.etag !== put.etag) this.#before.set(args[0], before);
      return put;
    }
    override async get(...args: Parameters<MemoryStore["get"]>) {
      const [now, before] = [this.objects.get(args[0]), this.#before.get(args[0])];
      if (!before) return await super.get(...args);
      this.#before.delete(args[0]);
      this.objects.set(args[0], before);
      const old = await super.get(...args);
      this.objects.set(args[0], now!);
      return old;
    }
  }
  const store = new LaggingStore({ ignoreConditions: true });
  const world = await makeWorld({ store, conditionalWrites: false });
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  const { nodeId } = readIdentity(a.db)!;
  for (let n = 1; n <= 3; n++) {
    record(a.db, testEvent(n));
    await push(a.context);
  }
  assert.equal(readIdentity(a.db)!.nodeId, nodeId);
  await pull(b.context);
  assert.deepEqual(commands(b.db), ["echo 1", "echo 2", "echo 3"]);
  world.close();
});
