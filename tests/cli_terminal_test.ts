/** hx and what it runs in: terminals, pipes, signals, files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bashHistory, filesUnder, Home, hxArgs, onTerminal } from "./cli.ts";

const T = 1_700_000_000;
const ENTER = "\r";
const CTRL_C = "\x03";
/** Colours, as opposed to moving the cursor. */
// deno-lint-ignore no-control-regex
const COLOUR = /\x1b\[[\d;]*m/;

Deno.test("init shows the words on a terminal; join asks there and does not show them", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  const store = `folder:${join(a.path, "vault")}`;
  const made = await onTerminal(a, ["sync", "init", "--store", store]);
  assert.equal(made.code, 0, made.screen);
  const words = (await a.hx("key", "show")).trim();
  assert.ok(made.screen.includes(words), made.screen);

  const list = words.split(" ");
  const joined = await onTerminal(b, ["sync", "join", "--store", store], [
    ["24 recovery words", list.slice(0, 20).join(" ") + ENTER],
    ["other 4 words", list.slice(20).join(" ") + ENTER],
  ]);
  assert.equal(joined.code, 0, joined.screen);
  assert.ok(!joined.screen.includes(list.slice(0, 2).join(" ")), joined.screen);
  assert.match(joined.screen, /joined the vault "history"/);
});

Deno.test("forget shows what would go and asks; no, Ctrl-C and just Enter remove nothing", async () => {
  await using home = await Home.make();
  const many = Array.from({ length: 7 }, (_, i) => `echo secret ${i}`);
  await home.write(".bash_history", bashHistory(T, "echo keep", ...many));
  await home.hx("import");
  const forget = ["forget", "--match", "secret"];
  const question = "Forget 7 events";
  for (const [typed, code] of [[ENTER, 0], ["n", 0], [CTRL_C, 130]] as const) {
    const asked = await onTerminal(home, forget, [[question, typed]]);
    assert.equal(asked.code, code, asked.screen);
    assert.match(asked.screen, /echo secret 4\r\n {2}and 2 more\r\n/);
    assert.equal((await home.commands()).length, 8);
  }
  // Some terminals have no size.
  const agreed = await onTerminal(home, forget, [[question, "y"]], { size: "rows 0 cols 0" });
  assert.equal(agreed.code, 0, agreed.screen);
  assert.deepEqual(await home.commands(), ["echo keep"]);
});

Deno.test("a terminal gets colour, NO_COLOR and pipes do not", async () => {
  await using home = await Home.make();
  await home.hx("sync");
  const status = ["sync", "status"];
  assert.match((await onTerminal(home, status)).screen, COLOUR);
  for (const [name, value] of [["NO_COLOR", "1"], ["TERM", "dumb"]] as const) {
    const { screen } = await onTerminal(home, status, [], { [name]: value });
    assert.doesNotMatch(screen, COLOUR);
  }
  assert.doesNotMatch(await home.hx(...status), COLOUR);
});

Deno.test("export into a reader that stops early ends well and quietly", async () => {
  await using home = await Home.make();
  const many = Array.from({ length: 5000 }, (_, i) => `echo ${i} ${"x".repeat(100)}`);
  await home.write(".bash_history", bashHistory(T, ...many));
  await home.hx("import");
  const line = [Deno.execPath(), ...hxArgs(["export"])].map((arg) => `'${arg}'`).join(" ");
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `${line} | head -n 2; echo "\${PIPESTATUS[0]}"`],
    clearEnv: true,
    env: await home.env(),
  }).output();
  const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
  assert.deepEqual(lines.slice(0, 2).map((text) => (JSON.parse(text) as { cmd: string }).cmd), [
    many[0],
    many[1],
  ]);
  assert.equal(lines[2], "0");
  assert.equal(new TextDecoder().decode(stderr), "");
});

Deno.test("SIGINT and SIGTERM, also twice, are exit 130 and leave nothing behind", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  await a.hx("sync");
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const store = `folder:${a.data}/store`;
    const child = await b.start(["sync", "join", "--verbose", "--store", store]);
    const said = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    assert.match((await said.read()).value!, /reading the recovery words/);
    child.kill(signal);
    child.kill(signal);
    let last = "";
    for (let next = await said.read(); !next.done; next = await said.read()) last += next.value;
    assert.match(last, /^hx: interrupted\n {4}run the command again to go on\n/);
    await child.stdout.cancel();
    await child.stdin.close().catch(() => {});
    assert.equal((await child.status).code, 130);
  }
  await b.join(a, `folder:${a.data}/store`);
});

