/** The pure parts of the S3 store: URIs, credentials, signatures, XML, the error table, retries. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Category, HxError } from "../lib/errors.ts";
import { environmentSource, firstOf } from "../lib/s3/credentials.ts";
import { conditionOf, CONDITIONS } from "../lib/s3/conditions.ts";
import { Failure, failureOf } from "../lib/s3/errors.ts";
import { networkFailureOf } from "../lib/s3/network_errors.ts";
import { backoffMs, retrying } from "../lib/s3/retry.ts";
import { encodeWord, sign, urlOf } from "../lib/s3/signing.ts";
import { formatStoreUri, parseStoreUri, storeOptionsFromEnv } from "../lib/s3/uri.ts";
import type { S3Location } from "../lib/s3/uri.ts";
import {
  parseCompleteAnswer,
  parseErrorAnswer,
  parseListAnswer,
  parseUploadId,
} from "../lib/s3/xml.ts";
import { failsWith } from "./store_contract.ts";

function failsNow(work: () => unknown, category: Category): HxError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof HxError && error.category === category, String(error));
    return error;
  }
  throw new Error(`expected ${category}, but it succeeded`);
}

const region = "eu-central-1";
const endpoint = "http://127.0.0.1:9000";

Deno.test("parseStoreUri() takes the three forms", () => {
  assert.deepEqual(parseStoreUri("folder:/mnt/a b/%20+/"), {
    kind: "folder",
    path: "/mnt/a b/%20+",
  });
  assert.deepEqual(parseStoreUri("folder:/"), { kind: "folder", path: "/" });
  assert.deepEqual(parseStoreUri("s3://bucket/team/hx/", { region, profile: "work" }), {
    kind: "s3",
    bucket: "bucket",
    prefix: "team/hx",
    region,
    pathStyle: false,
    profile: "work",
  });
  assert.deepEqual(parseStoreUri("s3+endpoint://bucket", { endpoint: `${endpoint}/` }), {
    kind: "s3",
    bucket: "bucket",
    prefix: "",
    region: "us-east-1",
    endpoint,
    pathStyle: true,
  });
});

Deno.test("parseStoreUri() takes the prefix as typed", () => {
  for (const prefix of ["a b", "100%25", "x+y", "ünï/日本", "q?a=1#b", "a:b@c"]) {
    const uri = `s3://bucket/${prefix}`;
    const location = parseStoreUri(uri, { region });
    assert.ok(location.kind === "s3");
    assert.equal(location.prefix, prefix);
    assert.equal(formatStoreUri(location), uri);
  }
});

Deno.test("parseStoreUri() chooses the address style", () => {
  const styleOf = (uri: string, options: Parameters<typeof parseStoreUri>[1]) => {
    const location = parseStoreUri(uri, options);
    return location.kind === "s3" && location.pathStyle;
  };
  assert.equal(styleOf("s3://bucket", { region }), false);
  assert.equal(styleOf("s3://buck.et", { region }), true);
  assert.equal(styleOf("s3://bucket", { region, endpoint }), true);
  assert.equal(styleOf("s3+endpoint://bucket", { endpoint, pathStyle: false }), false);
});

Deno.test("parseStoreUri() refuses everything else, and shows the forms", () => {
  const bad = [
    "",
    "bucket",
    "http://x/y",
    "s3:/b",
    "s3://",
    "s3:///p",
    "s3://b",
    "folder:",
    "folder:a",
  ];
  bad.push(
    "s3://bu cket/p",
    "s3://bucket/a//b",
    "s3://bucket/../b",
    "s3://bucket//",
    "S3://bucket",
  );
  bad.push("s3://key:secret@bucket/p", "folder:~/x");
  for (const uri of bad) {
    const { hint = "" } = failsNow(() => parseStoreUri(uri, { region }), "usage");
    for (const form of ["s3://", "s3+endpoint://", "folder:/"]) assert.ok(hint.includes(form));
  }
  failsNow(() => parseStoreUri("s3://bucket"), "usage");
  failsNow(() => parseStoreUri("s3+endpoint://bucket", { region }), "usage");
  for (const url of ["127.0.0.1:9000", "ftp://h", "http://", "http://h?x=1", "http://h#x"]) {
    failsNow(() => parseStoreUri("s3+endpoint://bucket", { endpoint: url }), "usage");
  }
});

Deno.test("parseStoreUri() refuses a secret in the endpoint, and does not repeat it", () => {
  const url = "https://user:hunter2@host";
  const error = failsNow(() => parseStoreUri("s3+endpoint://bucket", { endpoint: url }), "usage");
  assert.ok(!`${error.message} ${error.hint}`.includes("hunter2"));
});

Deno.test("storeOptionsFromEnv() puts options before variables", () => {
  const variables: Record<string, string> = {
    AWS_REGION: "",
    AWS_DEFAULT_REGION: "second",
    AWS_ENDPOINT_URL: "http://general",
  };
  const env = (name: string) => variables[name];
  assert.deepEqual(storeOptionsFromEnv({}, env), { region: "second", endpoint: "http://general" });
  variables["AWS_REGION"] = "first";
  variables["AWS_ENDPOINT_URL_S3"] = "http://s3";
  assert.deepEqual(storeOptionsFromEnv({}, env), { region: "first", endpoint: "http://s3" });
  const own = { region: "own", endpoint: "http://own", pathStyle: false };
  assert.deepEqual(storeOptionsFromEnv(own, env), own);
  assert.deepEqual(storeOptionsFromEnv({}, () => undefined), {});
});

Deno.test("environmentSource() wants a whole key pair", async () => {
  const read = (variables: Record<string, string>) =>
    environmentSource((name) => variables[name])();
  const pair = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "hunter2" };
  assert.equal(await read({}), undefined);
  assert.deepEqual(await read(pair), {
    accessKeyId: "id",
    secretAccessKey: "hunter2",
    source: "the environment",
  });
  assert.equal((await read({ ...pair, AWS_SESSION_TOKEN: "t" }))?.sessionToken, "t");
  await failsWith(read({ AWS_ACCESS_KEY_ID: "id" }), "config");
  const error = await failsWith(read({ AWS_SECRET_ACCESS_KEY: "hunter2" }), "config");
  assert.match(error.message, /AWS_ACCESS_KEY_ID is not set/);
  assert.ok(!error.message.includes("hunter2"));
});

Deno.test("firstOf() takes the first source that has credentials", async () => {
  const none = () => Promise.resolve(undefined);
  const some = () => Promise.resolve({ accessKeyId: "a", secretAccessKey: "b" });
  const broken = () => Promise.reject(new HxError("config", "half a pair"));
  assert.equal((await firstOf([none, some, broken])()).accessKeyId, "a");
  await failsWith(firstOf([none, broken, some])(), "config");
  await failsWith(firstOf([none])(), "auth");
});

/** The examples of AWS's own page "Signature Calculations for the Authorization Header". */
const EXAMPLE = {
  location: {
    kind: "s3",
    bucket: "examplebucket",
    prefix: "",
    region: "us-east-1",
    endpoint: "https://s3.amazonaws.com",
    pathStyle: false,
  } satisfies S3Location,
  credentials: {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  },
  now: Date.UTC(2013, 4, 24),
};

