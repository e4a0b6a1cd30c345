/** Kill -9 between any two steps of a sync, then go on: everything is there once. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { deriveVaultKeys, generateMaster, openObject } from "../lib/crypto/mod.ts";
import {
  matchEvents,
  newIdentity,
  openDatabase,
  readIdentity,
  readOutbox,
  writeVault,
} from "../lib/db/mod.ts";
import { parseKey, toHex, uuid4 } from "../lib/format/mod.ts";
import { FolderStore, listAll } from "../lib/store/mod.ts";
import { createVault, forget } from "../lib/sync/mod.ts";
import { commands, record, testEvent } from "./world.ts";

const CHILD = fileURLToPath(new URL("./crash_child.ts", import.meta.url));
const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
const signal = new AbortController().signal;

/** A folder with a vault, and two enrolled databases in it: one with events and a deletion to send. */
async function prepare(dir: string) {
  const folder = `${dir}/store`;
  const store = await FolderStore.open(folder, { create: true });
  const vaultId = uuid4(random);
  const master = generateMaster(random);
  const nodeId = uuid4(random);
  const context = { store, clock: Date.now, random, signal };
  await createVault(context, { vaultId, master, name: "crash", nodeId });
  const keys = await deriveVaultKeys(master, vaultId);
  const enrol = (name: string) => {
    const db = openDatabase(`${dir}/${name}.db`);
    const capabilities = { conditionalWrites: true };
    writeVault(db, { vaultId, name: "crash", location: {}, capabilities });
    newIdentity(db, uuid4(random), name);
    return db;
  };
  const a = enrol("a");
  record(a, testEvent(1), testEvent(2), testEvent(3, { cmd: "secret" }));
  await forget(a, keys, { events: matchEvents(a, { match: "secret" }), windows: [] });
  a.close();
  enrol("b").close();
  const sync = async (name: string, step: number) => {
    const { success, signal: killed, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        CHILD,
        `${dir}/${name}.db`,
        folder,
        vaultId,
        toHex(master),
        `${step}`,
      ],
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success && killed !== "SIGKILL") throw new Error(new TextDecoder().decode(stderr));
    return success;
  };
  return { store, keys, sync };
}

Deno.test("kill -9 at every step of a push, then go on: all there, once, under one identity", async () => {
  let killed = 0;
  for (let step = 0;; step++) {
    const dir = await Deno.makeTempDir();
    try {
      const { store, keys, sync } = await prepare(dir);
      const done = await sync("a", step);
      killed += done ? 0 : 1;
      assert.ok(await sync("a", 1e9));
      // The first pull of the other device is killed at the same step, too.
      await sync("b", step);
      assert.ok(await sync("b", 1e9));
      const [a, b] = [openDatabase(`${dir}/a.db`), openDatabase(`${dir}/b.db`)];
      assert.deepEqual(commands(b), ["echo 1", "echo 2"], `killed at step ${step}`);
      assert.deepEqual(commands(a), commands(b));
      assert.deepEqual(readOutbox(a), []);
      // Nobody was taken for a clone, so both numbers were used once.
      assert.equal(readIdentity(a)!.segments, 1);
      assert.equal(readIdentity(a)!.tombstones, 1);
      for await (const { key } of listAll(store, "vaults/")) {
        const bytes = await new Response((await store.get(key)).body).bytes();
        await openObject(bytes, parseKey(key)!, keys);
      }
      a.close();
      b.close();
      if (done) break;
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  }
  assert.ok(killed >= 10, `only ${killed} kill points`);
});
