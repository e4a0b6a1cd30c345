/** `hx doctor` through the command line, on a real MinIO and on what fails it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { iamPolicy } from "../lib/commands/doctor/iam.ts";
import { clockFindings } from "../lib/commands/doctor/machine.ts";
import { skewFindings } from "../lib/commands/doctor/store.ts";
import { takeSyncLock } from "../lib/db/mod.ts";
import { bashHistory, filesUnder, Home } from "./cli.ts";
import { startFaultProxy } from "./fault_proxy.ts";
import { blackHole, every, withHeader, without } from "./faults.ts";
import { startMinio } from "./minio.ts";
import { temporaryCredentials } from "./sts.ts";

const minio = await startMinio();
const T = 1_700_000_000;
const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: minio.accessKey,
  AWS_SECRET_ACCESS_KEY: minio.secretKey,
  AWS_ENDPOINT_URL_S3: minio.endpoint,
};

interface Report {
  ok: boolean;
  exit_code: number;
  findings: {
    name: string;
    level: string;
    message: string;
    hint: string | null;
    category: string | null;
  }[];
}

interface Policy {
  Statement: { Action: string[]; Resource: string }[];
}

/** The report of a doctor, whose exit code is the one it tells of. */
async function examine(home: Home, env: Record<string, string> = {}): Promise<Report> {
  const { code, stdout, stderr } = await home.run(["doctor", "--json"], { env });
  const report = JSON.parse(stdout || assert.fail(stderr)) as Report;
  assert.equal(code, report.exit_code, stderr);
  return report;
}

/** What is wrong, as `name: category or level`. */
function wrong({ findings }: Report): string[] {
  return findings.filter(({ level }) => level !== "ok")
    .map(({ name, level, category }) => `${name}: ${category ?? level}`);
}

/** A device in a vault at a new bucket. */
async function enrolled(bucket: string): Promise<Home> {
  const home = await Home.make();
  await home.write(".bash_history", bashHistory(T, "echo 1"));
  await home.hx("import");
  const init = ["sync", "init", "--store", `s3+endpoint://${bucket}/team/hx`];
  const { code, stderr } = await home.run(init, { env: CREDENTIALS });
  assert.equal(code, 0, stderr);
  return home;
}

async function keysOf(bucket: string): Promise<string[]> {
  const response = await minio.request("GET", `/${bucket}?list-type=2`);
  return [...(await response.text()).matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key!);
}

async function uploadsOf(bucket: string): Promise<string[]> {
  const response = await minio.request("GET", `/${bucket}/?uploads`);
  return [...(await response.text()).matchAll(/<Upload><Key>(.*?)<\/Key>/g)].map(([, key]) => key!);
}

Deno.test("doctor finds nothing wrong where all is well, and leaves nothing behind", async () => {
  const bucket = await minio.newBucket();
  await using home = await enrolled(bucket);
  assert.equal((await home.run(["sync"], { env: CREDENTIALS })).code, 0);
  const before = await keysOf(bucket);
  const report = await examine(home, CREDENTIALS);
  assert.deepEqual(wrong(report), []);
  assert.equal(report.ok, true);
  const names = report.findings.map(({ name }) => name);
  for (
    const name of [
      ...["versions", "clock", "data", "disk", "history", "database", "lock", "vault", "pending"],
      ...["key", "credentials", "list", "vault-object", "put", "get", "conditions", "uploads"],
      ...["delete", "absence", "store-clock"],
    ]
  ) assert.ok(names.includes(name), name);
  assert.deepEqual(await keysOf(bucket), before);
  assert.deepEqual(await uploadsOf(bucket), []);
  const { stdout, stderr } = await home.run(["doctor", "--verbose"], { env: CREDENTIALS });
  assert.match(stdout, /^ok +credentials +from the environment, with no end that is known$/m);
  assert.match(stdout, /\nall is well\n$/);
  assert.match(stderr, /^delete team\/hx\/vaults\/[-0-9a-f]+\/doctor-[-0-9a-f]+: 204 in \d+ ms$/m);
  const said = home.said.join("\n");
  for (const secret of [minio.secretKey, minio.accessKey]) assert.ok(!said.includes(secret));
});

