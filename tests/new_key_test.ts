/** A vault that is sealed anew under a new key, and its devices that go over to it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { deriveForgetKey, deriveVaultKeys, generateMaster, openObject } from "../lib/crypto/mod.ts";
import {
  changeVault,
  type Database,
  matchEvents,
  mergeSession,
  readIdentity,
  readVault,
} from "../lib/db/mod.ts";
import { insertEvent, Interner, PENDING } from "../lib/db/mod.ts";
import { parseKey, parseVault, uuid4 } from "../lib/format/mod.ts";
import type { EventRecord } from "../lib/format/types.ts";
import { importNodeId } from "../lib/history/mod.ts";
import { FolderStore, listAll, MemoryStore } from "../lib/store/mod.ts";
import { createVault, forget, importHistory, pull, push, verify } from "../lib/sync/mod.ts";
import { bashHistory, filesUnder, Home } from "./cli.ts";
import { startMinio } from "./minio.ts";
import { readObject } from "./store_contract.ts";
import { commands, type Device, makeWorld, testEvent, visible, type World } from "./world.ts";

const minio = await startMinio();
const T = 1_700_000_000;
const HOST = "host";

/** A new vault that goes on from that of a world; devices go over by {@link goOver}. */
async function nextVault(world: World) {
  const store = new MemoryStore();
  const { signal } = new AbortController();
  const { random, clock } = world;
  const made = {
    vaultId: uuid4(random),
    master: generateMaster(random),
    name: "test",
    nodeId: uuid4(random),
    movedFrom: [world.vaultId],
    forgetKey: await deriveForgetKey(world.master, world.vaultId),
  };
  const vault = await createVault({ store, clock: () => clock.now, random, signal }, made);
  const goOver = ({ db, context }: Device) => {
    const row = { ...readVault(db)!, vaultId: made.vaultId };
    changeVault(db, row, uuid4(random), readIdentity(db)!.label);
    Object.assign(context, { store, keys: vault.keys });
  };
  return { store, vault, goOver };
}

/** Records a command as it is typed. */
function live(device: Device, seq: number, cmd: string): void {
  device.db.transaction(() => {
    const ids = new Interner(device.db);
    const session_id = `live-${device.name}`;
    mergeSession(device.db, ids, { session_id, started_at: T, host: HOST }, true);
    const node_id = readIdentity(device.db)!.nodeId;
    insertEvent(
      device.db,
      ids,
      testEvent(seq, { node_id, session_id, cmd, started_at: T + seq }),
      PENDING,
    );
  });
}

/** Imports the lines of the shell's own file, which knows no times. */
async function importLines(device: Device, ...cmds: string[]): Promise<void> {
  const node_id = await importNodeId(HOST);
  async function* lines(): AsyncGenerator<EventRecord[]> {
    yield cmds.map((cmd) =>
      testEvent(cmd.length, { node_id, session_id: "file", started_at: 0, order: 1, cmd })
    );
  }
  const session = { session_id: "file", started_at: 0, host: HOST };
  await importHistory(device.db, device.context.keys, session, lines());
}

async function forgetText(device: Device, match: string): Promise<void> {
  const { db, context } = device;
  await forget(db, context.keys, { events: matchEvents(db, { match }), windows: [] });
}

/** Numbers and digests are what a database brings along of its old vault. */
const rows = (db: Database, sql: string) => db.all(sql).map((row) => JSON.stringify(row));

Deno.test("changeVault(): all devices end equal in the new vault, nothing forgotten comes back", async () => {
  const world = await makeWorld();
  const [a, b, c] = [world.addDevice("a"), world.addDevice("b"), world.addDevice("c")];
  live(a!, 1, "from a");
  live(a!, 2, "secret of a");
  await push(a.context);
  live(b, 3, "from b");
  live(b, 4, "passed");
  await pull(b.context);
  await forgetText(b, "secret of a");
  await push(b.context);
  await pull(a.context);
  live(c, 5, "from c, never synced");
  await pull(c.context);

  const { store, goOver } = await nextVault(world);
  goOver(a);
  await push(a.context);
  // What b publishes to the old vault after that is in its database, and comes with it.
  live(b, 6, "published to the old vault too late");
  await forgetText(b, "passed");
  await push(b.context);
  for (const device of [b, c]) {
    goOver(device);
    await pull(device.context);
    await push(device.context);
  }
  const fresh = world.addDevice("fresh");
  Object.assign(fresh.context, { store, keys: a.context.keys });
  const all = [a, b, c, fresh];
  for (const device of [...all, ...all]) {
    await pull(device.context);
    await push(device.context);
  }
  const expected = ["from a", "from b", "from c, never synced"];
  assert.deepEqual(commands(fresh.db), [...expected, "published to the old vault too late"]);
  for (const device of all) assert.deepEqual(visible(device.db), visible(fresh.db), device.name);
  assert.ok((await verify(fresh.context)).ok);
  // The line in the shell's own file is known by its digest alone.
  for (const device of all) await importLines(device, "secret of a", "passed", "kept");
  for (const device of all) {
    assert.deepEqual(commands(device.db).filter((cmd) => !expected.includes(cmd)), [
      "kept",
      "published to the old vault too late",
    ]);
  }
  world.close();
});

