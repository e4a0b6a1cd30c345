/** Devices that sync, seen from their command lines. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bashHistory, filesUnder, Home } from "./cli.ts";

const T = 1_700_000_000;

/** Two devices in one vault in a folder, with two commands each. */
async function twoDevices(): Promise<{ a: Home; b: Home; store: string; end(): Promise<void> }> {
  const [a, b, shared] = [await Home.make(), await Home.make(), await Home.make()];
  const store = `folder:${join(shared.path, "vault")}`;
  await a.write(".bash_history", bashHistory(T, "echo a1", "login --password hunter2"));
  await b.write(".bash_history", bashHistory(T + 10, "echo b1", "echo b2"));
  await a.hx("import", "--host", "laptop");
  await a.hx("sync", "init", "--store", store);
  await a.hx("sync");
  await b.join(a, store);
  await b.hx("import", "--host", "desktop");
  await b.hx("sync");
  await a.hx("sync");
  const end = async () => {
    for (const home of [a, b, shared]) await home[Symbol.asyncDispose]();
  };
  return { a, b, store, end };
}

Deno.test("two devices import, join, sync and then show the same history", async () => {
  const { a, b, end } = await twoDevices();
  const all = ["echo a1", "login --password hunter2", "echo b1", "echo b2"];
  assert.deepEqual(await a.commands(), all);
  for (const format of ["jsonl", "csv", "md"]) {
    assert.equal(
      await a.hx("export", "--format", format),
      await b.hx("export", "--format", format),
    );
  }
  assert.equal(await a.hx("sync"), "nothing new\n");
  assert.equal(await b.hx("sync", "--quiet"), "");
  await end();
});

Deno.test("forget takes a command from every device, and no import brings it back", async () => {
  const { a, b, end } = await twoDevices();
  const secret = ["--match", "--password"];
  const listed = await b.run(["forget", ...secret, "--dry-run"]);
  assert.match(
    listed.stdout,
    /^\d+ {2}2023-11-14 22:13:21 {2}laptop {2}login --password hunter2\n$/,
  );
  assert.match(listed.stderr, /1 event would be forgotten; nothing was removed/);
  assert.match(await b.fails(2, ["forget", ...secret]), /--yes/);
  assert.equal((await b.commands()).length, 4);

  assert.equal(await b.hx("forget", ...secret, "--yes"), "forgot 1 event\n");
  assert.equal(await b.hx("sync"), "pushed 1 tombstone\n");
  assert.equal(await a.hx("sync"), "pulled 1 tombstone (1 event gone)\n");
  const left = ["echo a1", "echo b1", "echo b2"];
  assert.match(await a.hx("import", "--host", "laptop"), /0 new, 1 known, 1 forgotten\n$/);
  for (const home of [a, b]) {
    await home.hx("sync");
    assert.deepEqual(await home.commands(), left);
    for (const file of await filesUnder(home.data)) {
      const bytes = await Deno.readFile(file);
      assert.ok(!new TextDecoder("latin1").decode(bytes).includes("hunter2"), file);
    }
  }
  await end();
});

Deno.test("forget --since alone means this device, --all-devices every one", async () => {
  const [a, b, shared] = [await Home.make(), await Home.make(), await Home.make()];
  const store = `folder:${join(shared.path, "vault")}`;
  const now = Math.floor(Date.now() / 1000);
  for (const [home, name] of [[a, "a"], [b, "b"]] as const) {
    const recent = bashHistory(now - 60, `echo ${name} now`);
    await home.write(".bash_history", bashHistory(T, `echo ${name} old`) + recent);
    await home.hx("import", "--host", name);
  }
  await a.hx("sync", "init", "--store", store);
  await a.hx("sync");
  await b.join(a, store);
  await b.hx("sync");
  await a.hx("sync");
  assert.equal(await a.hx("forget", "--since", "1h", "--yes"), "forgot 1 event\n");
  assert.deepEqual(await a.commands(), ["echo a old", "echo b old", "echo b now"]);
  const since = String(now - 3600);
  assert.equal(
    await a.hx("forget", "--since", since, "--match", "a now", "--yes"),
    "nothing matches\n",
  );
  const args = ["forget", "--since", since, "--all-devices", "--yes", "--json"];
  assert.deepEqual(JSON.parse(await a.hx(...args)), { forgotten: 1 });
  await a.hx("sync");
  await b.hx("sync");
  for (const home of [a, b]) {
    assert.deepEqual(await home.commands(), ["echo a old", "echo b old"]);
  }
  for (const home of [a, b, shared]) await home[Symbol.asyncDispose]();
});