Deno.test("folders are 0700 and files 0600, whatever the umask", async () => {
  await using home = await Home.make();
  await home.write(".bash_history", bashHistory(T, "echo 1"));
  const line = [Deno.execPath(), ...hxArgs(["sync"])].map((arg) => `'${arg}'`).join(" ");
  const { success } = await new Deno.Command("sh", {
    args: ["-c", `umask 0; ${line}`],
    clearEnv: true,
    env: await home.env(),
    stdout: "null",
    stderr: "null",
  }).output();
  assert.ok(success);
  const modes = new Set<string>();
  for (const file of await filesUnder(home.data)) {
    assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600, file);
    modes.add(file.slice(home.data.length + 1).split("/")[0]!);
  }
  for (const folder of [home.data, `${home.data}/store`, `${home.data}/store/vaults`]) {
    assert.equal((await Deno.stat(folder)).mode! & 0o777, 0o700, folder);
  }
  assert.deepEqual([...modes].sort(), ["hx.db", "key", "lock.db", "store"]);
});

Deno.test("the write-ahead log has the mode of its database", async () => {
  await using home = await Home.make();
  await home.hx("sync");
  const { openDatabase } = await import("../lib/db/mod.ts");
  using db = openDatabase(join(home.data, "hx.db"));
  db.run("INSERT INTO meta (name, value) VALUES ('a', 'b')");
  for (const name of ["hx.db", "hx.db-wal", "hx.db-shm"]) {
    assert.equal((await Deno.stat(join(home.data, name))).mode! & 0o777, 0o600, name);
  }
});

Deno.test("nothing that hx says holds the key, and the database does not either", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  await a.write(".bash_history", bashHistory(T, "echo 1"));
  await a.run(["sync", "--verbose"]);
  const words = (await a.hx("key", "show")).trim();
  const key = (await Deno.readTextFile(join(a.data, "key"))).trim().split(" ")[2]!;
  assert.match(key, /^[0-9a-f]{64}$/);
  const store = `folder:${a.data}/store`;
  await b.run(["sync", "join", "--store", store, "--verbose"], { stdin: `${words} extra` });
  await b.run(["sync", "join", "--store", store, "--json"], { stdin: words });
  for (const verb of [["sync", "status"], ["sync", "status", "--json"], ["sync", "-v"]]) {
    await b.run(verb);
  }
  const said = [...a.said, ...b.said].join("\n");
  const twoWords = words.split(" ").slice(0, 2).join(" ");
  for (const secret of [twoWords, key]) assert.ok(!said.includes(secret));
  const raw = Uint8Array.from(key.match(/../g)!, (hex) => parseInt(hex, 16));
  for (const home of [a, b]) {
    for (const file of await filesUnder(home.data)) {
      if (file.endsWith("/key")) continue;
      const text = new TextDecoder("latin1").decode(await Deno.readFile(file));
      for (const secret of [twoWords, key, new TextDecoder("latin1").decode(raw)]) {
        assert.ok(!text.includes(secret), file);
      }
    }
  }
});

Deno.test("HX_DATA_DIR and XDG_DATA_HOME say where the data lies; a relative XDG path is ignored", async () => {
  await using home = await Home.make();
  const at = async (env: Record<string, string>, folder: string) => {
    const { code, stderr } = await home.run(["import"], { env });
    assert.equal(code, 0, stderr);
    assert.ok((await Deno.stat(join(home.path, folder, "hx.db"))).isFile);
  };
  await at({ XDG_DATA_HOME: join(home.path, "xdg") }, "xdg/hx");
  await at({ XDG_DATA_HOME: join(home.path, "xdg"), HX_DATA_DIR: join(home.path, "own") }, "own");
  await at({ HX_DATA_DIR: "relative/own" }, "relative/own");
  await at({ XDG_DATA_HOME: "relative" }, ".local/share/hx");
});
