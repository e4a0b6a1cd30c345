/** How scripts/minio.sh gets a MinIO, with a Go compiler that only pretends. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const SCRIPT = fileURLToPath(new URL("../scripts/minio.sh", import.meta.url));
const TOOLS = ["bash", "env", "cat", "mkdir", "rm", "mv", "sleep", "chmod"];

const FAKE_GO = `#!/usr/bin/env bash
echo "$@" >>"$0.calls"
sleep 0.3
[ ! -e "$0.broken" ] || exit 1
printf '#!/bin/sh\\n' >"$GOBIN/minio"
chmod +x "$GOBIN/minio"
`;

interface Place {
  bin: string;
  cache: string;
  /** Runs `minio.sh path` with nothing else on PATH. */
  path(): Promise<{ code: number; out: string; err: string }>;
}

async function withPlace(body: (place: Place) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "hx-script-" });
  const [bin, cache] = [join(root, "bin"), join(root, "cache")];
  await Deno.mkdir(bin);
  for (const tool of TOOLS) {
    const which = new Deno.Command("bash", { args: ["-c", `command -v ${tool}`] });
    const found = new TextDecoder().decode((await which.output()).stdout).trim();
    await Deno.symlink(found, join(bin, tool));
  }
  const path = async () => {
    const command = new Deno.Command(join(bin, "bash"), {
      args: [SCRIPT, "path"],
      clearEnv: true,
      env: { PATH: bin, XDG_CACHE_HOME: cache, HOME: root },
    });
    const { code, stdout, stderr } = await command.output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, out: out!.trim(), err: err! };
  };
  try {
    await body({ bin, cache, path });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function addProgram(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text, { mode: 0o755 });
}

async function leftIn(binary: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(join(binary, "..")))).map(({ name }) => name);
}

Deno.test("minio.sh path builds once, however many ask", () =>
  withPlace(async ({ bin, cache, path }) => {
    await addProgram(join(bin, "go"), FAKE_GO);
    const answers = await Promise.all([path(), path(), path()]);
    const binary = answers[0]!.out;
    assert.ok(binary.startsWith(cache) && binary.endsWith("/minio"), binary);
    for (const { code, out } of answers) assert.deepEqual([code, out], [0, binary]);
    const calls = (await Deno.readTextFile(join(bin, "go.calls"))).trim();
    assert.match(calls, /^install github\.com\/minio\/minio@v\S+$/);
    assert.deepEqual(await leftIn(binary), ["minio"]);
    assert.equal((await path()).out, binary);
  }));

Deno.test("minio.sh path takes the lock of a dead build over, and leaves none of its own", () =>
  withPlace(async ({ bin, path }) => {
    await addProgram(join(bin, "go"), FAKE_GO);
    await Deno.writeTextFile(join(bin, "go.broken"), "");
    const broken = await path();
    assert.equal(broken.code, 1);
    assert.match(broken.err, /build of MinIO failed/);
    await Deno.remove(join(bin, "go.broken"));
    const { out } = await path();
    assert.deepEqual(await leftIn(out), ["minio"]);
    await Deno.remove(out);
    await Deno.mkdir(join(out, "../lock"));
    const dead = new Deno.Command("true").spawn();
    await dead.status;
    await Deno.writeTextFile(join(out, "../lock/pid"), `${dead.pid}\n`);
    assert.equal((await path()).code, 0);
    assert.deepEqual(await leftIn(out), ["minio"]);
  }));

Deno.test("minio.sh path says what is missing", () =>
  withPlace(async ({ path }) => {
    const { code, err } = await path();
    assert.equal(code, 1);
    assert.match(err, /install Go/);
  }));

Deno.test("minio.sh path takes the minio on PATH", () =>
  withPlace(async ({ bin, path }) => {
    await addProgram(join(bin, "minio"), "#!/bin/sh\n");
    assert.deepEqual(await path(), { code: 0, out: join(bin, "minio"), err: "" });
  }));
