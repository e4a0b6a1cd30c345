/** What hx says when something is wrong, and the exit codes that scripts rely on. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openDatabase, takeSyncLock } from "../lib/db/mod.ts";
import { bashHistory, filesUnder, Home } from "./cli.ts";

const T = 1_700_000_000;

/** A device with a vault in its embedded store. */
async function synced(...commands: string[]): Promise<Home> {
  const home = await Home.make();
  await home.write(".bash_history", bashHistory(T, ...commands));
  await home.hx("sync");
  return home;
}

Deno.test("usage errors are exit 2, one line what and one line hint", async () => {
  await using home = await Home.make();
  const cases: [string[], RegExp][] = [
    [["snc"], /^hx: unknown command 'snc'\n {4}Did you mean sync\?\n$/],
    [["sync", "stats"], /^hx: unknown command 'stats'\n {4}Did you mean status\?\n$/],
    [["sync", "--jsno"], /^hx: unknown option '--jsno'\n {4}Did you mean --json\?\n$/],
    [
      ["export", "--format", "xml"],
      /^hx: --format takes jsonl, csv, md; 'xml' is none of them\n {4}.*help.*\n$/,
    ],
    [["sync", "init"], /^hx: the option --store <uri> is missing\n/],
    [["sync", "init", "--store", "ftp://x"], /^hx: .*\n {4}.*s3:\/\/.*s3\+endpoint:.*folder:/],
    [["sync", "init", "--store", "s3://bucket/x"], /^hx: .*needs --region/],
    [
      ["sync", "--timeout", "soon"],
      /^hx: --timeout takes a number of seconds, up to 86400; 'soon' is not\n/,
    ],
    [["forget"], /^hx: what is to be forgotten\?\n/],
    [["forget", "--since", "2026"], /^hx: "2026" is no time\n/],
    [["forget", "--since", "2999-01-01"], /^hx: --since is in the future\n/],
    [["forget", "--id", "1", "--match", "x"], /^hx: --id stands alone\n/],
    [["forget", "--id", "one"], /^hx: 'one' is not a number of an event, nor node\/session\/seq\n/],
    [["forget", "--match", "x", "--all-devices"], /^hx: --all-devices goes with --since/],
    [["forget", "--match", ""], /^hx: every command holds an empty text\n/],
    [["import", "--shell", "csh"], /^hx: --shell takes bash, zsh, fish, auto; 'csh' is/],
  ];
  for (const [args, said] of cases) assert.match(await home.fails(2, args), said);
  assert.match(await home.fails(2, []), /^Usage: hx/);
  assert.match(await home.fails(2, ["key"]), /^Usage: hx key/);
  assert.deepEqual([...Deno.readDirSync(home.path)], []);
});

Deno.test("an argument that nothing asked for is not repeated: it may be a secret", async () => {
  await using home = await Home.make();
  const store = ["--store", "folder:/nowhere"];
  const joins = [["abandon", "ability"], ["--words", "abandon"], ["--words=abandon ability"]];
  for (const secret of joins) {
    const said = await home.fails(2, ["sync", "join", ...store, ...secret]);
    assert.ok(!/abandon|ability/.test(said), said);
  }
});

Deno.test("--help of every verb is exit 0, on standard output, with examples", async () => {
  await using home = await Home.make();
  const verbs = ["import", "export", "forget", "key show", "sync", "sync init", "sync join"];
  for (const verb of [...verbs, "sync push", "sync pull", "sync status"]) {
    const { code, stdout, stderr } = await home.run([...verb.split(" "), "--help"]);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(stdout, new RegExp(`^Usage: hx ${verb}[^]*\nExamples:\n  hx ${verb}`), verb);
  }
  assert.match(await home.hx("help"), /^Usage: hx/);
  assert.match(await home.hx("help", "forget"), /--dry-run/);
  assert.equal(await home.hx("--version"), "hx 0.1.0\n");
});