Deno.test("changeVault(): what the new vault has is not published again", async () => {
  const world = await makeWorld();
  const [a, b] = [world.addDevice("a"), world.addDevice("b")];
  for (let n = 1; n <= 5; n++) live(a, n, `echo ${n}`);
  await push(a.context);
  await pull(b.context);
  const { store, goOver } = await nextVault(world);
  for (const device of [a, b]) {
    goOver(device);
    await pull(device.context);
    await push(device.context);
  }
  const segments = [...store.objects.keys()].filter((key) => key.endsWith(".hxseg"));
  assert.equal(segments.length, 1);
  assert.deepEqual(rows(b.db, "SELECT DISTINCT segment FROM event"), ['{"segment":null}']);
  world.close();
});

Deno.test("changeVault(): windows, dead keys and forgotten lines all come along, in readable tombstones", async () => {
  const world = await makeWorld();
  const a = world.addDevice("a");
  const old = readIdentity(a.db)!.nodeId;
  live(a, 1, "one");
  await forgetText(a, "one");
  await forget(a.db, world.keys, {
    events: [],
    windows: [{ start_ts: T + 10, end_ts: T + 20 }, {
      start_ts: T + 30,
      end_ts: T + 40,
      node_id: old,
    }],
  });
  const dead = ["dead_key", "dead_window", "dead_import"].map((table) => `SELECT * FROM ${table}`);
  const before = dead.map((sql) => rows(a.db, sql).length);
  assert.deepEqual(before, [1, 2, 1]);
  const { store, goOver } = await nextVault(world);
  goOver(a);
  await push(a.context);
  const fresh = world.addDevice("fresh");
  Object.assign(fresh.context, { store, keys: a.context.keys });
  const { rejected } = await pull(fresh.context);
  assert.deepEqual(rejected, {});
  assert.deepEqual(dead.map((sql) => rows(fresh.db, sql).length), before);
  world.close();
});

/** Two devices in a bucket, with an artifact, a passphrase and something forgotten. */
async function pair(a: Home, b: Home, env: Record<string, string>) {
  const ok = async (home: Home, args: string[], stdin = "") => {
    const { code, stdout, stderr } = await home.run(args, { env, stdin });
    assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
    return stdout + stderr;
  };
  const bucket = await minio.newBucket();
  const at = (prefix: string) => [
    "--store",
    `s3+endpoint://${bucket}/${prefix}`,
    "--endpoint",
    minio.endpoint,
  ];
  await a.write(".bash_history", bashHistory(T, "echo a", "login --password x"));
  await ok(a, ["import"]);
  await ok(a, ["sync", "init", ...at("old")]);
  await ok(a, ["key", "passphrase", "add"], "seven odd crickets sing by the river\n");
  await a.write("build.log", "it was built\n".repeat(1000));
  await ok(a, ["artifact", "attach", `${a.path}/build.log`]);
  await ok(a, ["sync"]);
  await ok(b, ["sync", "join", ...at("old")], await a.hx("key", "show"));
  await ok(b, ["sync"]);
  await ok(b, ["forget", "--match", "password", "--yes"]);
  await ok(b, ["sync"]);
  return { ok, at, bucket };
}

Deno.test("hx sync move --new-key: a new vault, a new key, and the other device follows by invite", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  const env = { AWS_ACCESS_KEY_ID: minio.accessKey, AWS_SECRET_ACCESS_KEY: minio.secretKey };
  const { ok, at } = await pair(a, b, env);
  const oldWords = await a.hx("key", "show");
  const oldInvite = await ok(b, ["sync", "invite", "--yes"]);

  const said = await ok(a, ["sync", "move", ...at("new"), "--new-key"]);
  assert.match(said, /^sealed the vault "history" anew at s3\S+, read back and whole: .*1 blob$/m);
  assert.match(said, /hx sync invite {5}on this device/);
  assert.match(said, /remove everything under vaults\/[0-9a-f-]{36}\/ there/);
  const words = await a.hx("key", "show");
  assert.notEqual(words, oldWords);
  assert.ok(!said.includes(words.trim()), "words only go to a terminal");
  assert.deepEqual(await a.commands(), ["echo a"]);
  assert.match(await ok(a, ["sync"]), /nothing new/);

  await b.write(".bash_history", bashHistory(T + 50, "echo b"));
  await ok(b, ["import"]);
  const other = await b.fails(19, ["sync", "join", ...at("new")], { env, stdin: words });
  assert.match(other, /in the vault "history" already/);
  const invite = (await ok(a, ["sync", "invite", "--yes"])).match(/hx1-\S+/)![0];
  await ok(b, ["sync", "join"], `${invite}\n`);
  await ok(b, ["sync"]);
  await ok(a, ["sync"]);
  for (const home of [a, b]) assert.deepEqual(await home.commands(), ["echo a", "echo b"]);
  const [artifact] = JSON.parse(await b.hx("artifact", "list", "--json")) as {
    blob_hash: string;
  }[];
  await ok(b, ["artifact", "get", artifact!.blob_hash, "-o", `${b.path}/got.log`]);
  assert.equal(await Deno.readTextFile(`${b.path}/got.log`), "it was built\n".repeat(1000));

  // The old code leads to the old vault, which this device has left.
  const back = await a.fails(19, ["sync", "join"], { env, stdin: oldInvite });
  assert.match(back, /in the vault "history" already/);
  await using thief = await Home.make();
  const refused = await thief.fails(10, ["sync", "join", ...at("new")], { env, stdin: oldWords });
  assert.match(refused, /the key opens no vault/);
  assert.match(
    await thief.fails(10, ["sync", "join", ...at("new")], {
      env,
      stdin: "seven odd crickets sing by the river\n",
    }),
    /not one of the recovery words/,
  );
  // A forgotten line of the shell's own file stays away under the new key as well.
  await a.write(".bash_history", bashHistory(T, "echo a", "login --password x"));
  await ok(a, ["import"]);
  assert.ok(!(await a.commands()).includes("login --password x"));
});

