/** An S3 store behind a fault proxy in front of a real MinIO; its waits take no time. */
import assert from "node:assert/strict";
import { createS3Fetch, parseStoreUri, S3Store, type S3StoreOptions } from "../lib/s3/mod.ts";
import { Meter, type SyncStore, throwIfAborted } from "../lib/store/mod.ts";
import { type Choose, type FaultProxy, startFaultProxy } from "./fault_proxy.ts";
import type { Minio } from "./minio.ts";
import { bytesOf, failsWith, readObject } from "./store_contract.ts";

/** A bucket, and two ways to it. */
export interface Rig extends AsyncDisposable {
  proxy: FaultProxy;
  /** Through the proxy. */
  store: S3Store;
  /** Past the proxy. */
  direct: SyncStore;
  meter: Meter;
  /** What the store would have waited between its tries, in milliseconds. */
  waits: number[];
  bucket: string;
  /** Another store through the proxy. */
  open(overrides?: Partial<S3StoreOptions>): S3Store;
  /** Keys that the bucket holds parts of uploads for, as the server tells. */
  openUploads(): Promise<string[]>;
}

/** How to make a {@link Rig}. */
export interface RigOptions extends Partial<S3StoreOptions> {
  tls?: { key: string; cert: string };
  /** Certificates to trust, in PEM. */
  caCerts?: string[];
}

/** Makes a bucket and opens stores on it. */
export async function makeRig(
  minio: Minio,
  choose?: Choose,
  { tls, caCerts, ...options }: RigOptions = {},
): Promise<Rig> {
  const bucket = await minio.newBucket();
  const proxy = startFaultProxy(minio, choose, tls);
  const fetch = createS3Fetch(caCerts);
  const meter = new Meter();
  const waits: number[] = [];
  const opener = (endpoint: string) => (overrides: Partial<S3StoreOptions> = {}) => {
    const location = parseStoreUri(`s3+endpoint://${bucket}/team/hx`, { endpoint });
    if (location.kind !== "s3") throw new Error("not an S3 location");
    return new S3Store({ ...common, location, ...overrides });
  };
  const common = {
    credentials: () =>
      Promise.resolve({ accessKeyId: minio.accessKey, secretAccessKey: minio.secretKey }),
    fetch,
    clock: Date.now,
    random: () => 1,
    // deno-lint-ignore require-await
    sleep: async (milliseconds: number, signal?: AbortSignal) => {
      waits.push(milliseconds);
      throwIfAborted(signal);
    },
    timeoutMs: 60_000,
  };
  const open = opener(proxy.endpoint);
  return {
    proxy,
    store: open({ observer: meter, ...options }),
    direct: opener(minio.endpoint)(),
    meter,
    waits,
    bucket,
    open,
    async openUploads() {
      // Without a prefix: MinIO takes one for a whole key.
      const response = await minio.request("GET", `/${bucket}/?uploads`);
      const text = await response.text();
      if (!response.ok) throw new Error(`listing uploads: ${response.status} ${text}`);
      return [...text.matchAll(/<Upload><Key>(.*?)<\/Key>/g)].map(([, key]) => key!);
    },
    async [Symbol.asyncDispose]() {
      fetch.close();
      await proxy.stop();
    },
  };
}

/** Every kind of request, each with what it must have done in the end. */
export const CALLS: Record<
  "list" | "get" | "head" | "put" | "delete",
  (rig: Rig) => Promise<void>
> = {
  async list({ store }) {
    assert.deepEqual((await store.list("old")).entries.map(({ key }) => key), ["old"]);
  },
  async get({ store }) {
    assert.deepEqual(await readObject(store, "old"), bytesOf("old"));
  },
  async head({ store }) {
    assert.equal((await store.head("old")).size, 3);
  },
  async put({ store, direct }) {
    await store.putAtomic("new", bytesOf("new"));
    assert.deepEqual(await readObject(direct, "new"), bytesOf("new"));
  },
  async delete({ store, direct }) {
    await store.delete("old");
    await failsWith(direct.head("old"), "not-found");
  },
};
/** What {@link CALLS} holds. */
export const OPERATIONS = Object.keys(CALLS) as (keyof typeof CALLS)[];