Deno.test("words with a typo, or of another vault, are exit 10 and enrol nobody", async () => {
  await using a = await synced("echo a");
  await using b = await synced("echo b");
  await using home = await Home.make();
  const join_ = ["sync", "join", "--store", `folder:${a.data}/store`];
  const words = (await a.hx("key", "show")).trim().split(" ");
  const typo = words.with(6, "zzzoo").join(" ");
  assert.match(
    await home.fails(10, join_, { stdin: typo }),
    /^hx: word 7 is not one of the recovery words\n {4}.+\n$/,
  );
  assert.match(
    await home.fails(10, join_, { stdin: words.slice(1).join(" ") }),
    /24 words, not 23/,
  );
  const others = await b.hx("key", "show");
  assert.match(await home.fails(10, join_, { stdin: others }), /^hx: the key opens no vault at /);
  assert.match(await home.fails(2, join_), /^hx: the recovery words were expected/);
  await assert.rejects(Deno.stat(join(home.data, "key")));
  assert.match(await home.fails(19, ["sync", "pull"]), /not in a vault yet/);
});

Deno.test("words are read in lines, numbered and in capitals", async () => {
  await using a = await synced("echo a");
  await using home = await Home.make();
  const words = (await a.hx("key", "show")).trim().toUpperCase().split(" ");
  const stdin = words.map((word, i) => `${i + 1}. ${word}\n`).join("");
  const ran = await home.run(["sync", "join", "--store", `folder:${a.data}/store`], { stdin });
  assert.equal(ran.code, 0, ran.stderr);
});

Deno.test("join at a store without a vault is exit 11, without a folder 19", async () => {
  await using a = await synced("echo a");
  await using home = await Home.make();
  const stdin = await a.hx("key", "show");
  await Deno.mkdir(join(home.path, "empty"));
  const at = (name: string) => ["sync", "join", "--store", `folder:${join(home.path, name)}`];
  assert.match(await home.fails(11, at("empty"), { stdin }), /^hx: there is no vault at folder:/);
  assert.match(await home.fails(19, at("gone"), { stdin }), /is not there\n/);
  assert.deepEqual([...Deno.readDirSync(join(home.path, "empty"))], []);
});

Deno.test("init where a vault is, is exit 18 and names join; --new-vault insists", async () => {
  await using a = await synced("echo a");
  await using home = await Home.make();
  const init = ["sync", "init", "--store", `folder:${a.data}/store`];
  assert.match(await home.fails(18, init), /holds a vault already[^]*hx sync join/);
  await assert.rejects(Deno.stat(join(home.data, "key")));
  await home.hx(...init, "--new-vault", "--name", "second");
  assert.match(await home.hx("sync", "status"), /^vault {6}second /);
  await using third = await Home.make();
  await third.join(a, `folder:${a.data}/store`);
  assert.match(await third.hx("sync", "status"), /^vault {6}history /);
});