Deno.test("hx sync move --new-key stopped anywhere and run again ends in one new vault", async () => {
  await using a = await Home.make();
  await a.write(".bash_history", bashHistory(T, "echo 1", "echo 2"));
  await a.hx("sync");
  const store = `folder:${a.path}/new`;
  // The new store is full of something else: the key is there, the vault is not, nothing has changed.
  await using other = await Home.make();
  await other.hx("sync", "init", "--store", store);
  await a.fails(18, ["sync", "move", "--store", store, "--new-key"]);
  const pending = await Deno.readTextFile(join(a.data, "key.next"));
  assert.equal((await Deno.stat(join(a.data, "key.next"))).mode! & 0o777, 0o600);
  assert.match(await a.hx("sync"), /nothing new/);

  const place = `folder:${a.path}/place`;
  await a.hx("sync", "move", "--store", place, "--new-key");
  assert.equal(await Deno.readTextFile(join(a.data, "key")), pending);
  await assert.rejects(Deno.stat(join(a.data, "key.next")), Deno.errors.NotFound);
  const vaultId = pending.split(" ")[1]!;

  // Stopped after the database has gone over, and before the key file has.
  const names = [...Deno.readDirSync(a.data)].map(({ name }) => name);
  const old = names.find((name) => name.startsWith("key.") && name !== "key.next")!;
  await Deno.rename(join(a.data, "key"), join(a.data, "key.next"));
  await Deno.rename(join(a.data, old), join(a.data, "key"));
  assert.match(await a.hx("sync"), /nothing new/);
  assert.equal(await Deno.readTextFile(join(a.data, "key")), pending);
  const folder = await FolderStore.open(`${a.path}/place`);
  for await (const { key } of listAll(folder, "vaults/")) assert.ok(key.includes(vaultId));
});

Deno.test("hx sync move --new-key in its own place: two vaults side by side, no object of one opens with the other's key", async () => {
  await using a = await Home.make();
  await a.write(".bash_history", bashHistory(T, "echo 1"));
  await a.hx("sync");
  const path = join(a.data, "store");
  const before = await filesUnder(path);
  await a.hx("sync", "move", "--store", `folder:${path}`, "--new-key");
  const [, oldId, oldHex] = (await keyFiles(a.data)).find(([mark]) => mark === "hx-key-1")!;
  const [, newId, newHex, forgetHex] = (await keyFiles(a.data)).find(([mark]) =>
    mark === "hx-key-2"
  )!;
  const bytes = (hex: string) => Uint8Array.fromHex(hex);
  const old = await deriveVaultKeys(bytes(oldHex!), oldId!);
  const fresh = await deriveVaultKeys(bytes(newHex!), newId!, bytes(forgetHex!));
  assert.deepEqual(await deriveForgetKey(bytes(oldHex!), oldId!), bytes(forgetHex!));
  const store = await FolderStore.open(path);
  let objects = 0;
  for await (const { key } of listAll(store, `vaults/${newId}/`)) {
    const name = parseKey(key)!;
    const object = await readObject(store, key);
    const { payload } = await openObject(object, name, fresh);
    if (name.type === "vault") assert.deepEqual(parseVault(payload).moved_from, [oldId]);
    await assert.rejects(openObject(object, name, { ...old, vaultId: newId! }), {
      category: "corrupt",
    });
    objects++;
  }
  assert.ok(objects >= 3);
  for (const file of before) assert.ok((await Deno.stat(file)).isFile, file);
});

async function keyFiles(data: string): Promise<string[][]> {
  const names = [...Deno.readDirSync(data)].map(({ name }) => name);
  const keys = names.filter((name) => /^key(\.[0-9a-f-]{36})?$/.test(name));
  return await Promise.all(
    keys.map(async (name) => (await Deno.readTextFile(join(data, name))).trim().split(" ")),
  );
}