Deno.test("forget --since covers what the shell's file holds and no import has brought", async () => {
  await using home = await Home.make();
  const now = Math.floor(Date.now() / 1000);
  await home.hx("forget", "--since", "15m", "--yes");
  await home.write(".bash_history", bashHistory(T, "old") + bashHistory(now - 30, "secret"));
  assert.match(await home.hx("import"), /1 new, 0 known, 1 forgotten/);
  assert.deepEqual(await home.commands(), ["old"]);
});

Deno.test("forget --id takes several numbers, and all of them or none", async () => {
  await using home = await Home.make();
  await home.write(".bash_history", bashHistory(T, "one", "two", "three"));
  await home.hx("import");
  const found = JSON.parse(await home.hx("forget", "--match", "o", "--dry-run", "--json")) as {
    events: { id: number; cmd: string }[];
  };
  assert.deepEqual(found.events.map(({ cmd }) => cmd), ["one", "two"]);
  const ids = found.events.map(({ id }) => String(id));
  assert.match(await home.fails(11, ["forget", "--id", ...ids, "999", "--yes"]), /no event 999/);
  assert.equal((await home.commands()).length, 3);
  await home.hx("forget", "--id", ...ids, "--yes");
  assert.deepEqual(await home.commands(), ["three"]);
});

Deno.test("the first sync makes a vault here, imports, syncs and says how to go on", async () => {
  await using home = await Home.make();
  await home.write(".bash_history", bashHistory(T, "echo 1", "echo 2"));
  const { code, stdout, stderr } = await home.run(["sync"]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "pushed 1 segment\n");
  assert.match(stderr, /in no vault yet: making one on this machine, in .*\/store\n/);
  assert.match(stderr, /\.bash_history \(bash\): 2 new, 0 known\n/);
  assert.match(stderr, /hx sync move --store s3:\/\/.*\n.*hx sync invite\n/);
  assert.equal(await home.hx("sync"), "nothing new\n");
  assert.match(await home.fails(19, ["sync", "init", "--store", "folder:/x"]), /in the vault/);
  const words = (await home.hx("key", "show")).trim().split(" ");
  assert.equal(words.length, 24);
  assert.ok(!stderr.includes(words.slice(0, 2).join(" ")));
});

Deno.test("a vault that was copied elsewhere is found again by join, without the words", async () => {
  await using home = await Home.make();
  await using other = await Home.make();
  await home.write(".bash_history", bashHistory(T, "echo 1"));
  await home.hx("sync");
  const target = join(home.path, "copy");
  const copied = await new Deno.Command("cp", { args: ["-r", `${home.data}/store`, target] })
    .output();
  assert.ok(copied.success);
  assert.match(await home.hx("sync", "join", "--store", `folder:${target}`), /is now at folder:/);
  await Deno.remove(`${home.data}/store`, { recursive: true });
  assert.equal(await home.hx("sync"), "nothing new\n");
  await home.write(".bash_history", bashHistory(T, "echo 1", "echo 2"));
  await home.hx("import");
  assert.equal(await home.hx("sync"), "pushed 1 segment\n");
  await other.join(home, `folder:${target}`);
  assert.equal(await other.hx("sync"), "pulled 2 segments (2 new events)\n");
  assert.deepEqual(await other.commands(), ["echo 1", "echo 2"]);
});

Deno.test("init that died after the key was written goes on with the same key", async () => {
  await using home = await Home.make();
  const store = `folder:${join(home.path, "vault")}`;
  await home.hx("sync", "init", "--store", store);
  const words = await home.hx("key", "show");
  const vault = JSON.parse(await home.hx("sync", "status", "--json")) as { vault: { id: string } };
  for (const name of ["hx.db", "hx.db-wal", "hx.db-shm"]) {
    await Deno.remove(join(home.data, name)).catch(() => {});
  }
  assert.match(await home.fails(19, ["sync"]), /a key, and a vault that it was not yet/);
  const again = JSON.parse(await home.hx("sync", "init", "--store", store, "--json")) as unknown;
  assert.deepEqual(again, { vault: { ...vault.vault }, store });
  assert.equal(await home.hx("key", "show"), words);
  assert.equal(await home.hx("sync"), "nothing new\n");
});