Deno.test("a folder that is not mounted is exit 19, and nothing is written to it", async () => {
  await using home = await Home.make();
  const folder = join(home.path, "mnt");
  await home.hx("sync", "init", "--store", `folder:${folder}`);
  await home.write(".bash_history", bashHistory(T, "echo 1"));
  await home.hx("import");
  await Deno.rename(folder, `${folder}.away`);
  assert.match(
    await home.fails(19, ["sync"]),
    /mnt is not there\n {4}is the disk or share mounted/,
  );
  await Deno.mkdir(folder);
  for (const verb of [["sync"], ["sync", "push"], ["sync", "pull"]]) {
    assert.match(await home.fails(19, verb), /mnt is empty, though a vault was in it/);
  }
  assert.deepEqual([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder);
  await Deno.rename(`${folder}.away`, folder);
  assert.equal(await home.hx("sync"), "pushed 1 segment\n");
});

Deno.test("a second sync while one runs is exit 20", async () => {
  await using home = await synced("echo 1");
  const lock = takeSyncLock(join(home.data, "lock.db"));
  for (const verb of [["sync"], ["sync", "push"], ["sync", "pull"]]) {
    assert.match(await home.fails(20, verb), /^hx: another sync of this device is running\n/);
  }
  lock.release();
  await home.hx("sync");
});

Deno.test("a damaged object is exit 3 and costs only itself; made whole, it is taken in", async () => {
  await using a = await synced("echo 1");
  await using b = await Home.make();
  for (const n of [2, 3]) {
    await a.write(".bash_history", bashHistory(T, "echo 1", "echo 2", "echo 3").slice(0, 19 * n));
    await a.hx("import");
    await a.hx("sync");
  }
  assert.equal((await a.commands()).length, 3);
  const segments = (await filesUnder(`${a.data}/store`)).filter((path) => path.endsWith(".hxseg"));
  assert.equal(segments.length, 3);
  const whole = await Deno.readFile(segments[1]!);
  await Deno.writeFile(segments[1]!, whole.with(whole.length - 1, whole.at(-1)! ^ 1));
  await b.join(a, `folder:${a.data}/store`);

  const { code, stdout, stderr } = await b.run(["sync"]);
  assert.equal(code, 3, stderr);
  assert.equal(stdout, "pulled 2 segments (2 new events)\n");
  assert.match(stderr, /hx: warning: rejected 1 segment \(corrupt\)\n/);
  assert.equal((await b.commands()).length, 2);
  assert.match(await b.hx("sync", "status"), /rejected 1 segment \(corrupt\)/);
  await b.fails(3, ["sync", "pull"]);

  await Deno.writeFile(segments[1]!, whole);
  assert.equal(await b.hx("sync"), "pulled 1 segment (1 new event)\n");
  assert.deepEqual(await b.commands(), await a.commands());
});

Deno.test("trouble with the database is exit 19 and says what to do", async () => {
  await using home = await synced("echo 1");
  const path = join(home.data, "hx.db");
  const db = openDatabase(path);
  db.exec("PRAGMA user_version = 99");
  db.close();
  assert.match(await home.fails(19, ["export"]), /has schema 99.*\n {4}update hx/);
  await Deno.writeTextFile(path, "this is no database, but it is long enough to be looked at\n");
  assert.match(await home.fails(19, ["sync"]), /not a database of hx\n {4}move it away/);
  assert.ok(!(await home.fails(19, ["sync"])).includes(" at "));
  assert.match(await home.fails(19, ["sync", "--verbose"]), /\n {4}at .*open\.ts/);
});

Deno.test("trouble with the key file is exit 19; join with the words mends it", async () => {
  await using home = await synced("echo 1");
  const key = join(home.data, "key");
  const stdin = await home.hx("key", "show");
  const rejoin = () =>
    home.run(["sync", "join", "--store", `folder:${home.data}/store`], { stdin });
  await Deno.writeTextFile(key, "hx-key-1 nonsense\n");
  assert.match(await home.fails(19, ["sync"]), /key file .* is damaged/);
  assert.equal((await rejoin()).code, 0);
  await home.hx("sync");
  await Deno.writeTextFile(key, "hx-key-3 x\n");
  assert.match(await home.fails(19, ["sync"]), /written by a newer hx/);
  assert.equal((await rejoin()).code, 0);
  assert.equal(await Deno.readTextFile(`${key}.unreadable`), "hx-key-3 x\n");
  await Deno.remove(key);
  assert.match(await home.fails(19, ["sync"]), /key file .* is missing/);
  assert.match(await home.fails(19, ["import"]), /key file .* is missing/);
  assert.equal((await rejoin()).code, 0);
  assert.equal(await home.hx("key", "show"), stdin);
  await Deno.chmod(key, 0o640);
  assert.match(
    (await home.run(["sync"])).stderr,
    /warning: the key file .* by others\n {4}chmod 600/,
  );
});

Deno.test("a history file that is not there is exit 11, a directory 2", async () => {
  await using home = await Home.make();
  assert.match(await home.fails(11, ["import", "/nowhere/history"]), /there is no file/);
  assert.match(await home.fails(2, ["import", home.path]), /is a directory/);
});

Deno.test("AWS profiles that are not there are refused; no credentials are exit 10, no server 14", async () => {
  await using home = await Home.make();
  const init = ["sync", "init", "--store", "s3+endpoint://bucket/hx"];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const endpoint = ["--endpoint", `http://127.0.0.1:${listener.addr.port}`];
  listener.close(); // from now on connections are refused
  const unknown = await home.fails(19, [...init, ...endpoint, "--profile", "p"]);
  assert.match(unknown, /no AWS profile "p"/);
  assert.match(await home.fails(10, [...init, ...endpoint]), /no credentials for the storage/);
  const env = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "s3cr3t-s3cr3t" };
  const said = await home.fails(14, [...init, ...endpoint, "--timeout", "20", "--verbose"], {
    env,
  });
  assert.match(said, /^list.*: network in \d+ ms$/m);
  assert.ok(!said.includes("s3cr3t"), said);
  // The key is kept for the next try, and a sync does not make a local vault that hides it.
  assert.match(await home.fails(19, ["sync"]), /a key, and a vault that it was not yet taken into/);
});
