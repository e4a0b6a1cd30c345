/**
 * A device that is killed in the middle of an upload: pushes to a MinIO and kills itself, for real, once
 * so many parts have arrived.
 *
 * Arguments: what {@link ChildPlan} says, as JSON.
 */
import { LocalBlobs } from "../lib/blobs/mod.ts";
import { deriveVaultKeys } from "../lib/crypto/mod.ts";
import { openDatabase, uploadJournal } from "../lib/db/mod.ts";
import { fromHex } from "../lib/format/mod.ts";
import { createS3Fetch, parseStoreUri, S3Store } from "../lib/s3/mod.ts";
import { Meter, sleep, type UploadJournal } from "../lib/store/mod.ts";
import { runSync } from "../lib/sync/mod.ts";

/** What the child needs to know. */
export interface ChildPlan {
  database: string;
  blobs: string;
  vaultId: string;
  /** Master key in hex. */
  master: string;
  bucket: string;
  endpoint: string;
  accessKey: string;
  secretKey: string;
  /** Parts after which it dies. */
  parts: number;
}

const plan: ChildPlan = JSON.parse(Deno.args[0]!);
const db = openDatabase(plan.database);
const journal = uploadJournal(db, "test");
let left = plan.parts;
const dying: UploadJournal = {
  begun: (upload) => journal.begun(upload),
  ended: (uploadId) => journal.ended(uploadId),
  open: () => journal.open(),
  sent(uploadId, part) {
    journal.sent(uploadId, part);
    if (--left === 0) Deno.kill(Deno.pid, "SIGKILL");
  },
};
const location = parseStoreUri(`s3+endpoint://${plan.bucket}/hx`, { endpoint: plan.endpoint });
if (location.kind !== "s3") throw new Error("not an S3 location");
const fetch = createS3Fetch();
const meter = new Meter();
const store = new S3Store({
  location,
  credentials: () =>
    Promise.resolve({ accessKeyId: plan.accessKey, secretAccessKey: plan.secretKey }),
  fetch,
  clock: Date.now,
  random: Math.random,
  sleep,
  timeoutMs: 120_000,
  observer: meter,
  journal: dying,
});
const { push } = await runSync(
  {
    db,
    store,
    keys: await deriveVaultKeys(fromHex(plan.master)!, plan.vaultId),
    conditionalWrites: true,
    clock: Date.now,
    random: (n) => crypto.getRandomValues(new Uint8Array(n)),
    device: { platform: "test", hxVersion: "0" },
    signal: new AbortController().signal,
    meter,
    notify: () => {},
    blobs: new LocalBlobs(plan.blobs),
    runtime: Deno.version.deno,
  },
  `${plan.database}-lock`,
  ["push"],
);
db.close();
fetch.close();
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(push)));
