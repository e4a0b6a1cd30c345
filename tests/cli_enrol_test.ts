/** Taking devices into a vault: invite codes, words, passphrases, on terminals and pipes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bashHistory, filesUnder, Home, onTerminal } from "./cli.ts";
import { startMinio } from "./minio.ts";

const minio = await startMinio();
const T = 1_700_000_000;
const ENTER = "\r";
const GOOD = "correct pony battery";

async function synced(...commands: string[]): Promise<Home> {
  const home = await Home.make();
  await home.write(".bash_history", bashHistory(T, ...commands));
  await home.hx("sync");
  return home;
}

/** Runs hx with this standard input; it has to end well. Gives all that it printed. */
async function fed(home: Home, stdin: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await home.run(args, { stdin });
  assert.equal(code, 0, stderr);
  return stdout + stderr;
}

Deno.test("an invite code alone takes a device in, piped or pasted in pieces on a terminal", async () => {
  await using a = await synced("echo a");
  await using b = await Home.make();
  await using c = await Home.make();
  const code = await a.hx("sync", "invite");
  assert.match(code, /^hx1-[0-9a-z-]+\n$/);
  assert.match(await fed(b, code, "sync", "join"), /joined the vault "history" at folder:/);
  assert.match(await b.hx("sync"), /pulled 1 segment/);
  assert.deepEqual(await b.commands(), ["echo a"]);

  const typed = await onTerminal(c, ["sync", "join"], [
    ["invite code", code.slice(0, 60) + ENTER],
    ["The other", code.slice(60).trim() + ENTER],
  ], { size: "rows 24 cols 80" });
  assert.equal(typed.code, 0, typed.screen);
  assert.ok(!typed.screen.includes(code.slice(4, 20)), typed.screen);
  const json = JSON.parse(await a.hx("sync", "invite", "--json")) as { invite: string };
  assert.equal(`${json.invite}\n`, code);
});

Deno.test("invite and key show ask first on a terminal; --yes answers; the code comes as QR too", async () => {
  await using a = await synced("echo a");
  const words = (await a.hx("key", "show")).trim();
  const code = (await a.hx("sync", "invite")).trim();
  for (const [args, secret] of [[["key", "show"], words], [["sync", "invite"], code]] as const) {
    const no = await onTerminal(a, args, [["can read your history", "n"]]);
    assert.equal(no.code, 0, no.screen);
    assert.ok(!no.screen.includes(secret), no.screen);
    assert.match(no.screen, /nothing was shown/);
    const yes = await onTerminal(a, args, [["can read your history", "y"]]);
    assert.ok(yes.screen.includes(secret), yes.screen);
    const { screen } = await onTerminal(a, [...args, "--yes"]);
    assert.ok(screen.includes(secret), screen);
    assert.equal(/█▀▄|▄▀█/.test(screen), args[1] === "invite");
  }
});

Deno.test("a wrong invite code is told of, each in its own way, and enrols nobody", async () => {
  await using a = await synced("echo a");
  await using b = await Home.make();
  const code = (await a.hx("sync", "invite")).trim();
  const join_ = ["sync", "join"];
  const typo = code.slice(0, -1) + (code.endsWith("q") ? "z" : "q");
  const swapped = code.replace(/^(hx1-.{30})(.)/, (_, start, c) => start + (c === "q" ? "z" : "q"));
  assert.match(await b.fails(10, join_, { stdin: swapped }), /mistyped: its checksum is wrong/);
  assert.match(await b.fails(10, join_, { stdin: code.slice(0, 99) }), /mistyped: it has \d+ char/);
  assert.match(await b.fails(19, join_, { stdin: code.replace("1", "3") }), /another version/);
  assert.match(await b.fails(2, join_, { stdin: GOOD }), /no invite code[^]*--store URI/);
  assert.match(await b.fails(2, join_), /expected on standard input/);
  const vault = `${a.data}/store/vaults`;
  await Deno.rename(vault, `${vault}-away`);
  assert.match(await b.fails(11, join_, { stdin: code }), /the vault \S+ is not at folder:/);
  await Deno.rename(`${a.data}/store`, `${a.data}/elsewhere`);
  const gone = await b.fails(19, join_, { stdin: code });
  assert.match(
    gone,
    /vault of this invite is in folder:\S+, which is not on this machine\n.*--store/,
  );
  await assert.rejects(Deno.stat(join(b.data, "key")));
  // The folder is elsewhere here: --store says where.
  await Deno.rename(`${a.data}/elsewhere/vaults-away`, `${a.data}/elsewhere/vaults`);
  const there = ["sync", "join", "--store", `folder:${a.data}/elsewhere`];
  assert.match(await fed(b, code, ...there), /joined the vault/);
  for (const said of [...b.said]) {
    assert.ok(![typo, code].some((secret) => said.includes(secret.slice(4, 24))));
  }
});

