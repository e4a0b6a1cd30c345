/** `hx artifact`, as users run it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bashHistory, filesUnder, Home, hxArgs } from "./cli.ts";
import { noise } from "./artifact_kit.ts";

const T = 1_700_000_000;
const MIB = 1 << 20;

/** Two devices in one vault in a folder. */
async function twoDevices(): Promise<
  { a: Home; b: Home; shared: Home } & AsyncDisposable
> {
  const [a, b, shared] = [await Home.make(), await Home.make(), await Home.make()];
  const store = `folder:${join(shared.path, "vault")}`;
  await a.write(".bash_history", bashHistory(T, "make all", "make install"));
  await a.hx("import", "--host", "laptop");
  await a.hx("sync", "init", "--store", store);
  await a.hx("sync");
  await b.join(a, store);
  const end = async () => {
    for (const home of [a, b, shared]) await home[Symbol.asyncDispose]();
  };
  return { a, b, shared, [Symbol.asyncDispose]: end };
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function list(home: Home): Promise<Record<string, unknown>[]> {
  return JSON.parse(await home.hx("artifact", "list", "--json"));
}

Deno.test("attach on one device, list and get on another; gc frees, get fetches again", async () => {
  await using devices = await twoDevices();
  const { a, b } = devices;
  const log = noise(3 * MIB + 7);
  const hash = await digest(log);
  const file = join(a.path, "build.log");
  await Deno.writeFile(file, log);
  assert.match(
    await a.hx("artifact", "attach", file, "--last"),
    /^attached build\.log, 3\.0 MiB, as [0-9a-f]{12}\n$/,
  );
  await Deno.remove(file);
  assert.match(await a.hx("sync", "status"), /pending +1 blob to push/);
  assert.equal(await a.hx("sync"), "pushed 1 segment, 1 blob\n");
  await b.hx("sync");
  const [row] = await list(b);
  assert.deepEqual(
    [row!.name, row!.blob_hash, row!.byte_len, row!.cmd, row!.here, row!.published],
    ["build.log", hash, log.length, "make install", false, true],
  );
  assert.match(await b.hx("artifact", "list"), /make install/);

  await b.hx("artifact", "get", hash.slice(0, 8).toUpperCase());
  assert.deepEqual(await Deno.readFile(join(b.path, "build.log")), new Uint8Array(log));
  assert.match(await b.fails(2, ["artifact", "get", hash]), /is there already/);
  await b.hx("artifact", "get", hash, "-o", "part", "--range", "1048570:1048590");
  assert.deepEqual(
    await Deno.readFile(join(b.path, "part")),
    new Uint8Array(log.slice(1048570, 1048590)),
  );

  assert.equal(await a.hx("artifact", "gc"), "freed 3.0 MiB (1 artifact)\n");
  assert.equal((await list(a))[0]!.here, false);
  await a.hx("sync", "pull", "--blobs=1M");
  assert.equal((await list(a))[0]!.here, false);
  assert.match(await a.hx("sync", "pull", "--blobs"), /pulled 1 blob/);
  assert.equal((await list(a))[0]!.here, true);
});

Deno.test("attach takes standard input, --to and --name; nothing is readable in the store", async () => {
  await using devices = await twoDevices();
  const { a, b, shared } = devices;
  const attached = await a.run(["artifact", "attach", "-", "--to", "1", "--name", "made by hand"], {
    stdin: "s3cret output\n",
  });
  assert.equal(attached.code, 0, attached.stderr);
  await a.hx("sync");
  await b.hx("sync");
  const [row] = await list(b);
  assert.deepEqual([row!.cmd, row!.media_type], ["make all", "text/plain"]);
  assert.equal(await b.hx("artifact", "get", String(row!.blob_hash), "-o", "-"), "s3cret output\n");
  for (const path of await filesUnder(shared.path)) {
    const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
    assert.ok(!/s3cret|made by hand/.test(text), path);
    assert.ok(!path.includes(String(row!.blob_hash)));
  }
  for (const path of await filesUnder(join(a.data, "blobs"))) {
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    assert.equal((await Deno.stat(join(path, ".."))).mode! & 0o777, 0o700);
  }
});

Deno.test("damage in the store: exit 16, which frame, and no file", async () => {
  await using devices = await twoDevices();
  const { a, b, shared } = devices;
  const log = noise(3 * MIB);
  const hash = await digest(log);
  await Deno.writeFile(join(a.path, "x.log"), log);
  await a.hx("artifact", "attach", "x.log");
  await a.hx("sync");
  await b.hx("sync");
  const [path] = (await filesUnder(shared.path)).filter((file) => file.endsWith(".hxblob"));
  const bytes = await Deno.readFile(path!);
  bytes[bytes.length - 2 * MIB]! ^= 1;
  await Deno.writeFile(path!, bytes);
  assert.match(
    await b.fails(16, ["artifact", "get", hash, "-o", "out"]),
    /frame 1 does not authenticate/,
  );
  assert.deepEqual([...Deno.readDirSync(b.path)].filter(({ isFile }) => isFile), []);
  const piped = await b.run(["artifact", "get", hash, "-o", "-", "--range", "0:10"]);
  assert.equal(piped.code, 0, piped.stderr);
  await b.fails(16, ["artifact", "get", hash, "-o", "-"]);
  const pulled = await b.run(["sync", "pull", "--blobs"]);
  assert.equal(pulled.code, 3);
  assert.match(pulled.stderr, /rejected 1 blob \(corrupt\)/);
  // The device that has a copy is not concerned.
  await a.hx("artifact", "get", hash, "-o", "out");
});

Deno.test("HASH may be any beginning that names one artifact", async () => {
  await using home = await Home.make();
  for (let i = 0; i < 20; i++) {
    const ran = await home.run(["artifact", "attach", "-", "--name", `${i}`], { stdin: `${i}` });
    assert.equal(ran.code, 0, ran.stderr);
  }
  const hashes = (await list(home)).map(({ blob_hash }) => String(blob_hash));
  const first = hashes.map((hash) => hash[0]!);
  const shared = first.find((digit, i) => first.indexOf(digit) !== i)!;
  const named = hashes.filter((hash) => hash.startsWith(shared));
  const said = await home.fails(2, ["artifact", "get", shared, "-o", "-"]);
  for (const hash of named) assert.ok(said.includes(hash));
  await home.fails(2, ["artifact", "get", "nothex", "-o", "-"]);
  await home.fails(11, ["artifact", "get", "0".repeat(64), "-o", "-"]);
  assert.match(await home.hx("artifact", "get", hashes[3]!, "-o", "-"), /^\d+$/);
});

Deno.test("rm asks first; what was not published is gone, of the rest only the copy", async () => {
  await using devices = await twoDevices();
  const { a, b } = devices;
  await a.write("one", "1");
  await a.write("two", "2");
  await a.hx("artifact", "attach", "one", "--last");
  await a.hx("sync");
  await a.hx("artifact", "attach", "two");
  const [one, two] = (await list(a)).map(({ blob_hash }) => String(blob_hash));
  assert.match(await a.fails(2, ["artifact", "rm", one!]), /--yes/);
  const published = await a.run(["artifact", "rm", one!, "--yes"]);
  assert.match(published.stderr, /stays in the vault: `hx forget --id ID`/);
  assert.match(await a.hx("artifact", "rm", two!, "--yes"), /was not published/);
  assert.deepEqual((await list(a)).map(({ name, here }) => [name, here]), [["one", false]]);
  assert.equal(await a.hx("sync"), "nothing new\n");
  // Forgetting the command takes it from everywhere.
  await b.hx("sync");
  await b.hx("artifact", "get", one!);
  await a.hx("forget", "--match", "make install", "--yes");
  await a.hx("sync");
  await b.hx("sync");
  assert.deepEqual([await list(a), await list(b)], [[], []]);
});

Deno.test("a full disk leaves nothing half done, and says so in a line", async () => {
  await using devices = await twoDevices();
  const { a, b } = devices;
  const log = noise(6 * MIB);
  await Deno.writeFile(join(a.path, "x.log"), log);
  // No file may get larger than 4 MiB: the system then says the same as of a full disk.
  const said = await limited(a, ["artifact", "attach", "x.log"]);
  assert.match(said, /^hx: attaching x\.log: .*\n {4}free some space there.*\n$/);
  assert.deepEqual(await list(a), []);
  assert.deepEqual(await filesUnder(a.data).then(blobFiles), []);
  await a.hx("artifact", "attach", "x.log");
  await a.hx("sync");
  await b.hx("sync");
  const hash = await digest(log);
  await limited(b, ["artifact", "get", hash, "-o", "out"]);
  assert.deepEqual([...Deno.readDirSync(b.path)].filter(({ isFile }) => isFile), []);
  await limited(b, ["sync", "pull", "--blobs"]);
  assert.deepEqual(await filesUnder(b.data).then(blobFiles), []);
  await b.hx("artifact", "get", hash, "-o", "out");
});

function blobFiles(paths: string[]): string[] {
  return paths.filter((path) => path.includes("/blobs/"));
}

/** Runs hx where no file may have more than 4 MiB; it has to end with `config`. */
async function limited(home: Home, args: string[]): Promise<string> {
  const { code, stderr } = await new Deno.Command("/bin/bash", {
    args: [
      "-c",
      `trap "" XFSZ; ulimit -f 4096; exec "$@"`,
      "bash",
      Deno.execPath(),
      ...hxArgs(args),
    ],
    cwd: home.path,
    clearEnv: true,
    env: await home.env(),
    stdin: "null",
    stderr: "piped",
  }).output();
  const said = new TextDecoder().decode(stderr);
  assert.equal(code, 19, said);
  return said;
}

Deno.test("attach says what is wrong with what it is given", async () => {
  await using home = await Home.make();
  assert.match(await home.fails(11, ["artifact", "attach", "nothing.log"]), /there is no file/);
  assert.match(await home.fails(2, ["artifact", "attach", "."]), /is a folder/);
  await home.write("x", "x");
  await home.fails(2, ["artifact", "attach", "x", "--last", "--to", "1"]);
  await home.fails(2, ["artifact", "attach", "x", "--name", ""]);
  await home.fails(11, ["artifact", "attach", "x", "--last"]);
  await home.fails(11, ["artifact", "attach", "x", "--to", "7"]);
  assert.deepEqual(await list(home), []);
});

Deno.test("names from other devices lead nowhere but into the folder", async () => {
  await using home = await Home.make();
  for (const name of ["../../up", "/etc/passwd", "..", "a\nb"]) {
    const ran = await home.run(["artifact", "attach", "-", "--name", name], { stdin: name });
    assert.equal(ran.code, 0, ran.stderr);
    const row = (await list(home)).find((one) => one.name === name)!;
    const said = await home.hx("artifact", "get", String(row.blob_hash));
    const [, path = ""] = / to (.*)\n$/.exec(said)!;
    assert.ok(["up", "passwd", String(row.blob_hash).slice(0, 12)].includes(path), path);
    assert.equal(await Deno.readTextFile(join(home.path, path)), name);
    await Deno.remove(join(home.path, path));
  }
});
