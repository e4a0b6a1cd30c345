/** Real processes at the same time: on one vault, and on one device. */
import assert from "node:assert/strict";
import { openDatabase, readIdentity, readOutbox } from "../lib/db/mod.ts";
import { bashHistory, Home } from "./cli.ts";
import { child, inTempDir, prepare, type Scene, targetOf } from "./crash_scene.ts";
import { makeRig } from "./fault_kit.ts";
import { startFaultProxy } from "./fault_proxy.ts";
import { every } from "./faults.ts";
import { startMinio } from "./minio.ts";
import { record, testEvent, testNode, visible } from "./world.ts";

const minio = await startMinio();
const DEVICES = 8;

/** Enrols the devices, each with events of its own; the last one is a copy of the one before. */
async function enrolAll({ dir, enrol }: Scene): Promise<string[]> {
  const names = Array.from({ length: DEVICES }, (_, n) => `d${n}`);
  for (const [n, name] of names.entries()) {
    const isCopy = n === DEVICES - 1;
    if (isCopy) await Deno.copyFile(`${dir}/${names[n - 1]}.db`, `${dir}/${name}.db`);
    const db = isCopy ? openDatabase(`${dir}/${name}.db`) : enrol(name);
    for (let seq = 1; seq <= 3; seq++) {
      record(db, testEvent(100 * n + seq, { node_id: testNode(n + 1), session_id: name }));
    }
    // What all of them have imported from a file of the same name.
    record(db, testEvent(1, { node_id: testNode(99), session_id: "file", started_at: 0 }));
    db.checkpoint();
    db.close();
  }
  return names;
}

Deno.test("eight processes at once on one vault, two of them one device: all end equal", async () => {
  await inTempDir(async (dir) => {
    await using rig = await makeRig(minio);
    const scene = await prepare(dir, targetOf(rig, minio, "team/hx"), rig.direct);
    const names = [...await enrolAll(scene), "a", "b"];
    for (let round = 1; round <= 3; round++) {
      const ended = await Promise.all(names.map((name) => child(scene.job(name), Infinity)));
      assert.ok(ended.every((end) => end), `round ${round}`);
    }
    const databases = names.map((name) => openDatabase(`${dir}/${name}.db`));
    const shown = databases.map((db) => visible(db));
    // Three of each of the eight, one of their file, two of `a`.
    assert.equal(shown[0]!.length, 3 * DEVICES + 1 + 2);
    for (const [n, events] of shown.entries()) assert.deepEqual(events, shown[0], names[n]);
    for (const db of databases) assert.deepEqual(readOutbox(db), []);
    const nodes = databases.map((db) => readIdentity(db)!.nodeId);
    assert.equal(new Set(nodes).size, names.length, "two devices go on with one name");
    for (const db of databases) db.close();
  });
});

Deno.test("two `hx sync` at once on one device: the second says so with exit code 20, nothing is lost", async () => {
  await using home = await Home.make();
  await using proxy = startFaultProxy(minio);
  const env = {
    AWS_ACCESS_KEY_ID: minio.accessKey,
    AWS_SECRET_ACCESS_KEY: minio.secretKey,
    AWS_ENDPOINT_URL_S3: proxy.endpoint,
  };
  const store = `s3+endpoint://${await minio.newBucket()}/hx`;
  await home.write(".bash_history", bashHistory(1_700_000_000, "echo 1", "echo 2"));
  for (const args of [["import"], ["sync", "init", "--store", store]]) {
    const ran = await home.run(args, { env });
    assert.equal(ran.code, 0, ran.stderr);
  }
  const [listing, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  proxy.choose = every({
    kind: "change",
    answer: async (answer) => {
      listing.resolve();
      await second.promise;
      return answer;
    },
  }, "list");
  const first = home.run(["sync"], { env });
  await listing.promise;
  const said = await home.fails(20, ["sync"], { env });
  assert.match(said, /another sync of this device is running/);
  second.resolve();
  const { code, stdout, stderr } = await first;
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "pushed 1 segment\n");
  proxy.choose = () => undefined;
  await home.run(["sync"], { env });
  assert.deepEqual(await home.commands(), ["echo 1", "echo 2"]);
});
