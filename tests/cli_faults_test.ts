/** Every category of trouble with a bucket, from the wire to the exit code; and what no run may tell. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { exitCode, HxError } from "../lib/errors.ts";
import { bashHistory, filesUnder, Home } from "./cli.ts";
import { type Choose, type FaultProxy, startFaultProxy } from "./fault_proxy.ts";
import {
  answered,
  blackHole,
  every,
  flippedAt,
  flippedRequest,
  html,
  refusal,
  resetBefore,
  slowDown,
} from "./faults.ts";
import { startMinio } from "./minio.ts";
import { temporaryCredentials } from "./sts.ts";

const minio = await startMinio();
const T = 1_700_000_000;

/** The environment of a login. */
async function login(): Promise<Record<string, string>> {
  const { accessKeyId, secretAccessKey, sessionToken } = await temporaryCredentials(minio);
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  };
}

const EMPTY = answered(
  200,
  "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
  { "content-type": "application/xml" },
);

interface Case {
  category: HxError["category"];
  choose: Choose;
  /** Seconds that a request may take; tries go on until then. */
  timeout?: string;
  operation?: "push";
  says: RegExp;
  hint: RegExp;
}

const CASES: Case[] = [
  {
    category: "auth",
    choose: every(refusal(403, "AccessDenied"), "list"),
    says: /^s3:ListBucket on hx-.*\/my hx\/vaults\/.*\* was refused \(AccessDenied, HTTP 403\)$/,
    hint: /policy/,
  },
  {
    category: "auth",
    choose: every(refusal(400, "ExpiredToken"), "list"),
    says: /ExpiredToken/,
    hint: /log in again/,
  },
  {
    category: "not-found",
    choose: ({ operation }) =>
      operation === "list" ? EMPTY : operation === "get" ? html(404) : undefined,
    says: /^the vault [0-9a-f-]{36} is not at s3\+endpoint:/,
    hint: /bucket the right one\? nothing was written/,
  },
  {
    category: "throttling",
    choose: every(slowDown, "list"),
    timeout: "2",
    says: /SlowDown, HTTP 503/,
    hint: /rate-limiting/,
  },
  {
    category: "timeout",
    choose: every(blackHole, "list"),
    timeout: "0.5",
    says: /./,
    hint: /./,
  },
  {
    category: "network",
    choose: () => resetBefore,
    timeout: "1",
    says: /s3:ListBucket on .*: the connection broke/,
    hint: /safe to run again/,
  },
  {
    category: "server",
    choose: every(html(502), "list"),
    timeout: "1",
    says: /HTTP 502/,
    hint: /safe to run again/,
  },
  {
    category: "hash-mismatch",
    choose: every(flippedRequest, "put"),
    operation: "push",
    says: /s3:PutObject on .*\/segments\/.*XAmzContentSHA256Mismatch/,
    hint: /network, memory or a proxy/,
  },
  {
    category: "conflict",
    choose: every(refusal(409, "ConditionalRequestConflict"), "put"),
    timeout: "1",
    operation: "push",
    says: /./,
    hint: /./,
  },
  {
    category: "config",
    choose: every(refusal(404, "NoSuchBucket"), "list"),
    says: /NoSuchBucket/,
    hint: /check the bucket/,
  },
  {
    category: "config",
    choose: every(refusal(501, "NotImplemented"), "put"),
    operation: "push",
    says: /NotImplemented, HTTP 501/,
    hint: /lacks this feature/,
  },
];

