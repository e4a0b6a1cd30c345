/** The command line with an AWS profile, on a bucket of a real MinIO. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bashHistory, filesUnder, Home } from "./cli.ts";
import { serve } from "./credentials_kit.ts";
import { startMinio } from "./minio.ts";

const minio = await startMinio();
const SECRETS = [minio.secretKey, minio.accessKey];
const T = 1_700_000_000;

/** A program that answers with the keys, and tells that it ran. */
async function writeTool(home: Home, end: string): Promise<string> {
  const answer = { Version: 1, AccessKeyId: minio.accessKey, SecretAccessKey: minio.secretKey };
  await Deno.mkdir(join(home.path, "my tools"), { recursive: true });
  const text = `#!/bin/sh\necho ran >>"$HOME/ran"\necho the tool says hello >&2\n` +
    `cat <<'END'\n${JSON.stringify(answer)}\nEND\n${end}\n`;
  const path = await home.write("my tools/tool", text);
  await Deno.chmod(path, 0o700);
  return path;
}

async function writeConfig(
  home: Home,
  command: string,
  more = "",
): Promise<Record<string, string>> {
  const text =
    `[profile work]\ncredential_process = ${command}\nendpoint_url = ${minio.endpoint}\n`;
  return { AWS_CONFIG_FILE: await home.write("aws config", text + more) };
}

/** No output holds a secret, and no file does but the ones that the test wrote itself. */
async function scan(home: Home, own: string[]): Promise<void> {
  const said = home.said.join("\n");
  for (const secret of SECRETS) assert.ok(!said.includes(secret));
  const files = (await filesUnder(home.path)).filter((path) => !own.includes(path));
  assert.ok(files.includes(join(home.data, "hx.db")), files.join("\n"));
  for (const path of files) {
    const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
    for (const secret of SECRETS) assert.ok(!text.includes(secret), path);
  }
}

Deno.test("a profile named at init is remembered, and no output and no file holds its secret", async () => {
  await using home = await Home.make();
  const tool = await writeTool(home, "exit 0");
  const env = await writeConfig(home, `"${tool}" --for 'hx sync'`);
  const ok = async (...args: string[]) => {
    const ran = await home.run(args, { env });
    assert.equal(ran.code, 0, ran.stderr);
    return ran;
  };
  const store = `s3+endpoint://${await minio.newBucket()}/hx`;
  await home.write(".bash_history", bashHistory(T, "echo 1", "echo 2"));
  await ok("import");
  await ok("sync", "init", "--store", store, "--profile", "work", "--verbose");
  const runs = async () =>
    (await Deno.readTextFile(join(home.path, "ran"))).split("ran").length - 1;
  assert.equal(await runs(), 1);
  const synced = await ok("sync", "--verbose");
  assert.equal(synced.stdout, "pushed 1 segment\n");
  assert.match(synced.stderr, /^the tool says hello$/m);
  assert.equal(await runs(), 2);
  await scan(home, [tool]);

  // Keys of the environment are not those of the profile, which is the one that was named.
  const keys = { AWS_ACCESS_KEY_ID: "other", AWS_SECRET_ACCESS_KEY: "other-other" };
  assert.equal((await home.run(["sync"], { env: { ...env, ...keys } })).code, 0);
});

Deno.test("a credential_process that fails is exit 10, and what it wrote stays with it", async () => {
  await using home = await Home.make();
  const tool = await writeTool(home, "exit 3");
  const env = await writeConfig(home, `"${tool}" ${minio.secretKey}`);
  const good = { AWS_ACCESS_KEY_ID: minio.accessKey, AWS_SECRET_ACCESS_KEY: minio.secretKey };
  const store = `s3+endpoint://${await minio.newBucket()}/hx`;
  const init = ["sync", "init", "--store", store, "--verbose"];
  const error = await home.fails(10, [...init, "--profile", "work"], { env });
  assert.match(
    error,
    /^hx: the credential_process of the AWS profile "work" ended with exit code 3$/m,
  );

  const made = await home.run([...init, "--endpoint", minio.endpoint], {
    env: { ...env, ...good },
  });
  assert.equal(made.code, 0, made.stderr);
  await home.fails(10, ["sync", "--verbose"], { env: { ...env, AWS_PROFILE: "work" } });
  assert.match(await home.hx("sync", "status"), /last error .*auth: .*exit code 3/);
  await scan(home, [tool, join(home.path, "aws config")]);
});

Deno.test("a profile that is not spoken is exit 19, with the line that makes it work", async () => {
  await using home = await Home.make();
  const env = await writeConfig(home, "", "[profile sso]\nsso_session = s\nregion = eu-west-1\n");
  const init = ["sync", "init", "--store", "s3://hx-no-such-bucket/hx", "--profile", "sso"];
  const said = await home.fails(19, init, { env });
  assert.ok(said.includes(
    "credential_process = aws configure export-credentials --profile sso --format process",
  ));
});

Deno.test("the role of a container serves, past a proxy", async () => {
  await using home = await Home.make();
  await using proxy = serve(() => new Response("<html>", { status: 502 }));
  await using container = serve(() =>
    Response.json({
      AccessKeyId: minio.accessKey,
      SecretAccessKey: minio.secretKey,
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    })
  );
  const env = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${container.url}/role`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "t0ken",
    HTTP_PROXY: proxy.url,
    NO_PROXY: "localhost",
  };
  const store = `s3+endpoint://${await minio.newBucket()}/hx`;
  const endpoint = minio.endpoint.replace("127.0.0.1", "localhost");
  const init = ["sync", "init", "--store", store, "--endpoint", endpoint];
  const ran = await home.run(init, { env });
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(container.seen.length, 1);
  assert.equal(container.seen[0]!.headers.get("authorization"), "t0ken");
  assert.equal(proxy.seen.length, 0);
  await scan(home, []);
});
