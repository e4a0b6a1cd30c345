import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { FolderStore, type FolderStoreOptions, listAll, streamOf } from "../lib/store/mod.ts";
import { isCategory } from "../lib/errors.ts";
import { fsError } from "../lib/store/folder_fs.ts";
import { bytesOf, failsWith, patternBytes, readObject } from "./store_contract.ts";

const WRITER = fileURLToPath(new URL("./folder_writer.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../deno.json", import.meta.url));
const WRITER_RUN = ["run", "-A", "--quiet", "--no-check", "--config", CONFIG, WRITER];

async function withFolder(body: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "hx-folder-" });
  try {
    await body(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function namesIn(path: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort();
}

async function keysOf(store: FolderStore): Promise<string[]> {
  return (await Array.fromAsync(listAll(store, ""))).map(({ key }) => key);
}

async function everyCallFails(store: FolderStore): Promise<void> {
  await failsWith(store.list(""), "config");
  await failsWith(store.get("k"), "config");
  await failsWith(store.head("k"), "config");
  await failsWith(store.delete("k"), "config");
  await failsWith(store.putAtomic("k", bytesOf("x")), "config");
  await failsWith(store.putAtomic("k", streamOf(bytesOf("x")), { ifNoneMatch: "*" }), "config");
}

Deno.test("FolderStore makes nothing where its folder is missing", () =>
  withFolder(async (root) => {
    const path = join(root, "share");
    await everyCallFails(new FolderStore(path));
    const error = await failsWith(FolderStore.open(path), "config");
    assert.match(error.message, /not there/);
    assert.match(error.hint ?? "", /mounted/);
    await failsWith(FolderStore.open(path, { create: true, expectVault: true }), "config");
    assert.deepEqual(await namesIn(root), []);
  }));

Deno.test("FolderStore writes nothing to an empty folder that should hold a vault", () =>
  withFolder(async (root) => {
    await Deno.mkdir(join(root, ".stfolder"));
    await Deno.mkdir(join(root, "tmp"));
    await everyCallFails(new FolderStore(root, { expectVault: true }));
    assert.match(
      (await failsWith(FolderStore.open(root, { expectVault: true }), "config")).message,
      /empty/,
    );
    assert.deepEqual(await namesIn(root), [".stfolder", "tmp"]);
    assert.deepEqual(await namesIn(join(root, "tmp")), []);
    await (await FolderStore.open(root)).putAtomic("vaults/v", bytesOf("x"));
    const store = await FolderStore.open(root, { expectVault: true });
    assert.deepEqual(await keysOf(store), ["vaults/v"]);
  }));

Deno.test("FolderStore notices that the share goes away between calls", () =>
  withFolder(async (root) => {
    const path = join(root, "share");
    const store = await FolderStore.open(path, { create: true });
    await store.putAtomic("a/k", bytesOf("x"));
    await Deno.rename(path, join(root, "elsewhere"));
    await everyCallFails(store);
    assert.deepEqual(await namesIn(root), ["elsewhere"]);
  }));

Deno.test("FolderStore refuses a file in place of its folder", () =>
  withFolder(async (root) => {
    await Deno.writeTextFile(join(root, "file"), "x");
    await failsWith(FolderStore.open(join(root, "file")), "config");
  }));

Deno.test("FolderStore keeps everything to the user alone", () =>
  withFolder(async (root) => {
    const store = await FolderStore.open(join(root, "deep/store"), { create: true });
    await store.putAtomic("a/b/k", bytesOf("x"));
    const modeOf = async (path: string) =>
      ((await Deno.stat(join(root, "deep/store", path))).mode ?? 0) & 0o777;
    for (const path of ["", "a", "a/b", "tmp"]) assert.equal(await modeOf(path), 0o700, path);
    assert.equal(await modeOf("a/b/k"), 0o600);
    assert.deepEqual(await namesIn(join(root, "deep/store/tmp")), []);
  }));

Deno.test("FolderStore passes over what sync tools leave", () =>
  withFolder(async (root) => {
    const store = await FolderStore.open(root);
    await store.putAtomic("a/k.hxseg", bytesOf("x"));
    const strangers = [
      ".stfolder/marker",
      ".stversions/a/k~20260101-000000.hxseg",
      "a/k.sync-conflict-20260101-000000-ABCDEFG.hxseg",
      "a/.syncthing.k.hxseg.tmp",
      "a/~syncthing~k.hxseg.tmp",
      "a/k.partial",
      "a/.DS_Store",
      "tmp/left",
    ];
    for (const path of strangers) {
      await Deno.mkdir(join(root, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(root, path), "stranger");
      await failsWith(store.get(path), "not-found");
      await failsWith(store.putAtomic(path, bytesOf("x")), "config");
    }
    assert.deepEqual(await keysOf(store), ["a/k.hxseg"]);
    assert.deepEqual((await store.list("tmp/")).entries, []);
  }));

Deno.test("FolderStore follows no link out of its folder", () =>
  withFolder(async (root) => {
    const path = join(root, "store");
    const outside = join(root, "outside");
    const store = await FolderStore.open(path, { create: true });
    await Deno.mkdir(outside);
    await Deno.writeTextFile(join(outside, "k"), "secret");
    await Deno.symlink(outside, join(path, "dir"));
    await Deno.symlink(join(outside, "k"), join(path, "file"));
    await store.putAtomic("own", bytesOf("x"));
    assert.deepEqual(await keysOf(store), ["own"]);
    assert.deepEqual((await store.list("dir/")).entries, []);
    await failsWith(store.get("dir/k"), "not-found");
    await failsWith(store.head("file"), "not-found");
    await failsWith(store.putAtomic("dir/new", bytesOf("x")), "config");
    await failsWith(store.putAtomic("dir/sub/new", bytesOf("x")), "config");
    await store.delete("dir/k");
    assert.deepEqual(await namesIn(outside), ["k"]);
  }));

Deno.test("FolderStore says that a name is taken by a folder or a file", () =>
  withFolder(async (root) => {
    const store = await FolderStore.open(root);
    await store.putAtomic("a/b", bytesOf("x"));
    await failsWith(store.putAtomic("a", bytesOf("x")), "config");
    await failsWith(store.putAtomic("a/b/c", bytesOf("x")), "config");
    await failsWith(store.putAtomic("y".repeat(300), bytesOf("x")), "config");
    await failsWith(store.get("a"), "not-found");
    await failsWith(store.get("a/b/c"), "not-found");
    await store.delete("a");
    assert.deepEqual(await keysOf(store), ["a/b"]);
    assert.deepEqual(await namesIn(join(root, "tmp")), []);
  }));

Deno.test("FolderStore sees a change that leaves size and time alone", () =>
  withFolder(async (root) => {
    let now = Date.now();
    const options: FolderStoreOptions = { now: () => now };
    const store = await FolderStore.open(root, options);
    const { etag } = await store.putAtomic("k", bytesOf("one"));
    const { mtime, atime } = await Deno.stat(join(root, "k"));
    await Deno.writeTextFile(join(root, "k"), "two");
    await Deno.utime(join(root, "k"), atime!, mtime!);
    const changed = await store.head("k");
    assert.notEqual(changed.etag, etag);
    now += 3_600_000;
    assert.deepEqual(await store.head("k"), changed);
    assert.deepEqual((await store.list("")).entries, [{ key: "k", ...changed }]);
  }));

Deno.test("FolderStore errors a body whose file is changed in place", () =>
  withFolder(async (root) => {
    const store = await FolderStore.open(root);
    await store.putAtomic("k", patternBytes(2_000_000));
    const { body } = await store.get("k");
    const reader = body.getReader();
    await reader.read();
    await Deno.truncate(join(root, "k"), 1000);
    const rest = async () => {
      while (!(await reader.read()).done);
    };
    await failsWith(rest(), "network");
  }));

Deno.test("FolderStore tidies up after crashes of the day before, not of now", () =>
  withFolder(async (root) => {
    const day = 24 * 3600 * 1000;
    await Deno.mkdir(join(root, "tmp"));
    const now = Date.now();
    for (const [name, age] of [["old", day + 60_000], ["young", day - 60_000]] as const) {
      await Deno.writeTextFile(join(root, "tmp", name), "half");
      await Deno.utime(join(root, "tmp", name), new Date(now - age), new Date(now - age));
    }
    const store = await FolderStore.open(root, { now: () => now });
    assert.deepEqual(await namesIn(join(root, "tmp")), ["old", "young"]);
    await store.putAtomic("k", bytesOf("x"));
    assert.deepEqual(await namesIn(join(root, "tmp")), ["young"]);
  }));

Deno.test("FolderStore takes a dead process's lock over, and waits for a live one's", () =>
  withFolder(async (root) => {
    const slow = await FolderStore.open(root, { staleLockMs: 3_600_000 });
    const { etag } = await slow.putAtomic("k", bytesOf("one"));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytesOf("k")));
    const lock = join(root, "tmp", `lock-${digest.toHex().slice(0, 32)}`);
    await Deno.writeTextFile(lock, "someone");
    const signal = AbortSignal.timeout(100);
    await failsWith(slow.putAtomic("k", bytesOf("two"), { ifMatch: etag, signal }), "timeout");
    assert.deepEqual(await readObject(slow, "k"), bytesOf("one"));
    assert.equal(await Deno.readTextFile(lock), "someone");
    const quick = await FolderStore.open(root, { staleLockMs: 50 });
    await quick.putAtomic("k", bytesOf("two"), { ifMatch: etag });
    assert.deepEqual(await readObject(quick, "k"), bytesOf("two"));
    assert.deepEqual(await namesIn(join(root, "tmp")), []);
  }));

Deno.test("FolderStore leaves no half object when its process is killed", () =>
  withFolder(async (root) => {
    const size = 1_500_000;
    for (const delayMs of [0, 3, 7, 11, 17]) {
      const child = new Deno.Command(Deno.execPath(), {
        args: [...WRITER_RUN, root, "forever", String(size)],
        stdout: "piped",
      }).spawn();
      const reader = child.stdout.getReader();
      assert.equal(new TextDecoder().decode((await reader.read()).value), "ready\n");
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
      const store = await FolderStore.open(root);
      const keys = await keysOf(store);
      assert.ok(keys.includes("same") && keys.length >= 2);
      for (const key of keys) {
        const bytes = await readObject(store, key);
        assert.equal(bytes.length, size, key);
        assert.ok(bytes.every((byte) => byte === bytes[0]), key);
        if (key !== "same") await store.delete(key);
      }
    }
  }));

Deno.test("FolderStore says so when the disk takes no more, and keeps no part", () =>
  withFolder(async (root) => {
    // A file size limit stops a write halfway, as a full disk does, and needs no disk of its own.
    const { stdout } = await new Deno.Command("bash", {
      args: [
        "-c",
        `trap '' XFSZ; ulimit -f 1024; exec "$0" "$@"`,
        Deno.execPath(),
        ...WRITER_RUN,
        root,
        "once",
        String(3 * 1024 * 1024),
      ],
    }).output();
    assert.match(new TextDecoder().decode(stdout), /^config: writing full\/k: .*too big/);
    assert.deepEqual(await keysOf(await FolderStore.open(root)), []);
    assert.deepEqual(await namesIn(join(root, "tmp")), []);
  }));

Deno.test("fsError() tells a full disk", async () => {
  const full = await Deno.open("/dev/full", { write: true });
  try {
    const error = await full.write(bytesOf("x")).then(() => undefined, (error) => error);
    const told = fsError(error, "writing k");
    assert.ok(isCategory(told, "config"));
    assert.match(told.message, /writing k: the disk is full/);
  } finally {
    full.close();
  }
});
