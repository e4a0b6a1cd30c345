/** scripts/install.sh, with small programs in the place of hx. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { buildBinary } from "./binary.ts";

const SCRIPT = fileURLToPath(new URL("../scripts/install.sh", import.meta.url));
const PATH = "/usr/bin:/bin";

/** A folder with a space in its name: a home, and a program to install. */
class Place implements AsyncDisposable {
  private constructor(readonly home: string, readonly binary: string) {}

  static async make(says = "hx 1.2.3"): Promise<Place> {
    const home = await Deno.makeTempDir({ prefix: "hx install-" });
    const place = new Place(home, join(home, "the hx"));
    await place.write("the hx", `#!/bin/sh\necho '${says}'\n`);
    return place;
  }

  get installed(): string {
    return join(this.home, ".local/bin/hx");
  }

  async write(name: string, text: string, mode = 0o644): Promise<string> {
    const path = join(this.home, name);
    await Deno.writeTextFile(path, text, { mode });
    return path;
  }

  /** Runs the script; gives its exit code and all that it said. */
  async run(
    args: string[],
    env: Record<string, string> = {},
    script = SCRIPT,
  ): Promise<[number, string]> {
    const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
      args: [script, ...args],
      cwd: this.home,
      clearEnv: true,
      env: { HOME: this.home, PATH, ...env },
    }).output();
    return [code, [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("")];
  }

  /** The names in the folder of the program. */
  async left(folder = ".local/bin"): Promise<string[]> {
    try {
      return (await Array.fromAsync(Deno.readDir(join(this.home, folder)))).map(({ name }) => name);
    } catch {
      return [];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.home, { recursive: true });
  }
}

async function checksum(path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return new Uint8Array(digest).toHex();
}

Deno.test("install.sh installs, again over itself, and says what PATH lacks", async () => {
  await using place = await Place.make();
  const bin = join(place.home, ".local/bin");
  const [code, said] = await place.run([place.binary]);
  assert.equal(code, 0, said);
  assert.equal(
    said,
    `installed hx 1.2.3 as ${place.installed}\n` +
      `${bin} is not on your PATH; add this to the startup file of your shell:\n` +
      `  export PATH="${bin}:$PATH"\n`,
  );
  assert.deepEqual(await place.left(), ["hx"]);
  assert.equal((await Deno.stat(place.installed)).mode! & 0o777, 0o755);
  await place.write("the hx", "#!/bin/sh\necho hx 1.2.4\n");
  assert.deepEqual(await place.run([place.binary], { PATH: `${PATH}:${bin}` }), [
    0,
    `installed hx 1.2.4 as ${place.installed}\n`,
  ]);
});

Deno.test("install.sh says so where another hx comes first", async () => {
  await using place = await Place.make();
  await Deno.mkdir(join(place.home, "other"));
  const other = await place.write("other/hx", "#!/bin/sh\n", 0o755);
  const path = `${join(place.home, "other")}:${PATH}:${join(place.home, ".local/bin")}`;
  const [code, said] = await place.run([place.binary], { PATH: path });
  assert.equal(code, 0);
  assert.ok(said.endsWith(`On your PATH ${other} comes first.\n`), said);
});

Deno.test("PREFIX names another place, also a relative one", async () => {
  await using place = await Place.make();
  for (const PREFIX of [join(place.home, "a place"), "a place"]) {
    const [code, said] = await place.run([place.binary], { PREFIX });
    assert.equal(code, 0, said);
    assert.ok(said.includes(`as ${place.home}/a place/bin/hx\n`), said);
    assert.equal((await place.run(["--uninstall"], { PREFIX }))[0], 0);
    assert.deepEqual(await place.left("a place/bin"), []);
  }
});

Deno.test("install.sh checks a .sha256 beside the binary", async () => {
  await using place = await Place.make();
  const sum = await checksum(place.binary);
  await place.write("the hx.sha256", `${sum}  hx`);
  assert.equal((await place.run([place.binary]))[0], 0);
  await place.run(["--uninstall"]);
  for (const wrong of [`${sum.replace(/^./, (c) => c === "0" ? "1" : "0")}  hx\n`, ""]) {
    await place.write("the hx.sha256", wrong);
    const [code, said] = await place.run([place.binary]);
    assert.equal(code, 1);
    assert.match(said, /^install\.sh: .*\.sha256/);
    assert.deepEqual(await place.left(), []);
  }
});

Deno.test("what does not run as hx is not installed, and what is installed stays", async () => {
  await using place = await Place.make();
  await place.run([place.binary]);
  const broken = await place.write("broken", "#!/bin/sh\nexit 1\n");
  const [code, said] = await place.run([broken]);
  assert.equal(code, 1);
  assert.match(said, /does not run on this machine/);
  assert.deepEqual(await place.left(), ["hx"]);
  assert.equal(await checksum(place.installed), await checksum(place.binary));
  assert.equal((await place.run([join(place.home, "gone")]))[0], 1);
  assert.equal((await place.run(["--what"]))[0], 1);
});

Deno.test("another program of that name is neither replaced nor removed", async () => {
  await using place = await Place.make();
  await Deno.mkdir(join(place.home, ".local/bin"), { recursive: true });
  await place.write(".local/bin/hx", "#!/bin/sh\necho helix 25.01\n", 0o755);
  for (const args of [[place.binary], ["--uninstall"]]) {
    const [code, said] = await place.run(args);
    assert.equal(code, 1);
    assert.match(said, /is another program/);
    assert.deepEqual(await place.left(), ["hx"]);
  }
});

Deno.test("--uninstall leaves the history, and says where it is", async () => {
  await using place = await Place.make();
  await place.run([place.binary]);
  const data = join(place.home, ".local/share/hx");
  await Deno.mkdir(data, { recursive: true });
  assert.deepEqual(await place.run(["--uninstall"]), [
    0,
    `removed ${place.installed}\nYour history and the key of its vault are still in ${data}\n`,
  ]);
  assert.ok((await Deno.stat(data)).isDirectory);
  const own = await place.run(["--uninstall"], { HX_DATA_DIR: place.home });
  assert.deepEqual(own, [
    0,
    `there is no ${place.installed}\n` +
    `Your history and the key of its vault are still in ${place.home}\n`,
  ]);
});

Deno.test("without a name it takes the hx for this machine that lies beside it", async () => {
  await using place = await Place.make();
  await Deno.mkdir(join(place.home, "release"));
  const script = await place.write("release/install.sh", await Deno.readTextFile(SCRIPT));
  const [none, said] = await place.run([], {}, script);
  assert.equal(none, 1);
  assert.match(said, /^install\.sh: there is no hx beside this script/);
  await Deno.rename(place.binary, join(place.home, `release/hx-${Deno.build.target}`));
  assert.equal((await place.run([], {}, script))[0], 0);
  assert.deepEqual(await place.left(), ["hx"]);
});

const program = await buildBinary();

Deno.test(
  { name: "install.sh installs the compiled hx", ignore: program === undefined },
  async () => {
    await using place = await Place.make();
    const [code, said] = await place.run([program!]);
    assert.equal(code, 0, said);
    assert.match(said, /^installed hx \d/);
    assert.equal(await checksum(place.installed), await checksum(program!));
  },
);