/** A device in a vault behind a proxy, with something to push; and its words. */
async function enrolled(proxy: FaultProxy, env: Record<string, string>) {
  const home = await Home.make();
  const bucket = await minio.newBucket();
  const store = ["--store", `s3+endpoint://${bucket}/my hx`, "--endpoint", proxy.endpoint];
  const ok = async (...args: string[]) => {
    const { code, stderr, stdout } = await home.run([...args, "--verbose"], { env });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const history = async (...commands: string[]) => {
    await home.write(".bash_history", bashHistory(T, ...commands));
    await ok("import");
  };
  await history("echo 1");
  await ok("sync", "init", ...store);
  await ok("sync");
  await history("echo 1", "echo 2");
  return { home, bucket, store, ok };
}

Deno.test("every category ends hx sync with its exit code, a message and a hint, and is kept for status", async () => {
  await using proxy = startFaultProxy(minio);
  const env = await login();
  const { home, bucket, ok } = await enrolled(proxy, env);
  await using _ = home;
  const words = (await home.hx("key", "show")).trim();
  for (const { category, choose, timeout = "20", operation = "pull", says, hint } of CASES) {
    proxy.choose = choose;
    const args = ["sync", "--verbose", "--timeout", timeout];
    const said = await home.fails(exitCode(new HxError(category, "")), args, { env });
    const { last_error } = JSON.parse(await ok("sync", "status", "--json"));
    assert.equal(last_error.category, category);
    assert.equal(last_error.operation, operation, category);
    assert.match(last_error.message, says);
    assert.match(last_error.hint, hint);
    assert.ok(said.includes(`hx: ${last_error.message}\n    ${last_error.hint}\n`), said);
    assert.match(said, /^(list|put|get|head)\b.* in /m);
  }
  const wrong = { ...env, AWS_SECRET_ACCESS_KEY: "wr0ng/wr0ng+wr0ng" };
  assert.match(await home.fails(10, ["sync", "-v"], { env: wrong }), /SignatureDoesNotMatch/);

  proxy.choose = () => undefined;
  assert.equal(await ok("sync"), "pushed 1 segment\n");
  const shows = await leaks(home, words, [...Object.values(env), minio.secretKey, "wr0ng"]);
  assert.deepEqual(shows, []);
  // The same search finds what is there.
  assert.deepEqual((await leaks(home, words, [bucket])).sort(), ["hx.db", "output"]);
});

Deno.test("a damaged vault is exit 16 at join, a damaged segment exit 3 at sync", async () => {
  await using proxy = startFaultProxy(minio);
  const env = await login();
  const { home, store, ok } = await enrolled(proxy, env);
  await using _ = home;
  await ok("sync");
  await using other = await Home.make();
  const stdin = await home.hx("key", "show");
  const join_ = ["sync", "join", ...store, "--verbose"];
  proxy.choose = ({ operation, path }) =>
    operation === "get" && path.endsWith(".hxvault") ? flippedAt(0) : undefined;
  const said = await other.fails(16, join_, { stdin, env });
  assert.match(said, /^hx: the vault at .* is damaged.*\n {4}put vault\.hxvault back/m);
  proxy.choose = () => undefined;
  assert.equal((await other.run(join_, { stdin, env })).code, 0);
  proxy.choose = ({ operation, path }) =>
    operation === "get" && path.endsWith(".hxseg") ? flippedAt(-1) : undefined;
  assert.match(await other.fails(3, ["sync", "-v"], { env }), /rejected 2 segments \(corrupt\)/);
  const status = JSON.parse(await other.hx("sync", "status", "--json"));
  assert.deepEqual(status.last_pull.rejected, { segment: { corrupt: 2 } });
  assert.equal(status.last_error, null);
  proxy.choose = () => undefined;
  assert.equal((await other.run(["sync"], { env })).stdout, "pulled 2 segments (2 new events)\n");
  const secrets = [...Object.values(env), minio.secretKey];
  assert.deepEqual(await leaks(other, stdin.trim(), secrets), []);
});

/** Where any of the secrets, any three of the words, or the master key are to be read. */
async function leaks(home: Home, words: string, secrets: readonly string[]): Promise<string[]> {
  const list = words.split(" ");
  const threes = list.slice(2).map((_, at) => list.slice(at, at + 3).join(" "));
  const forbidden = [...secrets, ...threes];
  const [, , master = ""] = (await Deno.readTextFile(join(home.data, "key"))).trim().split(" ");
  assert.equal(master.length, 64);
  const isIn = (text: string, also: readonly string[] = []) =>
    [...forbidden, ...also].some((secret) => text.includes(secret));
  const found = isIn(home.said.join("\n"), [master]) ? ["output"] : [];
  for (const path of await filesUnder(home.path)) {
    const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (isIn(text, name === "key" ? [] : [master])) found.push(name);
  }
  return found;
}