Deno.test("status --json has the names that scripts rely on", async () => {
  await using empty = await Home.make();
  const names = ["vault", "store", "node", "devices", "pending", "holes", "last_push", "last_pull"];
  const nothing = JSON.parse(await empty.hx("sync", "status", "--json")) as Record<string, unknown>;
  assert.deepEqual(Object.keys(nothing), [...names, "last_error"]);
  assert.equal(nothing["vault"], null);
  assert.equal(nothing["last_pull"], null);
  assert.deepEqual([...Deno.readDirSync(empty.path)], []);

  const { a, store, end } = await twoDevices();
  const status = JSON.parse(await a.hx("sync", "status", "--json")) as {
    store: string;
    devices: { label: string; events: number }[];
    last_pull: Record<string, unknown>;
  };
  assert.equal(status.store, store);
  assert.equal(status.devices.length, 2);
  assert.deepEqual(Object.keys(status.devices[0]!), [
    "node_id",
    "label",
    "platform",
    "manifest_seq",
    "last_publish",
    "events",
  ]);
  assert.deepEqual(Object.keys(status.last_pull).sort(), [
    "at",
    "bytes_in",
    "bytes_out",
    "duration_ms",
    "imported",
    "ok",
    "rejected",
    "requests",
    "retries",
    "skipped",
  ]);
  const shown = await a.hx("sync", "status");
  assert.match(shown, /^vault {6}history {2}[0-9a-f-]{36}\n/);
  assert.match(shown, /\npending +nothing\nholes +none\nlast pull .* ok in /);
  await end();
});

Deno.test("export writes the fields in their order, nulls for what is not known", async () => {
  await using home = await Home.make();
  const file = await home.write("old", ": 1700000000:3;echo \\\ntwo\n");
  await home.hx("import", file, "--shell", "zsh", "--host", "old-box");
  const line = await home.hx("export");
  const keys =
    "node_id session_id seq started_at ended_at duration_ms exit_code cwd cmd host user " +
    "shell pinned";
  assert.deepEqual(Object.keys(JSON.parse(line) as object), keys.split(" "));
  assert.ok(
    line.includes(
      '"started_at":1700000000,"ended_at":1700000003,"duration_ms":3000,"exit_code":null,' +
        '"cwd":null,"cmd":"echo \\ntwo","host":"old-box","user":null,"shell":"zsh","pinned":false}\n',
    ),
    line,
  );
  const csv = await home.hx("export", "--format", "csv");
  assert.equal(csv.split("\n")[0], keys.replaceAll(" ", ","));
  assert.ok(csv.includes(',1700000000,1700000003,3000,,,"echo \ntwo",old-box,,zsh,false\n'), csv);
  const md = await home.hx("export", "--format", "md");
  assert.ok(md.endsWith("| 2023-11-14 22:13:20 | old-box |  |  | `echo  ↵ two` |\n"), md);
});

Deno.test("import tells new, known and forgotten lines of each file apart", async () => {
  await using home = await Home.make();
  assert.equal(await home.hx("import"), "no shell history was found\n");
  await home.write(".bash_history", bashHistory(T, "one"));
  await home.write(".zsh_history", ": 1700000000:0;two\n: 1700000001:0;three\n");
  const json = JSON.parse(await home.hx("import", "--json")) as { files: object[] };
  assert.deepEqual(json.files, [
    { path: join(home.path, ".bash_history"), shell: "bash", added: 1, known: 0, forgotten: 0 },
    { path: join(home.path, ".zsh_history"), shell: "zsh", added: 2, known: 0, forgotten: 0 },
  ]);
  const again = await home.hx("import");
  assert.match(
    again,
    /bash_history \(bash\): 0 new, 1 known\n.*zsh_history \(zsh\): 0 new, 2 known\n/,
  );
  assert.match(
    await home.hx("import", "--shell", "zsh"),
    /^\S*zsh_history \(zsh\): 0 new, 2 known\n$/,
  );
});
