/** Where credentials are looked for, in which order, and how long they are held. */
import assert from "node:assert/strict";
import { credentialsChain } from "../lib/s3/credentials/chain.ts";
import { refreshing } from "../lib/s3/credentials/refreshing.ts";
import type { Credentials } from "../lib/s3/credentials.ts";
import { AwsHome, envOf, serve } from "./credentials_kit.ts";
import { failsWith } from "./store_contract.ts";

const MINUTE = 60_000;
const OFF = { AWS_EC2_METADATA_DISABLED: "true" };
const KEYS = { AWS_ACCESS_KEY_ID: "ENV", AWS_SECRET_ACCESS_KEY: "x" };

function chain(env: (name: string) => string | undefined, profile?: string) {
  return credentialsChain({ env, profile, clock: () => 0, sleep: () => Promise.resolve() });
}

async function idOf(env: (name: string) => string | undefined, profile?: string): Promise<string> {
  return (await chain(env, profile)()).accessKeyId;
}

/** Gives credentials to containers and to instances; counts both. */
function metadata() {
  const count = { container: 0, instance: 0 };
  const answer = (AccessKeyId: string) => Response.json({ AccessKeyId, SecretAccessKey: "x" });
  const server = serve(({ url, method }) => {
    if (url.endsWith("/container")) {
      count.container++;
      return answer("CONTAINER");
    }
    count.instance++;
    if (method === "PUT") return new Response("token");
    return url.endsWith("/role") ? answer("INSTANCE") : new Response("role");
  });
  return {
    count,
    server,
    container: { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/container` },
    instance: { AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url },
  };
}

const TWO_PROFILES = "[default]\naws_access_key_id = DEFAULT\naws_secret_access_key = x\n" +
  "[work]\naws_access_key_id = WORK\naws_secret_access_key = x\n";

Deno.test("credentialsChain() looks at all places in order", async () => {
  await using home = await AwsHome.make(undefined, TWO_PROFILES);
  const { server, container, instance, count } = metadata();
  await using _ = server;
  const all = { ...KEYS, AWS_PROFILE: "work", ...container, ...instance };
  assert.equal(await idOf(home.env(all)), "ENV");
  assert.equal(
    await idOf(home.env({ ...all, AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" })),
    "WORK",
  );
  assert.equal(await idOf(home.env({ ...container, ...instance })), "DEFAULT");
  assert.deepEqual(count, { container: 0, instance: 0 });
  assert.equal(await idOf(envOf({ ...container, ...instance })), "CONTAINER");
  assert.deepEqual(count, { container: 1, instance: 0 });
  assert.equal(await idOf(envOf(instance)), "INSTANCE");
  assert.match(
    (await failsWith(chain(envOf(OFF))(), "auth")).hint!,
    /AWS_ACCESS_KEY_ID.*--profile/,
  );
});

Deno.test("credentialsChain() looks nowhere else for a profile that the user named", async () => {
  await using home = await AwsHome.make("[profile bare]\nregion = r\n", TWO_PROFILES);
  const { server, container, instance, count } = metadata();
  await using _ = server;
  const env = home.env({ ...KEYS, ...container, ...instance });
  assert.equal(await idOf(env, "work"), "WORK");
  await failsWith(chain(env, "none")(), "config");
  await failsWith(chain(env, "bare")(), "config");
  assert.deepEqual(count, { container: 0, instance: 0 });
  assert.equal(await idOf(env, ""), "ENV");
});

Deno.test("credentialsChain() never falls through from half a pair or what is not spoken", async () => {
  await using home = await AwsHome.make(
    "[default]\nsso_session = s\n[profile half]\naws_access_key_id = A\n[profile bare]\nregion = r",
  );
  const { server, container, instance, count } = metadata();
  await using _ = server;
  const web = { AWS_WEB_IDENTITY_TOKEN_FILE: "/t", AWS_ROLE_ARN: "arn" };
  const broken: Record<string, string>[] = [
    { AWS_ACCESS_KEY_ID: "A" },
    { AWS_SECRET_ACCESS_KEY: "A" },
    {},
    { AWS_PROFILE: "half" },
    { AWS_PROFILE: "none" },
    { AWS_PROFILE: "bare", ...web },
  ];
  for (const variables of broken) {
    const env = home.env({ ...variables, ...container, ...instance });
    const error = await failsWith(chain(env)(), "config");
    assert.ok(error.hint);
  }
  const { hint } = await failsWith(chain(envOf({ ...web, ...container }))(), "config");
  assert.match(hint!, /credential_process = aws configure export-credentials --format process$/);
  assert.deepEqual(count, { container: 0, instance: 0 });
  assert.equal(await idOf(home.env({ AWS_PROFILE: "bare", ...container })), "CONTAINER");
  assert.equal(await idOf(home.env({ ...KEYS, ...web })), "ENV");
});

Deno.test("credentialsChain() loads what is after the environment only where it is needed", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "lib/s3/mod.ts"],
    cwd: `${import.meta.dirname}/..`,
  }).output();
  interface Module {
    specifier: string;
    dependencies?: { code?: { specifier: string }; isDynamic?: boolean }[];
  }
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    roots: string[];
    modules: Module[];
  };
  const loaded = new Set<string>(roots);
  for (const specifier of loaded) {
    const module = modules.find((one) => one.specifier === specifier);
    for (const { code, isDynamic } of module?.dependencies ?? []) {
      if (code && !isDynamic) loaded.add(code.specifier);
    }
  }
  const names = [...loaded].filter((name) => name.includes("/s3/credentials"))
    .map((name) => name.slice(name.indexOf("/s3/")));
  assert.deepEqual(names.sort(), [
    "/s3/credentials.ts",
    "/s3/credentials/chain.ts",
    "/s3/credentials/refreshing.ts",
  ]);
});

/** A provider whose clock and answers the test decides. */
function scripted(start: number, answer: (asked: number) => Credentials | Error) {
  const state = { now: start, asked: 0 };
  const provider = refreshing(async () => {
    await Promise.resolve();
    const next = answer(++state.asked);
    if (next instanceof Error) throw next;
    return next;
  }, () => state.now);
  return { state, provider };
}

const keys = (accessKeyId: string | number, expiresAt?: number): Credentials => ({
  accessKeyId: String(accessKeyId),
  secretAccessKey: "x",
  ...(expiresAt === undefined ? {} : { expiresAt }),
});

Deno.test("refreshing() holds what does not end, and renews it when it is told to", async () => {
  const { state, provider } = scripted(0, (asked) => keys(asked));
  assert.equal((await provider()).accessKeyId, "1");
  state.now = 1e15;
  assert.equal((await provider()).accessKeyId, "1");
  assert.equal((await provider.refresh!()).accessKeyId, "2");
  assert.equal((await provider()).accessKeyId, "2");
});

Deno.test("refreshing() asks again 5 minutes before the end, once for all who wait", async () => {
  const { state, provider } = scripted(0, (asked) => keys(asked, asked * 60 * MINUTE));
  const ids = async () => {
    const found = await Promise.all([provider(), provider(), provider()]);
    return found.map(({ accessKeyId }) => accessKeyId).join("");
  };
  assert.equal(await ids(), "111");
  state.now = 55 * MINUTE - 1;
  assert.equal(await ids(), "111");
  state.now = 55 * MINUTE;
  assert.equal(await ids(), "222");
  const both = await Promise.all([provider.refresh!(), provider.refresh!()]);
  assert.deepEqual(both.map(({ accessKeyId }) => accessKeyId), ["3", "3"]);
  assert.equal(state.asked, 3);
});

Deno.test("refreshing() serves on where asking again fails, until the end", async () => {
  const { state, provider } = scripted(
    0,
    (asked) => asked === 1 ? keys(1, 60 * MINUTE) : new Error("not now"),
  );
  await provider();
  state.now = 56 * MINUTE;
  assert.equal((await provider()).accessKeyId, "1");
  assert.equal((await provider()).accessKeyId, "1");
  assert.equal(state.asked, 2); // not for every request
  state.now += MINUTE;
  assert.equal((await provider()).accessKeyId, "1");
  assert.equal(state.asked, 3);
  await assert.rejects(provider.refresh!(), /not now/);
  assert.equal((await provider()).accessKeyId, "1");
  state.now = 60 * MINUTE;
  await assert.rejects(provider(), /not now/);
  await assert.rejects(async () => {
    state.now += MINUTE;
    await provider();
  }, /not now/);
});

Deno.test("refreshing() serves on where a forced renewal of what does not end fails", async () => {
  const { provider } = scripted(0, (asked) => asked === 1 ? keys(1) : new Error("not now"));
  await provider();
  const [forced, waiting] = await Promise.allSettled([provider.refresh!(), provider()]);
  assert.equal(forced.status, "rejected");
  assert.ok(waiting.status === "fulfilled" && waiting.value.accessKeyId === "1");
});

Deno.test("refreshing() asks again after a first failure", async () => {
  const { provider } = scripted(0, (asked) => asked === 1 ? new Error("not now") : keys(asked));
  await assert.rejects(provider(), /not now/);
  assert.equal((await provider()).accessKeyId, "2");
});

Deno.test("refreshing() does not ask for every request where the end is near or past", async () => {
  const { state, provider } = scripted(MINUTE, (asked) => keys(asked, 0));
  for (let request = 0; request < 5; request++) await provider();
  assert.equal(state.asked, 1);
  const short = scripted(0, (asked) => keys(asked, short.state.now + 10_000));
  for (const [now, id] of [[0, "1"], [9_999, "1"], [10_000, "2"], [15_000, "2"]] as const) {
    short.state.now = now;
    assert.equal((await short.provider()).accessKeyId, id);
  }
});

Deno.test("credentialsChain() runs a credential_process again before its credentials end", async () => {
  await using home = await AwsHome.make();
  const count = `${home.path}/count`;
  const script = await home.write(
    "tool",
    `#!/bin/sh\necho x >>"${count}"\nn=$(grep -c x "${count}")\n` +
      `printf '{"Version":1,"AccessKeyId":"AK%s","SecretAccessKey":"x",' "$n"\n` +
      `printf '"SessionToken":"t","Expiration":"1970-01-01T0%s:00:00Z"}' "$n"\n`,
    0o700,
  );
  await home.write(".aws/config", `[profile work]\ncredential_process = '${script}'\n`);
  let now = 0;
  const sleep = () => Promise.resolve();
  const provider = credentialsChain({ env: home.env(), profile: "work", clock: () => now, sleep });
  const both = await Promise.all([provider(), provider()]);
  assert.deepEqual(both.map(({ accessKeyId }) => accessKeyId), ["AK1", "AK1"]);
  assert.equal(both[0]!.expiresAt, 60 * MINUTE);
  now = 55 * MINUTE;
  assert.equal((await provider()).accessKeyId, "AK2");
  assert.equal((await provider()).accessKeyId, "AK2");
  assert.equal((await provider.refresh!()).accessKeyId, "AK3");
});
