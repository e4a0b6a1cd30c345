/**
 * The compiled hx by itself: a home, an empty PATH and nothing else in its environment. Where no
 * runtime for it can be had these tests are skipped.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { buildBinary } from "./binary.ts";
import { bashHistory, Home, onTerminal } from "./cli.ts";
import { startMinio } from "./minio.ts";
import { TARGETS } from "../scripts/compile.ts";

const T = 1_700_000_000;
const PERMISSIONS = ["read", "write", "env", "net", "run", "sys", "ffi", "import"] as const;

/** Says which runtime it has and what it may do, then wants what it may not. */
const PROBE = `
console.log(Deno.version.deno);
for (const name of ${JSON.stringify(PERMISSIONS)}) {
  console.log(name, Deno.permissions.querySync({ name }).state);
}
console.log("hostname", typeof Deno.hostname());
for (const refused of [() => Deno.systemMemoryInfo(), () => Deno.dlopen("libc.so.6", {})]) {
  try { refused(); } catch (error) { console.log(error.name); }
}
await import("https://" + "deno.land/mod.ts").catch(() => console.log("not loaded"));
`;

const program = await buildBinary();
const minio = program === undefined ? undefined! : await startMinio();

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, ignore: program === undefined });
}

/** A device that has its credentials where AWS's tools have them. */
async function makeDevice(): Promise<Home> {
  const home = await Home.make(program);
  const keys = JSON.stringify({
    Version: 1,
    AccessKeyId: minio.accessKey,
    SecretAccessKey: minio.secretKey,
  });
  const tool = await home.write("tool", `#!/bin/sh\necho '${keys}'\n`);
  await Deno.chmod(tool, 0o700);
  await Deno.mkdir(join(home.path, ".aws"));
  await home.write(
    ".aws/config",
    `[profile work]\nregion = us-east-1\nendpoint_url = ${minio.endpoint}\n` +
      `credential_process = ${tool}\n`,
  );
  return home;
}

test("two devices with the compiled hx and nothing else sync by a bucket", async () => {
  await using a = await makeDevice();
  await using b = await makeDevice();
  const vault = ["--store", `s3+endpoint://${await minio.newBucket()}/hx`, "--profile", "work"];
  await a.write(".bash_history", bashHistory(T, "echo 1", "echo 2"));
  await b.write(".bash_history", bashHistory(T + 10, "echo 3", "echo secret"));
  await a.hx("import");
  await a.hx("sync", "init", ...vault, "--path-style");
  assert.equal(await a.hx("sync"), "pushed 1 segment\n");
  await b.hx("import");
  await b.join(a, vault[1]!, ...vault.slice(2), "--path-style");
  await b.hx("sync");
  await a.hx("sync");
  assert.deepEqual(await a.commands(), ["echo 1", "echo 2", "echo 3", "echo secret"]);
  assert.deepEqual(await b.commands(), await a.commands());
  assert.match(await a.hx("search", "echo 3"), /\techo 3\n$/);
  await a.hx("forget", "--match", "secret", "--yes");
  await a.hx("sync");
  await b.hx("sync");
  assert.deepEqual(await b.commands(), ["echo 1", "echo 2", "echo 3"]);
  const status = JSON.parse(await b.hx("sync", "status", "--json")) as { store: string };
  assert.equal(status.store, vault[1]);
});

test("a large artifact goes there and back, hashed in a thread of its own", async () => {
  await using a = await makeDevice();
  await using b = await makeDevice();
  const store = `folder:${join(a.path, "vault")}`;
  await Deno.mkdir(join(a.path, "vault"));
  const bytes = new Uint8Array(20_000_000);
  for (let at = 0; at < bytes.length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  }
  await Deno.writeFile(join(a.path, "big.log"), bytes);
  const { blob_hash } = JSON.parse(await a.hx("artifact", "attach", "big.log", "--json"));
  await a.hx("sync", "init", "--store", store);
  await a.hx("sync");
  await b.join(a, store);
  await b.hx("sync");
  // It can't come to its end before its output is read.
  const child = await b.start(["artifact", "get", blob_hash, "-o", "-"]);
  await child.stdin.close();
  const hashing = Deno.build.os !== "linux" || await hasThread(child.pid, "worker-");
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.ok(hashing, "no thread that hashes");
  assert.equal(stdout.length, bytes.length);
  assert.ok(stdout.every((byte, i) => byte === bytes[i]));
});

