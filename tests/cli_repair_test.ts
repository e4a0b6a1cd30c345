/** Verify, repair, rebuild, and deletions of much of the history, from the command line. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bashHistory, filesUnder, Home, onTerminal } from "./cli.ts";
import { startMinio } from "./minio.ts";
import { createS3Fetch } from "../lib/s3/mod.ts";
import { listAll } from "../lib/store/mod.ts";
import { s3Opener } from "./s3_kit.ts";

const minio = await startMinio();
const fetch = createS3Fetch();
const T = 1_700_000_000;
const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: minio.accessKey,
  AWS_SECRET_ACCESS_KEY: minio.secretKey,
  AWS_ENDPOINT_URL_S3: minio.endpoint,
};

/** A device with a vault in a folder, and so many commands. */
async function filled(home: Home, commands: string[]): Promise<string> {
  await home.write(".bash_history", bashHistory(T, ...commands));
  const store = `folder:${join(home.path, "vault")}`;
  await home.hx("import", "--host", "laptop");
  await home.hx("sync", "init", "--store", store);
  await home.hx("sync");
  return store;
}

Deno.test("a bucket that loses and damages objects: verify says what and where, repair mends it", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  const bucket = await minio.newBucket();
  const store = `s3+endpoint://${bucket}/hx`;
  const run = (home: Home, ...args: string[]) => home.run(args, { env: CREDENTIALS });
  const direct = s3Opener(minio, bucket, "hx", fetch)();
  for (const n of [1, 2, 3]) {
    await a.write(".bash_history", bashHistory(T, "echo 1", "echo 2", "echo 3").slice(0, 19 * n));
    await run(a, "import", "--host", "laptop");
    if (n === 1) await run(a, "sync", "init", "--store", store);
    assert.equal((await run(a, "sync")).code, 0);
  }
  const stdin = await a.hx("key", "show");
  assert.equal(
    (await b.run(["sync", "join", "--store", store], { env: CREDENTIALS, stdin })).code,
    0,
  );
  const sound = await run(b, "sync", "verify");
  assert.equal(sound.code, 0, sound.stderr);
  assert.match(sound.stdout, /\nsegment +3 +0 +0\n/);
  assert.match(sound.stdout, /\n\neverything is there and whole\n$/);
  assert.equal((await b.commands()).length, 0); // nothing was taken in

  const keys: string[] = [];
  for await (const { key } of listAll(direct, "")) if (/seg$/.test(key)) keys.push(key);
  await direct.delete(keys[0]!);
  await direct.putAtomic(keys[1]!, new Uint8Array(200));
  await direct.putAtomic(`${keys[1]}.bak`, new Uint8Array(2));
  assert.equal((await run(b, "sync")).code, 3);
  const found = await run(b, "sync", "verify");
  assert.equal(found.code, 3);
  assert.match(found.stdout, /\nsegment +1 +0 +1 +1 corrupt\n/);
  assert.match(found.stdout, /1 key of no object, ignored:\n {2}vaults\/.*\.hxseg\.bak\n/);
  assert.match(found.stdout, /\n2 objects missing or not as it should be:\n/);
  for (const [key, problem] of [[keys[0], "missing"], [keys[1], "corrupt"]]) {
    const line =
      `  segment of [^\n]+ ${problem}: ${key}\n    .hx sync repair. on [^\n]+ puts it back\n`;
    assert.match(found.stdout, new RegExp(line));
  }
  const json = await run(b, "sync", "repair", "--json");
  assert.equal(json.code, 3);
  assert.deepEqual((JSON.parse(json.stdout) as { restored: unknown }).restored, {
    manifest: 0,
    segment: 0,
    tombstone: 0,
    blob: 0,
  });

  const mended = await run(a, "sync", "repair");
  assert.deepEqual([mended.code, mended.stdout], [0, "put back 2 segments\n"], mended.stderr);
  assert.equal((await run(a, "sync", "repair")).stdout, "nothing to repair\n");
  assert.equal((await run(b, "sync", "verify")).code, 0);
  assert.equal((await run(b, "sync")).code, 0);
  assert.deepEqual(await b.commands(), ["echo 1", "echo 2", "echo 3"]);
});

Deno.test("a database that is lost is rebuilt by join: same history, nothing twice, nothing comes back", async () => {
  await using home = await Home.make();
  await using other = await Home.make();
  const commands = ["echo 1", "login --password x", "echo 3"];
  const store = await filled(home, commands);
  await home.hx("forget", "--match", "--password", "--yes");
  await home.hx("sync");
  await other.join(home, store);
  await other.hx("sync");
  const before = await home.hx("export");
  const stdin = await home.hx("key", "show");
  await Deno.remove(home.data, { recursive: true });

  const joined = await home.run(["sync", "join", "--store", store], { stdin });
  assert.equal(joined.code, 0, joined.stderr);
  assert.match(await home.hx("sync"), /^pulled 1 segment, 1 tombstone \(2 new events\)/);
  assert.equal(await home.hx("export"), before);
  assert.match(
    await home.hx("import", "--host", "laptop"),
    /0 new, 2 known, 1 forgotten\n$/,
  );
  assert.equal(await home.hx("sync"), "nothing new\n");
  assert.equal(await home.hx("export"), before);
  assert.equal(await other.hx("sync"), "nothing new\n");
  assert.equal(await other.hx("export"), before);
  assert.match(await home.hx("sync", "verify"), /everything is there and whole/);
});

