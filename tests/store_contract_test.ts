import { join } from "node:path";
import { CountingStore, FolderStore, MemoryStore } from "../lib/store/mod.ts";
import { createS3Fetch, parseStoreUri, S3Store } from "../lib/s3/mod.ts";
import { sleep } from "../lib/store/mod.ts";
import { startMinio } from "./minio.ts";
import { storeContract } from "./store_contract.ts";

const minio = await startMinio();
const fetch = createS3Fetch();

storeContract("MemoryStore", () =>
  Promise.resolve({
    open: () => Promise.resolve(new MemoryStore()),
    close: () => Promise.resolve(),
  }));

storeContract("CountingStore", () =>
  Promise.resolve({
    open: () => Promise.resolve(new CountingStore(new MemoryStore())),
    close: () => Promise.resolve(),
  }));

storeContract("FolderStore", async () => {
  const root = await Deno.makeTempDir({ prefix: "hx-folder-" });
  return {
    open: (prefix) => FolderStore.open(join(root, prefix), { create: true }),
    close: () => Deno.remove(root, { recursive: true }),
  };
});

storeContract("S3Store", async () => {
  const bucket = await minio.newBucket();
  const { accessKey: accessKeyId, secretKey: secretAccessKey, endpoint } = minio;
  return {
    open(prefix) {
      const location = parseStoreUri(`s3+endpoint://${bucket}/${prefix}`, { endpoint });
      if (location.kind !== "s3") throw new Error("not an S3 location");
      const store = new S3Store({
        location,
        credentials: () => Promise.resolve({ accessKeyId, secretAccessKey }),
        fetch,
        clock: Date.now,
        random: Math.random,
        sleep,
        timeoutMs: 30_000,
      });
      return Promise.resolve(store);
    },
    close: () => Promise.resolve(),
  };
});