Deno.test("the policy that --iam prints is enough for a sync, and each action in it is needed", async () => {
  const bucket = await minio.newBucket();
  await using home = await enrolled(bucket);
  const policy = JSON.parse(await home.hx("doctor", "--iam")) as Policy;
  const actions = policy.Statement.flatMap((one) => one.Action);
  const as = async (allowed: unknown) => {
    const { accessKeyId, secretAccessKey, sessionToken } = await temporaryCredentials(
      minio,
      allowed,
    );
    return {
      ...CREDENTIALS,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    };
  };
  const whole = await as(policy);
  assert.equal((await home.run(["sync"], { env: whole })).code, 0);
  assert.deepEqual(wrong(await examine(home, whole)), []);
  for (const action of actions) {
    const less = structuredClone(policy);
    for (const statement of less.Statement) {
      statement.Action = statement.Action.filter((one) => one !== action);
    }
    const report = await examine(home, await as(less));
    // Listing uploads is for going on with them and for tidying up; the rest is needed.
    const canDoWithout = /Multipart(Uploads|UploadParts)$/.test(action);
    assert.equal(report.exit_code, canDoWithout ? 0 : 10, `${action}: ${JSON.stringify(report)}`);
    const level = canDoWithout ? "warn" : "fail";
    const told = report.findings.filter((one) => one.level === level);
    assert.ok(told.some(({ message }) => message.includes(`${action} on`)), action);
  }
});

Deno.test("every action that hx asks the storage for is in the policy, and no other", async () => {
  const used = new Set<string>();
  for (const file of await filesUnder(join(import.meta.dirname!, "../lib/s3"))) {
    for (const [, action] of (await Deno.readTextFile(file)).matchAll(/action: "(s3:\w+)"/g)) {
      used.add(action!);
    }
  }
  const policy = iamPolicy("s3://bucket/a*b") as Policy;
  assert.deepEqual(policy.Statement.flatMap(({ Action }) => Action).sort(), [...used].sort());
  assert.match(JSON.stringify(policy), /"arn:aws:s3:::bucket\/a\$\{\*\}b\/\*"/);
});

Deno.test("--iam takes a store, has placeholders without one, and refuses a folder", async () => {
  await using home = await Home.make();
  const of = async (...args: string[]) =>
    (JSON.parse(await home.hx("doctor", "--iam", ...args)) as Policy).Statement.map((
      { Resource },
    ) => Resource);
  assert.deepEqual(await of(), ["arn:aws:s3:::BUCKET", "arn:aws:s3:::BUCKET/PREFIX/*"]);
  assert.deepEqual(await of("--store", "s3://my-bucket"), [
    "arn:aws:s3:::my-bucket",
    "arn:aws:s3:::my-bucket/*",
  ]);
  assert.deepEqual(await of("--store", "s3+endpoint://my-bucket/a/b"), [
    "arn:aws:s3:::my-bucket",
    "arn:aws:s3:::my-bucket/a/b/*",
  ]);
  assert.match(await home.fails(2, ["doctor", "--iam", "--store", "folder:/x"]), /bucket/);
  assert.match(await home.fails(2, ["doctor", "--store", "s3://x/y"]), /--iam/);
});

Deno.test("doctor tells of a storage that fails in part, and what each failure is", async () => {
  const bucket = await minio.newBucket();
  await using home = await enrolled(bucket);
  await using proxy = startFaultProxy(minio);
  // The device knows its endpoint; it is told the proxy's by joining anew.
  const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_S3: proxy.endpoint };
  const moved = await home.run(["sync", "join", "--store", `s3+endpoint://${bucket}/team/hx`], {
    env,
  });
  assert.equal(moved.code, 0, moved.stderr);
  assert.deepEqual(wrong(await examine(home, env)), []);

  const denied = {
    kind: "answer",
    answer: {
      status: 403,
      headers: new Headers({ "content-type": "application/xml" }),
      body: new TextEncoder().encode("<Error><Code>AccessDenied</Code></Error>"),
    },
  } as const;
  proxy.choose = ({ operation }) => operation === "delete" ? denied : undefined;
  const kept = await examine(home, env);
  assert.deepEqual(wrong(kept), ["delete: auth"]);
  assert.match(kept.findings.find(({ name }) => name === "delete")!.hint!, /doctor-.* may be left/);
  proxy.choose = () => undefined;
  for (const verb of ["pull", "verify", "repair"]) {
    assert.equal((await home.run(["sync", verb], { env })).code, 0, "what is left harms no reader");
  }

  proxy.choose = ({ operation }) => operation === "abort upload" ? denied : undefined;
  const report = await examine(home, env);
  assert.deepEqual(wrong(report), ["uploads: auth"]);
  assert.match(JSON.stringify(report), /s3:AbortMultipartUpload on/);

  let deleted = false;
  proxy.choose = ({ operation }) => {
    if (operation === "delete") deleted = true;
    return deleted && /^(get|head)$/.test(operation) ? denied : undefined;
  };
  const unclear = await examine(home, env);
  assert.deepEqual(wrong(unclear), ["absence: auth"]);
  assert.match(JSON.stringify(unclear), /allow s3:ListBucket/);

  proxy.choose = (request) => without("if-none-match", request);
  assert.deepEqual(wrong(await examine(home, env)), ["conditions: config", "conditions: config"]);

  const all = ["list", "get", "put", "head", "delete"] as const;
  proxy.choose = every(withHeader("date", new Date(Date.now() + 1_200_000).toUTCString()), ...all);
  const late = await examine(home, env);
  assert.deepEqual(wrong(late), ["store-clock: warn"]);
  assert.match(late.findings.at(-1)!.message, /^this machine's clock is (19|20) min \d+ s behind/);
});