Deno.test("an invite readdresses a device of its vault, and refuses one of another", async () => {
  await using a = await synced("echo a");
  await using b = await synced("echo b");
  const code = await a.hx("sync", "invite");
  assert.match(await fed(a, code, "sync", "join"), /the vault "history" is now at/);
  assert.match(
    await b.fails(19, ["sync", "join"], { stdin: code }),
    /in the vault "history" already/,
  );
  // The key is lost: the invite brings it back.
  await Deno.remove(join(a.data, "key"));
  assert.match(await a.fails(19, ["sync"]), /is missing/);
  await fed(a, code, "sync", "join");
  assert.equal(await a.hx("sync", "invite"), code);
});

Deno.test("--help of the verbs of enrolment has examples", async () => {
  await using home = await Home.make();
  const passphrase = ["add", "change", "remove"].map((verb) => `key passphrase ${verb}`);
  for (const verb of ["sync invite", "sync move", ...passphrase]) {
    const text = await home.hx(...verb.split(" "), "--help");
    assert.match(text, new RegExp(`^Usage: hx ${verb}[^]*\nExamples:\n  hx ${verb}`), verb);
  }
  assert.deepEqual([...Deno.readDirSync(home.path)], []);
});

Deno.test("a passphrase joins, is changed and removed; an old vault file still opens", async () => {
  await using a = await synced("echo a");
  await using b = await Home.make();
  await using c = await Home.make();
  const store = `folder:${a.data}/store`;
  const passphrase = ["key", "passphrase"];
  const join_ = ["sync", "join", "--store", store];
  assert.match(await a.fails(2, [...passphrase, "add"], { stdin: "password\n" }), /too short/);
  assert.match(await fed(a, `${GOOD}\n`, ...passphrase, "add"), /the vault has 1 passphrase\n/);
  const [file] = (await filesUnder(`${a.data}/store`)).filter((path) => path.endsWith(".hxvault"));
  const old = await Deno.readFile(file!);

  assert.match(await b.fails(10, join_, { stdin: "correct pony batteries\n" }), /opens no vault/);
  assert.match(await fed(b, `${GOOD}\n`, ...join_), /joined the vault/);
  const next = "another pony, not that one";
  assert.match(
    await a.fails(10, [...passphrase, "change"], { stdin: `not it at all, no\n${next}\n` }),
    /no passphrase of the vault/,
  );
  assert.match(
    await fed(b, `${GOOD}\n${next}\n`, ...passphrase, "change"),
    /was changed\n[^]*old copy[^]*still opens/,
  );
  assert.match(await c.fails(10, join_, { stdin: `${GOOD}\n` }), /opens no vault/);
  const removed = await fed(a, `${next}\n`, ...passphrase, "remove");
  assert.match(removed, /has none any more\n[^]*old copy[^]*still opens/);
  // Without any passphrase, what is no 24 words is taken for mistyped ones.
  assert.match(await c.fails(10, join_, { stdin: `${next}\n` }), /word|words/);
  await Deno.writeFile(file!, old);
  assert.match(await fed(c, `${GOOD}\n`, ...join_), /joined the vault/);
  await fed(a, "", ...passphrase, "remove", "--all");
});