/** Waits until a process has a thread of such a name. */
async function hasThread(pid: number, name: string): Promise<boolean> {
  for (let turn = 0; turn < 200; turn++) {
    for (const { name: id } of Deno.readDirSync(`/proc/${pid}/task`)) {
      const comm = await Deno.readTextFile(`/proc/${pid}/task/${id}/comm`).catch(() => "");
      if (comm.startsWith(name)) return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

test("the compiled hx tells its version and leaves nothing behind", async () => {
  await using home = await Home.make(program);
  const temp = join(home.path, "tmp");
  await Deno.mkdir(temp);
  const ran = await home.run(["--version"], { env: { TMPDIR: temp, HOME: "" } });
  assert.match(ran.stdout, /^hx \d+\.\d+\.\d+( \(test build\))?\n$/);
  assert.equal(ran.stderr, "");
  assert.equal((await home.run(["--help"], { env: { TMPDIR: temp } })).code, 0);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(temp)), []);
  assert.equal((await Array.fromAsync(Deno.readDir(home.path))).length, 1);
});

Deno.test("--version loads no module of ours", async () => {
  await using home = await Home.make();
  await Deno.copyFile(new URL("../cli.ts", import.meta.url), join(home.path, "cli.ts"));
  const args = ["run", "--no-config", "cli.ts", "--version"];
  const options = { cwd: home.path, stdin: "null" } as const;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args, ...options }).output();
  assert.equal(code, 0);
  assert.match(new TextDecoder().decode(stdout), /^hx \d/);
});

Deno.test("the release is built with the runtime that hx expects, for all targets", async () => {
  const read = (path: string) => Deno.readTextFile(new URL(`../${path}`, import.meta.url));
  const workflow = await read(".github/workflows/release.yml");
  const runtime = (await read("cli.ts")).match(/RELEASE_RUNTIME = "(.+)"/)![1]!;
  assert.ok(workflow.includes(`DENO_VERSION: ${runtime}\n`));
  assert.ok((await read(".ci/run")).includes(`deno_version=${runtime}\n`));
  for (const target of TARGETS) {
    assert.equal(workflow.split(target).length, 3, `${target}: built once and tried once`);
  }
});

test("compile() permits what the task does, and nothing asks for more", async () => {
  await using source = await Home.make();
  const probe = await buildBinary("probe", await source.write("probe.ts", PROBE));
  await using home = await Home.make(probe);
  const { code, screen } = await onTerminal(home, [], [], { PATH: "/usr/bin:/bin" });
  const [runtime, ...lines] = screen.trim().split(/\r?\n/);
  assert.equal(code, 0);
  assert.deepEqual(lines, [
    "read granted",
    "write granted",
    "env granted",
    "net granted",
    "run granted",
    "sys prompt",
    "ffi prompt",
    "import prompt",
    "hostname string",
    "NotCapable",
    "NotCapable",
    "not loaded",
  ]);
  const cli = await Deno.readTextFile(new URL("../cli.ts", import.meta.url));
  const isReleased = cli.includes(`RELEASE_RUNTIME = "${runtime}"`);
  await using hx = await Home.make(program);
  assert.equal((await hx.hx("--version")).includes("(test build)"), !isReleased);
});

test("the compiled hx and the checkout end with the same exit codes", async () => {
  for (const compiled of [program, undefined]) {
    await using home = await Home.make(compiled);
    assert.match(await home.fails(2, ["serach"]), /^hx: .*\n {4}.*search/);
    assert.match(await home.fails(11, ["last"]), /^hx: the history is empty/);
    await home.fails(19, ["search", "x"], { env: { HOME: "" } });
    await home.fails(19, ["sync", "join", "--store", `folder:${join(home.path, "gone")}`]);
  }
});

test("Ctrl-C ends the compiled hx with 130", async () => {
  await using home = await Home.make(program);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const env = {
    AWS_ACCESS_KEY_ID: "a",
    AWS_SECRET_ACCESS_KEY: "b",
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${listener.addr.port}`,
  };
  const child = await home.start(["sync", "init", "--store", "s3+endpoint://bucket/hx"], { env });
  const connection = await listener.accept();
  child.kill("SIGINT");
  await child.stdin.close().catch(() => {});
  const { code, stderr } = await child.output();
  assert.equal(code, 130, new TextDecoder().decode(stderr));
  connection.close();
  listener.close();
});
