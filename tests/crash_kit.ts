/** The work that crash tests interrupt: one sync, or one long upload, on a folder or in a bucket. */
import { deriveVaultKeys } from "../lib/crypto/mod.ts";
import { openDatabase, uploadJournal } from "../lib/db/mod.ts";
import { fromHex } from "../lib/format/mod.ts";
import { createS3Fetch, type Fetch, parseStoreUri, S3Store } from "../lib/s3/mod.ts";
import {
  CountingStore,
  FolderStore,
  Meter,
  sleep,
  streamOf,
  type SyncStore,
} from "../lib/store/mod.ts";
import { runSync } from "../lib/sync/mod.ts";
import { patternBytes } from "./store_contract.ts";

/** Where the objects go. The credentials are those of a server that lives as long as the test. */
export type Target =
  | { folder: string }
  | {
    bucket: string;
    prefix: string;
    endpoint: string;
    accessKeyId: string;
    secretAccessKey: string;
  };

/** One run of a device. */
export interface Job {
  database: string;
  target: Target;
  /** The vault to sync with, and K_master in hex; absent = there is an upload to do instead. */
  vault?: { id: string; master: string };
}

/** What an upload uploads, and where to: three parts. */
export const UPLOAD = { key: "big", bytes: 17 * 1024 * 1024 } as const;

/** Called between any two steps of the work. */
export type Step = () => void;

/** A store whose requests, or calls, have a step before and after them. */
export async function openTarget(
  target: Target,
  step: Step,
  database?: string,
): Promise<{ store: SyncStore; s3?: S3Store; close(): void }> {
  const around = async <T>(work: () => Promise<T>): Promise<T> => {
    step();
    const result = await work();
    step();
    return result;
  };
  if ("folder" in target) {
    const folder = await FolderStore.open(target.folder);
    const store: SyncStore = {
      uri: folder.uri,
      list: (...args) => around(() => folder.list(...args)),
      get: (...args) => around(() => folder.get(...args)),
      putAtomic: (...args) => around(() => folder.putAtomic(...args)),
      head: (...args) => around(() => folder.head(...args)),
      delete: (...args) => around(() => folder.delete(...args)),
    };
    return { store, close() {} };
  }
  const { bucket, prefix, endpoint, ...credentials } = target;
  const fetch = createS3Fetch();
  const stepping = (inner: Fetch): Fetch => (...args) => around(() => inner(...args));
  const location = parseStoreUri(`s3+endpoint://${bucket}/${prefix}`, { endpoint });
  if (location.kind !== "s3") throw new Error("not an S3 location");
  const db = database === undefined ? undefined : openDatabase(database);
  const s3 = new S3Store({
    location,
    credentials: () => Promise.resolve(credentials),
    fetch: { ...fetch, pooled: stepping(fetch.pooled), fresh: stepping(fetch.fresh) },
    clock: Date.now,
    random: Math.random,
    sleep,
    timeoutMs: 30_000,
    ...(db && { journal: uploadJournal(db, bucket) }),
  });
  return {
    store: s3,
    s3,
    close() {
      fetch.close();
      db?.close();
    },
  };
}

/** Does the work to its end, unless a step stops it. */
export async function run(job: Job, step: Step = () => {}): Promise<void> {
  const { database, target, vault } = job;
  const { store, close } = await openTarget(target, step, database);
  try {
    if (vault) return await sync(database, vault, store, step);
    const { key, bytes: size } = UPLOAD;
    await store.putAtomic(key, streamOf(patternBytes(size)), { resume: true, size });
  } finally {
    close();
  }
}

async function sync(
  database: string,
  vault: NonNullable<Job["vault"]>,
  store: SyncStore,
  step: Step,
): Promise<void> {
  const meter = new Meter();
  const db = openDatabase(database);
  try {
    await runSync(
      {
        db,
        store: new CountingStore(store, meter),
        keys: await deriveVaultKeys(fromHex(vault.master)!, vault.id),
        conditionalWrites: true,
        clock: Date.now,
        random: (n) => crypto.getRandomValues(new Uint8Array(n)),
        device: { platform: "test", hxVersion: "0" },
        signal: new AbortController().signal,
        meter,
        notify: () => {},
        step,
      },
      `${database}-lock`,
      ["pull", "push"],
    );
  } finally {
    db.close();
  }
}