Deno.test("init --passphrase asks twice on a terminal, and again after a weak or mistyped one", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  const store = `folder:${join(a.path, "vault")}`;
  const made = await onTerminal(a, ["sync", "init", "--store", store, "--passphrase"], [
    ["A new passphrase", `password123!${ENTER}`],
    // What was asked is drawn once more with its answer: only what comes behind this is new.
    ["one of those that are tried first", ""],
    ["A new passphrase", GOOD + ENTER],
    ["The same again", `${GOOD}?${ENTER}`],
    ["the two are not the same", ""],
    ["A new passphrase", GOOD + ENTER],
    ["The same again", GOOD + ENTER],
  ]);
  assert.equal(made.code, 0, made.screen);
  assert.match(made.screen, /one of those that are tried first/);
  assert.match(made.screen, /the two are not the same/);
  assert.ok(!made.screen.includes("pony"), made.screen);
  const joined = await onTerminal(b, ["sync", "join", "--store", store], [
    ["the vault's passphrase", GOOD + ENTER],
  ]);
  assert.equal(joined.code, 0, joined.screen);
  assert.match(
    await a.fails(2, ["key", "passphrase", "add"]),
    /has to bring, in lines: the new one/,
  );
});

Deno.test("just Enter makes a passphrase, which has to be typed once and then opens the vault", async () => {
  await using a = await synced("echo a");
  await using b = await Home.make();
  let made = "";
  const typed = await onTerminal(a, ["key", "passphrase", "add"], [
    ["A new passphrase", ENTER],
    ["Write it down, then type it", (screen) => {
      made = /^ {2}([a-z]+(-[a-z]+){5})\r?$/m.exec(screen)![1]!;
      return made + ENTER;
    }],
  ]);
  assert.equal(typed.code, 0, typed.screen);
  assert.equal(typed.screen.split(made).length, 2, "it is shown once");
  await fed(b, `${made}\n`, "sync", "join", "--store", `folder:${a.data}/store`);
});

Deno.test("an invite brings a bucket's address without credentials or profile", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  const CREDENTIALS = {
    AWS_ACCESS_KEY_ID: minio.accessKey,
    AWS_SECRET_ACCESS_KEY: minio.secretKey,
  };
  const store = `s3+endpoint://${await minio.newBucket()}/my history+1`;
  const endpoint = ["--endpoint", minio.endpoint, "--path-style", "--profile", "my-own-profile"];
  await a.write(".bash_history", bashHistory(T, "echo 1"));
  await Deno.mkdir(join(a.path, ".aws"));
  const keys = `aws_access_key_id=${minio.accessKey}\naws_secret_access_key=${minio.secretKey}\n`;
  await a.write(".aws/credentials", `[my-own-profile]\n${keys}`);
  await a.hx("import");
  const made = await a.run(["sync", "init", "--store", store, ...endpoint], { env: CREDENTIALS });
  assert.equal(made.code, 0, made.stderr);
  assert.equal((await a.run(["sync"], { env: CREDENTIALS })).code, 0);
  const code = await a.hx("sync", "invite");
  // What the other device's own environment says of endpoints is none of the vault's.
  const env = { ...CREDENTIALS, AWS_ENDPOINT_URL: "http://127.0.0.1:9", AWS_REGION: "xx-else-1" };
  const joined = await b.run(["sync", "join"], { stdin: code, env });
  assert.equal(joined.code, 0, joined.stderr);
  assert.equal((await b.run(["sync"], { env })).code, 0);
  assert.deepEqual(await b.commands(), ["echo 1"]);
  const { decodeInvite } = await import("../lib/crypto/invite.ts");
  assert.deepEqual((await decodeInvite(code)).store, {
    uri: store,
    region: "us-east-1",
    endpoint: minio.endpoint,
    pathStyle: true,
  });
  await using c = await Home.make();
  const refused = { AWS_ACCESS_KEY_ID: "nobody", AWS_SECRET_ACCESS_KEY: "nothing" };
  await c.fails(10, ["sync", "join"], { stdin: code, env: refused });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const nobody = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  await c.fails(14, ["sync", "join", "--endpoint", nobody, "--timeout", "1"], {
    stdin: code,
    env: CREDENTIALS,
  });
  await assert.rejects(Deno.stat(join(c.data, "key")));
});