Deno.test("sign() gives the signatures of AWS's examples", async () => {
  const lifecycle = { method: "GET", query: [["lifecycle", ""]] } as const;
  const list = { method: "GET", query: [["max-keys", "2"], ["prefix", "J"]] } as const;
  const signatureOf = async (request: Parameters<typeof sign>[0]) =>
    (await sign(request, EXAMPLE)).headers.get("authorization")?.split("Signature=")[1];
  assert.equal(
    await signatureOf(lifecycle),
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  );
  assert.equal(
    await signatureOf(list),
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  );
});

Deno.test("sign() binds the payload and the session token, and asks for plain bytes", async () => {
  const body = new TextEncoder().encode("hello");
  const credentials = { ...EXAMPLE.credentials, sessionToken: "token" };
  const { headers } = await sign({ method: "PUT", key: "k", body }, { ...EXAMPLE, credentials });
  assert.equal(
    headers.get("x-amz-content-sha256"),
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
  );
  assert.equal(headers.get("x-amz-security-token"), "token");
  assert.equal(headers.get("accept-encoding"), "identity");
  const signed = headers.get("authorization")?.match(/SignedHeaders=([^,]*)/)?.[1]?.split(";");
  assert.deepEqual(signed, ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"]);
});

Deno.test("urlOf() addresses buckets in the host name and in the path", () => {
  const aws: S3Location = { kind: "s3", bucket: "b", prefix: "", region, pathStyle: false };
  assert.equal(urlOf(aws, "a b/c+d"), `https://b.s3.${region}.amazonaws.com/a%20b/c%2Bd`);
  assert.equal(urlOf({ ...aws, pathStyle: true }, "k"), `https://s3.${region}.amazonaws.com/b/k`);
  assert.equal(urlOf({ ...aws, endpoint, pathStyle: true }, undefined), `${endpoint}/b/`);
  assert.equal(
    urlOf({ ...aws, region: "cn-north-1" }, "k"),
    "https://b.s3.cn-north-1.amazonaws.com.cn/k",
  );
  assert.equal(urlOf(aws, undefined, [["p", "a/b c"]]).split("?")[1], "p=a%2Fb%20c");
});

Deno.test("encodeWord() survives a URL parser, whatever the word", () => {
  assert.equal(encodeWord("!'()*"), "%21%27%28%29%2A");
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (word) => {
    const encoded = encodeWord(word);
    assert.match(encoded, /^[A-Za-z0-9%._~-]*$/);
    assert.equal(decodeURIComponent(encoded), word);
  }));
});