Deno.test("doctor says so where there is no network, no bucket, no credentials or bad ones", async () => {
  const bucket = await minio.newBucket();
  await using home = await enrolled(bucket);
  const bad = await examine(home, { ...CREDENTIALS, AWS_SECRET_ACCESS_KEY: "wr0ng-wr0ng-wr0ng" });
  assert.equal(bad.exit_code, 10);
  assert.deepEqual(wrong(bad).slice(0, 1), ["list: auth"]);
  assert.ok(!home.said.join("").includes("wr0ng"));
  const none = await examine(home);
  assert.deepEqual(wrong(none), ["credentials: auth"]);
  const half = await examine(home, { AWS_ACCESS_KEY_ID: "only-one" });
  assert.deepEqual(wrong(half), ["credentials: config"]);

  const path = join(home.data, "hx.db");
  const relocate = (change: (location: Record<string, string>) => void) => {
    const db = new DatabaseSync(path);
    const { location } = db.prepare("SELECT location FROM vault").get() as { location: string };
    const changed = JSON.parse(location) as Record<string, string>;
    change(changed);
    db.prepare("UPDATE vault SET location = ?").run(JSON.stringify(changed));
    db.close();
  };
  relocate((location) => location.bucket = "hx-no-such-bucket");
  assert.deepEqual(wrong(await examine(home, CREDENTIALS)), ["list: config"]);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  relocate((location) => location.endpoint = `http://127.0.0.1:${listener.addr.port}`);
  const offline = await examine(home, CREDENTIALS);
  assert.deepEqual([offline.exit_code, ...wrong(offline)], [14, "list: network"]);
});

Deno.test("doctor works on a device that is new, and makes nothing there", async () => {
  await using home = await Home.make();
  const { code, stdout } = await home.run(["doctor"]);
  assert.equal(code, 0);
  assert.match(stdout, /^warn +vault +this device is in no vault$/m);
  assert.match(stdout, /\n0 failures, 2 warnings\n$/);
  assert.deepEqual(await filesUnder(home.path), []);
  const homeless = await examine(home, { HOME: "" });
  assert.deepEqual([homeless.exit_code, wrong(homeless)[0]], [19, "data: config"]);
});

Deno.test("doctor tells of modes, a damaged database, a lost key, a lock, and clocks ahead", async () => {
  await using home = await Home.make();
  await home.write(".bash_history", bashHistory(T, "echo 1"));
  await home.hx("sync");
  assert.deepEqual(wrong(await examine(home)), []);
  const store = join(home.data, "store");
  const before = await filesUnder(store);
  assert.ok(before.length > 0);

  const lock = takeSyncLock(join(home.data, "lock.db"));
  assert.deepEqual(wrong(await examine(home)), ["lock: warn"]);
  lock.release();

  await Deno.chmod(home.data, 0o755);
  await Deno.chmod(join(home.data, "key"), 0o644);
  const open = await examine(home);
  assert.deepEqual(wrong(open), ["data: warn"]);
  assert.match(JSON.stringify(open), /chmod 700 '.*'; chmod 600 '.*\/key'/);
  await Deno.chmod(home.data, 0o700);
  await Deno.chmod(join(home.data, "key"), 0o600);

  const key = await Deno.readTextFile(join(home.data, "key"));
  const [mark, , hex] = key.trim().split(" ");
  await home.write(".local/share/hx/key", `${mark} ${crypto.randomUUID()} ${hex}\n`);
  assert.deepEqual(wrong(await examine(home)), ["key: config"]);
  await Deno.remove(join(home.data, "key"));
  const { exit_code, ...lost } = await examine(home);
  assert.deepEqual([exit_code, ...wrong({ exit_code, ...lost })], [19, "key: config"]);
  await home.write(".local/share/hx/key", key);
  await Deno.chmod(join(home.data, "key"), 0o600);

  await home.write(".bash_history", bashHistory(9_000_000_000, "echo later"));
  await home.hx("import");
  assert.deepEqual(wrong(await examine(home)), ["clock: warn"]);
  assert.deepEqual(await filesUnder(store), before);

  const db = join(home.data, "hx.db");
  const { size } = await Deno.stat(db);
  using file = await Deno.open(db, { read: true, write: true });
  for (let at = 4096 * 2; at < size; at += 4096) {
    await file.seek(at, Deno.SeekMode.Start);
    await file.write(new Uint8Array(512).fill(0xa5));
  }
  const damaged = await examine(home);
  assert.deepEqual([damaged.exit_code, ...wrong(damaged)], [16, "database: corrupt"]);
  await Deno.writeTextFile(db, "this is no database, and never was one. ".repeat(200));
  assert.deepEqual(wrong(await examine(home)), ["database: config"]);
});

