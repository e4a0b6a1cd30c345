/** Moving a vault to another store. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { matchEvents, readIdentity } from "../lib/db/mod.ts";
import { HxError } from "../lib/errors.ts";
import { parseKey } from "../lib/format/mod.ts";
import { type GetOptions, MemoryStore, type SyncStore } from "../lib/store/mod.ts";
import { copyVault, forget, pull, push } from "../lib/sync/mod.ts";
import { addKeeper, attach, noise, withFolder } from "./artifact_kit.ts";
import { bashHistory, Home } from "./cli.ts";
import { startMinio } from "./minio.ts";
import { makeWorld, record, testEvent, type World } from "./world.ts";

const minio = await startMinio();
const T = 1_700_000_000;

/** A vault with every kind of object, of two devices. */
async function populated(dir: string): Promise<{ world: World; store: MemoryStore }> {
  const store = new MemoryStore();
  const world = await makeWorld({ store });
  const a = addKeeper(world, dir, "a");
  const b = world.addDevice("b");
  record(a.db, testEvent(1), testEvent(2), testEvent(3));
  await attach(a, noise(3 * 2 ** 20));
  await push(a.context);
  record(b.db, testEvent(4, { session_id: "other" }));
  await pull(b.context);
  await push(b.context);
  await forget(a.db, world.keys, {
    events: matchEvents(a.db, { match: "echo 2" }),
    windows: [],
  });
  await push(a.context);
  return { world, store };
}

function copier(world: World, from: SyncStore, to: SyncStore) {
  const { signal } = new AbortController();
  return copyVault({ from, to, keys: world.keys, signal, progress: () => {} });
}

function bytesOf(store: MemoryStore): Record<string, string> {
  const all = [...store.objects].map(([key, { bytes }]) => [key, bytes.toString()] as const);
  return Object.fromEntries(all.sort(([a], [b]) => a < b ? -1 : 1));
}

/** The same store, with other answers for some calls. */
function wrapped(inner: MemoryStore, over: Partial<SyncStore>): SyncStore {
  return {
    uri: inner.uri,
    list: (prefix, options) => inner.list(prefix, options),
    get: (key, options) => inner.get(key, options),
    putAtomic: (key, body, options) => inner.putAtomic(key, body, options),
    head: (key, options) => inner.head(key, options),
    delete: (key, options) => inner.delete(key, options),
    ...over,
  };
}

Deno.test("copyVault() copies every kind of object, the vault itself last, and no strangers", async () => {
  await withFolder(async (dir) => {
    const { world, store } = await populated(dir);
    const before = bytesOf(store);
    await store.putAtomic(`vaults/${world.vaultId}/notes.txt`, new Uint8Array(3));
    const to = new MemoryStore();
    const order: string[] = [];
    const watched = wrapped(to, {
      putAtomic: (key, body, options) => {
        order.push(parseKey(key)!.type);
        return to.putAtomic(key, body, options);
      },
    });
    const copied = await copier(world, store, watched);
    assert.deepEqual(bytesOf(to), before);
    assert.deepEqual(copied, { copied: order.length, same: 0, kept: 0 });
    const kinds = order.map((kind) => kind === "tombstone" ? "segment" : kind);
    assert.deepEqual([...new Set(kinds)], ["blob", "segment", "manifest", "vault"]);
    assert.equal(kinds.lastIndexOf("segment") + 1, kinds.indexOf("manifest"));
    // Again: nothing is sent.
    order.length = 0;
    assert.equal((await copier(world, store, watched)).copied, 0);
    assert.deepEqual(order, []);
    world.close();
  });
});

Deno.test("copyVault() stopped anywhere goes on where it was, and nobody joins half a copy", async () => {
  await withFolder(async (dir) => {
    const { world, store } = await populated(dir);
    const to = new MemoryStore();
    const total = store.objects.size;
    for (let stopAt = 0; stopAt < total; stopAt++) {
      let puts = 0;
      const failing = wrapped(to, {
        putAtomic: (key, body, options) => {
          if (puts++ < 1) return to.putAtomic(key, body, options);
          throw new HxError("network", "gone");
        },
      });
      if (stopAt < total - 1) {
        await assert.rejects(copier(world, store, failing), { category: "network" });
        assert.ok(![...to.objects.keys()].some((key) => key.endsWith(".hxvault")));
      } else await copier(world, store, failing);
    }
    assert.deepEqual(bytesOf(to), bytesOf(store));
    world.close();
  });
});