const entryXml = (key: string) =>
  `<Contents><Key>${key}</Key><ETag>&#34;abc&quot;</ETag><Size>7</Size></Contents>`;
const listXml = (inner: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</ListBucketResult>`;

Deno.test("parseListAnswer() decodes keys only where the answer says so", () => {
  const keyOf = (inner: string) => parseListAnswer(listXml(inner)).entries[0]?.key;
  const raw = entryXml("a+b%20c&amp;d");
  assert.equal(keyOf(`<EncodingType>url</EncodingType>${raw}`), "a b c&d");
  assert.equal(keyOf(`<EncodingType/>${raw}`), "a+b%20c&d");
  assert.equal(keyOf(raw), "a+b%20c&d");
  assert.deepEqual(parseListAnswer(listXml(raw)).entries[0]?.etag, '"abc"');
  assert.deepEqual(parseListAnswer(listXml("")), { entries: [] });
});

Deno.test("parseListAnswer() refuses an answer cut at any place", () => {
  const whole = listXml(
    `<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>${
      entryXml("k")
    }`,
  );
  assert.equal(parseListAnswer(whole).continuation, "t");
  for (let length = 0; length < whole.length; length++) {
    failsNow(() => parseListAnswer(whole.slice(0, length)), "server");
  }
});

Deno.test("parseListAnswer() refuses a page cut off without a token, and strange documents", () => {
  failsNow(() => parseListAnswer(listXml("<IsTruncated>true</IsTruncated>")), "server");
  failsNow(() => parseListAnswer("<html><body>Welcome</body></html>"), "server");
  failsNow(() => parseListAnswer(listXml("<Contents><Key>k</Key></Contents>")), "server");
  const undecodable = `<EncodingType>url</EncodingType>${entryXml("%E0%A4%A")}`;
  failsNow(() => parseListAnswer(listXml(undecodable)), "server");
});

Deno.test("parseErrorAnswer() reads errors, and tolerates what is none", () => {
  const xml = "<Error><Code>SlowDown</Code><Message>m</Message><Region>r</Region></Error>";
  assert.deepEqual(parseErrorAnswer(`\n  ${xml}`), { code: "SlowDown", region: "r" });
  const none = ["", "<html><h1>502</h1></html>", "{}", xml.slice(0, -3), "<Error/>", "\0\x01"];
  none.push("<Error><Code>two words\n</Code></Error>");
  for (const body of none) assert.equal(parseErrorAnswer(body), undefined);
});

Deno.test("parseCompleteAnswer() finds the error in a success", () => {
  assert.equal(parseCompleteAnswer("<CompleteMultipartUploadResult/>"), undefined);
  const error = "  \n<Error><Code>InternalError</Code></Error>";
  assert.equal(parseCompleteAnswer(error)?.code, "InternalError");
  failsNow(() => parseCompleteAnswer(""), "server");
  failsNow(() => parseUploadId("<InitiateMultipartUploadResult/>"), "server");
});

Deno.test("conditionOf() sorts failures as the table says", () => {
  const rows: [number, string | undefined, Category, number][] = [
    [503, "SlowDown", "throttling", 8],
    [503, "SlowDownRead", "throttling", 8],
    [429, undefined, "throttling", 8],
    [400, "ThrottlingException", "throttling", 8],
    [400, "RequestLimitExceeded", "throttling", 8],
    [500, undefined, "server", 8],
    [500, "InternalError", "server", 8],
    [502, undefined, "server", 8],
    [503, undefined, "server", 8],
    [504, undefined, "server", 8],
    [520, undefined, "server", 8],
    [200, "InternalError", "server", 8],
    [200, "Unheard", "server", 8],
    [408, undefined, "timeout", 8],
    [400, "RequestTimeout", "timeout", 8],
    [403, "AccessDenied", "auth", 1],
    [403, undefined, "auth", 1],
    [401, undefined, "auth", 1],
    [403, "InvalidAccessKeyId", "auth", 1],
    [404, "XAdminUserNotFound", "auth", 1],
    [403, "SignatureDoesNotMatch", "auth", 1],
    [400, "ExpiredToken", "auth", 1],
    [403, "RequestTimeTooSkewed", "config", 1],
    [404, "NoSuchKey", "not-found", 1],
    [404, undefined, "not-found", 1],
    [404, "NoSuchBucket", "config", 1],
    [301, "PermanentRedirect", "config", 1],
    [307, undefined, "config", 1],
    [400, "AuthorizationHeaderMalformed", "config", 1],
    [412, undefined, "conflict", 1],
    [412, "PreconditionFailed", "conflict", 1],
    [409, "ConditionalRequestConflict", "conflict", 8],
    [409, "OperationAborted", "conflict", 8],
    [400, "BadDigest", "hash-mismatch", 3],
    [400, "XAmzContentSHA256Mismatch", "hash-mismatch", 3],
    [501, "NotImplemented", "config", 1],
    [411, undefined, "config", 1],
    [400, "EntityTooLarge", "config", 1],
    [416, "InvalidRange", "corrupt", 1],
    [400, "Unheard", "config", 1],
  ];
  for (const [status, code, category, attempts] of rows) {
    const condition = conditionOf(status, code);
    assert.equal(condition.category, category, `${status} ${code}`);
    assert.equal(condition.retry.attempts, attempts, `${status} ${code}`);
  }
});

Deno.test("CONDITIONS tell what to do, but where the caller judges", () => {
  for (const { category, hint, codes } of CONDITIONS) {
    const judged = category === "not-found" || category === "corrupt";
    assert.ok(judged || (hint ?? "").length > 10, codes.join());
  }
});

Deno.test("failureOf() names the action and the keys, and nothing that the server says", () => {
  const body = "<Error><Code>AccessDenied</Code><Message>hunter2</Message></Error>";
  const purpose = { action: "s3:PutObject", target: "bucket/team/hx/*" };
  const { error } = failureOf(purpose, { status: 403, body, retryAfter: null });
  assert.match(error.message, /s3:PutObject on bucket\/team\/hx\/\* .*AccessDenied/);
  assert.ok(!error.message.includes("hunter2"));
  const waits = [["60", 60_000], ["", undefined], ["soon", undefined], [null, undefined]] as const;
  for (const [retryAfter, milliseconds] of waits) {
    assert.equal(
      failureOf(purpose, { status: 503, body: "", retryAfter }).retryAfterMs,
      milliseconds,
    );
  }
});

Deno.test("networkFailureOf() goes by the cause, not by the words in the URL", () => {
  const failureFor = (cause: string) => {
    const outer = "error sending request for url (https://tls-timeout.dns/certificate)";
    const purpose = { action: "s3:GetObject", target: "b/*" };
    const { error, retry } = networkFailureOf(
      purpose,
      new TypeError(outer, { cause: new Error(cause) }),
    );
    return [error.category, retry.attempts];
  };
  const connect = "client error (Connect)";
  assert.deepEqual(failureFor(`${connect}: dns error: failed to lookup address`), ["network", 3]);
  assert.deepEqual(failureFor(`${connect}: tcp connect error: Connection refused`), ["network", 3]);
  assert.deepEqual(failureFor(`${connect}: tcp connect error: timed out`), ["timeout", 8]);
  assert.deepEqual(failureFor(`${connect}: invalid peer certificate: UnknownIssuer`), [
    "config",
    1,
  ]);
  assert.deepEqual(failureFor("received corrupt message of type InvalidContentType"), [
    "config",
    1,
  ]);
  assert.deepEqual(failureFor("connection closed before message completed"), ["network", 8]);
  assert.deepEqual(failureFor("Connection reset by peer (os error 104)"), ["network", 8]);
});

Deno.test("backoffMs() doubles under full jitter, to a cap", () => {
  const plain = { attempts: 8 };
  const throttled = { attempts: 8, throttled: true };
  const ceilings = [1, 2, 3, 8, 9].map((attempt) => backoffMs(attempt, plain, 1));
  assert.deepEqual(ceilings, [100, 200, 400, 12_800, 20_000]);
  assert.deepEqual([1, 3, 6].map((attempt) => backoffMs(attempt, throttled, 1)), [
    1000,
    4000,
    20_000,
  ]);
  assert.equal(backoffMs(5, plain, 0), 0);
  assert.equal(backoffMs(3, plain, 0.5), 200);
  assert.equal(backoffMs(1, throttled, 0.5, 3000), 3000);
  assert.equal(backoffMs(1, throttled, 0.5, 60_000), 20_000);
});

/** Runs a retry on a clock of its own: `work` fails until it has been called `failures` times. */
async function retryRun(failure: Failure, failures: number, limitMs: number, signal?: AbortSignal) {
  let now = 0;
  let calls = 0;
  const waits: number[] = [];
  const run = retrying({
    clock: () => now,
    random: () => 1,
    sleep: (milliseconds) => {
      waits.push(milliseconds);
      now += milliseconds;
      return Promise.resolve();
    },
    deadline: limitMs,
    classify: (error) => error instanceof Failure ? error : undefined,
    ...(signal === undefined ? {} : { signal }),
  }, () => ++calls <= failures ? Promise.reject(failure) : Promise.resolve("done"));
  const outcome = await run.catch((error) => error);
  return { outcome, calls, waits };
}

const busy = () =>
  failureOf({ action: "a", target: "t" }, { status: 500, body: "", retryAfter: null });

Deno.test("retrying() goes on until it works, or the tries are used up", async () => {
  const { outcome, waits } = await retryRun(busy(), 3, 1e9);
  assert.equal(outcome, "done");
  assert.deepEqual(waits, [100, 200, 400]);
  const failure = busy();
  const hopeless = await retryRun(failure, 100, 1e9);
  assert.equal(hopeless.outcome, failure);
  assert.equal(hopeless.calls, 8);
});

Deno.test("retrying() keeps to its deadline", async () => {
  const { outcome, calls, waits } = await retryRun(busy(), 100, 1000);
  assert.ok(outcome instanceof Failure);
  assert.equal(calls, 4);
  assert.deepEqual(waits, [100, 200, 400]);
});

Deno.test("retrying() repeats nothing that repeating does not mend", async () => {
  const answer = { status: 403, body: "", retryAfter: null };
  const refused = failureOf({ action: "a", target: "t" }, answer);
  assert.equal((await retryRun(refused, 100, 1e9)).calls, 1);
});

Deno.test("retrying() stops when aborted", async () => {
  const { outcome, calls } = await retryRun(busy(), 100, 1e9, AbortSignal.abort());
  assert.ok(outcome instanceof HxError && outcome.category === "interrupted");
  assert.equal(calls, 0);
});
