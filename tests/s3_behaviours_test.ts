/** That every behaviour asked of the S3 store has its tests, and the one that has no other place. */
import assert from "node:assert/strict";
import { makeRig } from "./fault_kit.ts";
import { startMinio } from "./minio.ts";
import { BEHAVIOURS, FILES } from "./s3_behaviours.ts";
import { bytesOf, failsWith, readObject } from "./store_contract.ts";
import { tell } from "./tell.ts";

const minio = await startMinio();

Deno.test("every behaviour of the S3 store has its tests", async () => {
  const sources = new Map<string, string>();
  for (const file of Object.values(FILES)) {
    sources.set(file, await Deno.readTextFile(new URL(file, import.meta.url)));
  }
  let covered = 0;
  const missing: string[] = [];
  for (const [group, behaviours] of Object.entries(BEHAVIOURS)) {
    for (const [behaviour, tests] of Object.entries(behaviours)) {
      const gone = tests.filter(([file, name]) => !isTestIn(sources.get(FILES[file])!, name));
      if (tests.length > 0 && gone.length === 0) covered++;
      else missing.push(`${group}: ${behaviour}: ${JSON.stringify(gone)}`);
    }
  }
  assert.deepEqual(missing, []);
  tell(`${covered} of ${covered + missing.length} behaviours of s3.md`);
});

/** Whether a file registers a test of this name. */
function isTestIn(source: string, name: string): boolean {
  const quoted = JSON.stringify(name).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(Deno\\.test|\\btest)\\(\\s*${quoted}`).test(source);
}

Deno.test("S3Store takes keys of 1,024 bytes, the prefix counted, no more", async () => {
  await using rig = await makeRig(minio);
  // No server takes segments of any length; MinIO's end at 255 bytes.
  const room = 1024 - "team/hx/".length;
  const key = "x".repeat(200).concat("/").repeat(6).slice(0, room - 2) + "ü";
  assert.equal(bytesOf(`team/hx/${key}`).length, 1024);
  await rig.store.putAtomic(key, bytesOf("long"));
  assert.deepEqual(await readObject(rig.store, key), bytesOf("long"));
  assert.deepEqual((await rig.store.list("")).entries.map((entry) => entry.key), [key]);
  await failsWith(rig.store.putAtomic(`${key}y`, bytesOf("longer")), "config");
  await rig.store.delete(key);
  assert.equal(rig.proxy.count("put"), 1);
});
