/** Kill -9 between any two steps of a long upload: nothing half is read, and no parts stay. */
import assert from "node:assert/strict";
import { openDatabase, uploadJournal } from "../lib/db/mod.ts";
import { type Job, openTarget, run, UPLOAD } from "./crash_kit.ts";
import { child, inTempDir, killedAfter, targetOf } from "./crash_scene.ts";
import { makeRig, type Rig } from "./fault_kit.ts";
import { startMinio } from "./minio.ts";
import { tell } from "./tell.ts";
import { patternBytes, readObject, sameBytes } from "./store_contract.ts";

const minio = await startMinio();
const WHOLE = patternBytes(UPLOAD.bytes);

/** Uploads of whatever age: the server's clock is told in whole seconds. */
const ANY_AGE_MS = -2000;

/**
 * After a crash: the upload is gone on with, or cleared away. Answers with how many of its parts had
 * to be sent.
 */
async function recover(rig: Rig, job: Job, goOn: boolean, what: string): Promise<number> {
  await using target = await opened(job);
  const { s3 } = target;
  const read = () => readObject(s3, UPLOAD.key).catch(() => undefined);
  const found = await read();
  assert.ok(found === undefined || sameBytes(found, WHOLE), what);
  // An upload that died before its name was written down is known to the server alone, perhaps only
  // in a moment: its request may still be on the way.
  const unknown = openIn(job) === 0 ? 1 : 0;
  const from = rig.proxy.seen.length;
  if (goOn) await run(job);
  else await s3.clearUploads();
  const sent = rig.proxy.seen.slice(from).filter(({ operation }) => operation === "upload part");
  assert.ok((await rig.openUploads()).length <= unknown, what);
  await s3.clearUploads({ staleMs: ANY_AGE_MS });
  assert.deepEqual(await rig.openUploads(), [], what);
  assert.equal(openIn(job), 0, what);
  const expected = goOn ? WHOLE : found;
  const after = await read();
  assert.ok(expected === undefined ? after === undefined : sameBytes(after!, expected), what);
  return sent.length;
}

/** How many uploads the journal holds. */
function openIn({ database, target }: Job): number {
  assert.ok("bucket" in target);
  const db = openDatabase(database);
  try {
    return uploadJournal(db, target.bucket).open().length;
  } finally {
    db.close();
  }
}

async function opened(job: Job) {
  const { s3, close } = await openTarget(job.target, () => {}, job.database);
  assert.ok(s3);
  return { s3, [Symbol.asyncDispose]: () => Promise.resolve(close()) };
}

// The whole bucket: MinIO takes the prefix of a listing of uploads for a whole key.
const jobOf = (rig: Rig, dir: string): Job => ({
  database: `${dir}/a.db`,
  target: targetOf(rig, minio, ""),
});

Deno.test("kill -9 at every step of a long upload: nothing half is read, no parts stay", async () => {
  let step = 0;
  let spared = 0;
  const once = () =>
    inTempDir(async (dir) => {
      await using rig = await makeRig(minio);
      const job = jobOf(rig, dir);
      const ended = await child(job, step);
      const goOn = step % 2 === 0;
      const sent = await recover(rig, job, goOn, `killed at step ${step}`);
      if (goOn && !ended && sent < 3) spared++;
      return !ended;
    });
  while (await once()) step++;
  tell(`${step} kill points in a long upload, ${spared} of them spared a part`);
  assert.ok(step >= 8, `only ${step} kill points`);
  assert.ok(spared > 0, "no part was ever spared");
});

Deno.test("kill -9 at any time of a long upload: nothing half is read, no parts stay", async () => {
  for (let n = 0; n < 6; n++) {
    await inTempDir(async (dir) => {
      await using rig = await makeRig(minio);
      const job = jobOf(rig, dir);
      const delay = Math.random() * 250;
      await killedAfter(delay, rig, job);
      await recover(rig, job, n % 2 === 0, `killed after ${delay} ms`);
    });
  }
});