Deno.test("clockFindings() and skewFindings() tell a wrong clock from one that is good enough", () => {
  const level = (findings: { level: string }[]) => findings.map((one) => one.level).join();
  assert.equal(level(clockFindings(Date.UTC(2026, 10, 1))), "ok");
  assert.equal(level(clockFindings(0)), "warn");
  assert.equal(level(clockFindings(Date.UTC(2200, 0, 1))), "warn");
  assert.equal(level(skewFindings(undefined)), "");
  assert.equal(level(skewFindings(-20_000)), "ok");
  assert.match(skewFindings(-40_000)[0]!.message, /40\.0 s ahead of the storage's$/);
  assert.match(skewFindings(400_000)[0]!.message, /behind .*; requests are signed/);
});

Deno.test("--verbose shows a line per request, and no secret, of every verb that talks to a store", async () => {
  const line = new RegExp(
    "^(list|get|put|head|delete) \\S+: (\\d{3}|[a-z-]+) in [\\d.]+ (ms|s)( \\(try \\d+\\))?$",
  );
  const [bucket, other] = [await minio.newBucket(), await minio.newBucket()];
  await using home = await Home.make();
  await using second = await Home.make();
  await home.write(".bash_history", bashHistory(T, "echo topsecretcommand"));
  await home.write("log", "some text");
  await home.hx("import");
  const words: string[] = [];
  const at = (name: string) => ["--store", `s3+endpoint://${name}/hx`];
  const run = async (device: Home, args: string[], stdin = "") => {
    const ran = await device.run([...args, "--verbose"], { env: CREDENTIALS, stdin });
    assert.equal(ran.code, 0, `${args.join(" ")}: ${ran.stderr}`);
    const lines = ran.stderr.split("\n").filter((one) => line.test(one));
    assert.ok(lines.length > 0, `${args.join(" ")}: ${ran.stderr}`);
    for (const secret of [minio.secretKey, minio.accessKey, "topsecretcommand", ...words]) {
      assert.ok(!ran.stderr.includes(secret), args.join(" "));
    }
  };
  await run(home, ["sync", "init", ...at(bucket)]);
  const phrase = (await home.hx("key", "show")).trim();
  words.push(phrase, "wander7 quilted marsupial");
  await home.hx("artifact", "attach", "log", "--last");
  await run(home, ["sync", "push"]);
  await run(home, ["sync"]);
  await run(home, ["sync", "pull", "--blobs"]);
  await run(home, ["sync", "verify"]);
  await run(home, ["sync", "repair"]);
  await run(home, ["key", "passphrase", "add"], "wander7 quilted marsupial\n");
  await run(home, ["key", "passphrase", "remove"], "wander7 quilted marsupial\n");
  await run(home, ["artifact", "gc"]);
  await run(home, ["doctor"]);
  await run(second, ["sync", "join", ...at(bucket)], phrase);
  await run(second, ["sync"]);
  const [{ blob_hash }] = JSON.parse(await second.hx("artifact", "list", "--json"));
  await run(second, ["artifact", "get", blob_hash, "-o", "fetched"]);
  await run(home, ["sync", "move", ...at(other)]);
});

Deno.test("doctor that is interrupted ends with 130, and removes what it has made", async () => {
  const bucket = await minio.newBucket();
  await using home = await enrolled(bucket);
  await using proxy = startFaultProxy(minio);
  const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_S3: proxy.endpoint };
  const join = ["sync", "join", "--store", `s3+endpoint://${bucket}/team/hx`];
  assert.equal((await home.run(join, { env })).code, 0);
  const reached = Promise.withResolvers<void>();
  proxy.choose = ({ operation, path }) => {
    if (operation !== "get" || !path.includes("/doctor-")) return undefined;
    reached.resolve();
    return blackHole;
  };
  const child = await home.start(["doctor"], { env });
  await child.stdin.close();
  await reached.promise;
  child.kill("SIGINT");
  const { code, stdout } = await child.output();
  assert.deepEqual([code, stdout.length], [130, 0]);
  assert.deepEqual((await keysOf(bucket)).filter((key) => key.includes("doctor")), []);
});