Deno.test("copyVault() finds what reads back as something else, and mends it when run again", async () => {
  await withFolder(async (dir) => {
    const { world, store } = await populated(dir);
    for (const kind of ["segment", "blob", "manifest", "vault", "tombstone"]) {
      const to = new MemoryStore();
      const rotten = wrapped(to, {
        async get(key: string, options?: GetOptions) {
          const stored = to.objects.get(key);
          if (parseKey(key)?.type === kind && stored) stored.bytes[stored.bytes.length - 1]! ^= 1;
          return await to.get(key, options);
        },
      });
      await assert.rejects(copier(world, store, rotten), { category: "hash-mismatch" }, kind);
      await copier(world, store, to);
      assert.deepEqual(bytesOf(to), bytesOf(store), kind);
    }
    world.close();
  });
});

Deno.test("copyVault() also takes what is published meanwhile", async () => {
  await withFolder(async (dir) => {
    const { world, store } = await populated(dir);
    const to = new MemoryStore();
    const [, b] = world.devices;
    const own = readIdentity(b!.db)!.nodeId;
    let published = 0;
    const busy = wrapped(to, {
      async putAtomic(key, body, options) {
        if (key.includes(`manifests/${own}`) && published++ < 2) {
          record(b!.db, testEvent(10 + published, { session_id: "other" }));
          await push(b!.context);
        }
        return await to.putAtomic(key, body, options);
      },
    });
    await copier(world, store, busy);
    assert.equal(published, 3);
    assert.deepEqual(bytesOf(to), bytesOf(store));
    world.close();
  });
});

Deno.test("copyVault() never puts an older manifest over one of a device that has gone over", async () => {
  await withFolder(async (dir) => {
    const { world, store } = await populated(dir);
    const to = new MemoryStore();
    await copier(world, store, to);
    const [, b] = world.devices;
    record(b!.db, testEvent(20, { session_id: "other" }));
    await push({ ...b!.context, store: to });
    const moved = bytesOf(to);
    assert.equal((await copier(world, store, to)).kept, 1);
    assert.deepEqual(bytesOf(to), moved);
    world.close();
  });
});

Deno.test("copyVault() refuses a store with another vault, and one that has lost its own", async () => {
  const world = await makeWorld();
  const other = await makeWorld({ seed: 2 });
  await assert.rejects(copier(world, world.store, other.store), { category: "conflict" });
  await assert.rejects(copier(world, new MemoryStore(), new MemoryStore()), {
    category: "not-found",
  });
  world.close();
  other.close();
});

Deno.test("a vault moves from a folder to a bucket, and its devices go over", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  const env = { AWS_ACCESS_KEY_ID: minio.accessKey, AWS_SECRET_ACCESS_KEY: minio.secretKey };
  const ok = async (home: Home, ...args: string[]) => {
    const { code, stdout, stderr } = await home.run(args, { env });
    assert.equal(code, 0, stderr);
    return stdout + stderr;
  };
  await a.write(".bash_history", bashHistory(T, "echo a"));
  await ok(a, "sync");
  const old = `folder:${a.data}/store`;
  await b.join(a, old);
  await b.write(".bash_history", bashHistory(T + 10, "echo b"));
  await b.hx("import");
  await ok(b, "sync");
  assert.match(await a.fails(2, ["sync", "move", "--store", old]), /is at folder:\S+ already/);

  const store = [
    "--store",
    `s3+endpoint://${await minio.newBucket()}/hx`,
    "--endpoint",
    minio.endpoint,
  ];
  const moved = await ok(a, "sync", "move", ...store);
  assert.match(
    moved,
    /^moved the vault "history" to s3\+endpoint:.*: 5 objects copied and checked$/m,
  );
  assert.ok(moved.includes(`  hx sync join ${store.join(" ")}\n`), moved);
  assert.match(moved, /The old copy at folder:\S+ was not touched/);
  assert.match(await ok(a, "sync"), /pulled 1 segment/);
  // A device that is enrolled is asked for nothing.
  assert.match(await ok(b, "sync", "join", ...store), /the vault "history" is now at s3/);
  await ok(b, "sync");
  assert.deepEqual(await b.commands(), ["echo a", "echo b"]);
  assert.deepEqual(await a.commands(), ["echo a", "echo b"]);
  // And back: the copy in the folder is older, and nothing of it comes back over the newer.
  await a.write(".bash_history", bashHistory(T, "echo a", "echo a2"));
  await a.hx("import");
  await ok(a, "sync");
  assert.match(await ok(a, "sync", "move", "--store", old), /there already/);
  await ok(b, "sync", "join", "--store", old);
  await ok(b, "sync");
  assert.equal((await b.commands()).length, 3);
  assert.ok((await Deno.stat(join(a.data, "key"))).isFile);
});