Deno.test("deletions of much of the history: exit 3 and a hint, asked on a terminal, --accept-deletes", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  const many = Array.from({ length: 1500 }, (_, n) => `make target-${n}`);
  const store = await filled(a, ["echo keep", ...many]);
  await b.join(a, store);
  await b.hx("sync");
  await a.hx("forget", "--match", "make", "--yes");
  await a.hx("sync");

  const alone = await b.run(["sync"]);
  assert.equal(alone.code, 3);
  assert.match(
    alone.stderr,
    /would remove 1,500 of 1,501 events, deleted on .+ \(1,500\); it was not/,
  );
  assert.match(alone.stderr, /`hx sync pull --accept-deletes` does it/);
  const status = await b.hx("sync", "status");
  assert.match(status, /rejected 1 tombstone \(held\)/);
  assert.match(status, /^holes +1 deletion held: `hx sync pull --accept-deletes`$/m);
  const question = "Remove them?";
  const refused = await onTerminal(b, ["sync", "pull"], [[question, "n"]]);
  assert.equal(refused.code, 3, refused.screen);
  const broken = await onTerminal(b, ["sync", "pull"], [[question, "\x03"]]);
  assert.equal(broken.code, 130, broken.screen);
  assert.equal((await b.commands()).length, 1501);
  const agreed = await onTerminal(b, ["sync"], [[question, "y"]]);
  assert.equal(agreed.code, 0, agreed.screen);
  assert.deepEqual(await b.commands(), ["echo keep"]);
});

Deno.test("--accept-deletes answers without a terminal", async () => {
  await using a = await Home.make();
  await using b = await Home.make();
  const many = Array.from({ length: 1200 }, (_, n) => `make target-${n}`);
  await b.join(a, await filled(a, many));
  await b.hx("sync");
  await a.hx("forget", "--match", "make", "--yes");
  await a.hx("sync");
  await b.fails(3, ["sync", "repair"]);
  assert.match(await b.hx("sync", "pull", "--accept-deletes"), /1 tombstone \(1,200 events gone\)/);
  assert.equal((await b.commands()).length, 0);
});

Deno.test("a vault that was replaced behind our back is refused, and nothing is written to it", async () => {
  await using a = await Home.make();
  await using stranger = await Home.make();
  const store = await filled(a, ["echo 1"]);
  const folder = store.slice("folder:".length);
  await filled(stranger, ["echo 2"]);
  const theirs = join(stranger.path, "vault");
  await a.write(".bash_history", bashHistory(T, "echo 1", "echo 3"));
  await a.hx("import", "--host", "laptop");

  // Another vault where ours was.
  await Deno.rename(folder, `${folder}.ours`);
  await new Deno.Command("cp", { args: ["-r", theirs, folder] }).output();
  const before = await filesUnder(folder);
  for (const verb of [["sync"], ["sync", "pull"], ["sync", "repair"]]) {
    assert.match(await a.fails(11, verb), /^hx: the vault \S+ is not at folder:/, verb.join(" "));
  }
  assert.deepEqual(await filesUnder(folder), before);

  // Another key's vault object under our id, and nothing else.
  const { id } = (JSON.parse(await a.hx("sync", "status", "--json")) as { vault: { id: string } })
    .vault;
  const [name] = before.filter((path) => path.endsWith("vault.hxvault"));
  const text = new TextDecoder("latin1").decode(await Deno.readFile(name!));
  await Deno.remove(join(folder, "vaults"), { recursive: true });
  await Deno.mkdir(join(folder, "vaults", id), { recursive: true });
  const bytes = text.replaceAll(/"vault_id":"[^"]+"/g, `"vault_id":"${id}"`);
  const path = join(folder, "vaults", id, "vault.hxvault");
  await Deno.writeFile(path, Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
  for (const verb of [["sync"], ["sync", "pull"], ["sync", "repair"]]) {
    assert.match(await a.fails(10, verb), /is not the one joined here\n/, verb.join(" "));
  }
  assert.deepEqual(await filesUnder(folder), [path]);

  await Deno.remove(folder, { recursive: true });
  await Deno.rename(`${folder}.ours`, folder);
  assert.equal(await a.hx("sync"), "pushed 1 segment\n");
});

Deno.test("verify and repair on a device that is in no vault say so, and leave no trace", async () => {
  await using home = await Home.make();
  for (const verb of ["verify", "repair"]) {
    assert.match(await home.fails(19, ["sync", verb]), /not in a vault yet/);
    assert.match(await home.hx("sync", verb, "--help"), new RegExp(`^Usage: hx sync ${verb}`));
  }
  assert.deepEqual([...Deno.readDirSync(home.path)], []);
});
