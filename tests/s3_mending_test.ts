/** What the S3 store puts right by itself: credentials, clock, region; and how it reads a bare 404. */
import assert from "node:assert/strict";
import { HxError } from "../lib/errors.ts";
import { Meter } from "../lib/store/mod.ts";
import type { Credentials } from "../lib/s3/mod.ts";
import { bytesOf, failsWith } from "./store_contract.ts";
import { awsStore, onHttp } from "./s3_wire.ts";

const error = (status: number, code: string, headers: Record<string, string> = {}) =>
  new Response(`<Error><Code>${code}</Code></Error>`, { status, headers });
const listed = () => new Response("<ListBucketResult/>");
const tokenOf = (request: Request) => request.headers.get("x-amz-security-token");

/** Credentials whose token counts up at every refresh, and how often that was asked for. */
function renewable(lifetimes = Infinity) {
  let refreshes = 0;
  const current = (): Credentials => ({
    accessKeyId: "id",
    secretAccessKey: "hunter2",
    sessionToken: `token ${Math.min(refreshes, lifetimes)}`,
  });
  const provider = Object.assign(() => Promise.resolve(current()), {
    refresh() {
      refreshes++;
      return Promise.resolve(current());
    },
  });
  return { provider, refreshes: () => refreshes };
}

Deno.test("S3Store renews credentials that have run out, and goes on with the new ones", async () => {
  const { provider, refreshes } = renewable();
  await onHttp((request) => {
    if (tokenOf(request) === "token 0") return error(400, "ExpiredToken");
    return new Response(null, { headers: { etag: '"e"' } });
  }, async ({ store, meter }) => {
    await store.putAtomic("first", bytesOf("x"));
    await store.putAtomic("second", bytesOf("x"));
    assert.deepEqual([refreshes(), meter.counts.requests.put], [1, 3]);
  }, { credentials: provider });
});

Deno.test("S3Store takes credentials that another request has had renewed", async () => {
  let token = "old";
  let refreshes = 0;
  const provider = Object.assign(
    () => Promise.resolve({ accessKeyId: "id", secretAccessKey: "s", sessionToken: token }),
    { refresh: () => (refreshes++, provider()) },
  );
  await onHttp((request) => {
    if (tokenOf(request) === "new") return listed();
    token = "new";
    return error(403, "ExpiredTokenException");
  }, async ({ store }) => {
    await store.list("");
    assert.equal(refreshes, 0);
  }, { credentials: provider });
});

Deno.test("S3Store asks to log in again where renewing does not help, or can't be done", async () => {
  const still = renewable();
  const same = renewable(0);
  const fixed = () => Promise.resolve({ accessKeyId: "id", secretAccessKey: "s" });
  const cases = [[still.provider, 2], [same.provider, 1], [fixed, 1]] as const;
  for (const [credentials, requests] of cases) {
    await onHttp(() => error(400, "ExpiredToken"), async ({ store, meter }) => {
      const { hint } = await failsWith(store.list(""), "auth");
      assert.match(hint ?? "", /log in again/);
      assert.equal(meter.counts.requests.list, requests);
    }, { credentials });
  }
  assert.deepEqual([still.refreshes(), same.refreshes()], [1, 1]);
});

Deno.test("S3Store tells why credentials could not be renewed", async () => {
  const { provider } = renewable();
  const refresh = () => Promise.reject(new HxError("auth", "the login of profile p has ended"));
  const credentials = Object.assign(() => provider(), { refresh });
  await onHttp(() => error(400, "ExpiredToken"), async ({ store }) => {
    assert.match((await failsWith(store.list(""), "auth")).message, /profile p/);
  }, { credentials });
});

Deno.test("S3Store renews credentials for a HEAD too, whose refusal says nothing", async () => {
  const { provider } = renewable();
  await onHttp((request) => {
    const headers = { etag: '"e"', "content-length": "5" };
    if (tokenOf(request) !== "token 0") {
      return request.method === "HEAD" ? new Response(null, { headers }) : error(404, "NoSuchKey");
    }
    return request.method === "HEAD"
      ? new Response(null, { status: 400 })
      : error(400, "ExpiredToken");
  }, async ({ store }) => {
    await failsWith(store.head("k"), "not-found");
    assert.deepEqual(await store.head("k"), { etag: '"e"', size: 5 });
  }, { credentials: provider });
});

Deno.test("S3Store asks again what a bare 404 means, until the credentials are proven", async () => {
  await onHttp((request) => {
    if (request.method === "HEAD") return new Response(null, { status: 404 });
    return request.url.includes("list-type") ? listed() : error(404, "XAdminUserNotFound");
  }, async ({ store, meter }) => {
    const { message } = await failsWith(store.head("k"), "auth");
    assert.match(message, /XAdminUserNotFound/);
    await store.list("");
    await failsWith(store.head("k"), "not-found");
    assert.deepEqual([meter.counts.requests.head, meter.counts.requests.get], [2, 1]);
  });
});

Deno.test("S3Store takes the answer that a key is missing for proof of the credentials", async () => {
  await onHttp((request) => {
    return request.method === "HEAD"
      ? new Response(null, { status: 404 })
      : error(404, "NoSuchKey");
  }, async ({ store, meter }) => {
    await failsWith(store.head("k"), "not-found");
    await failsWith(store.head("k"), "not-found");
    assert.deepEqual([meter.counts.requests.head, meter.counts.requests.get], [2, 1]);
  });
});

Deno.test("S3Store puts clock and region right in one request, and tells what it found", async () => {
  const hours = new Date(7_200_000).toUTCString();
  const meter = new Meter();
  const seen: string[] = [];
  const store = awsStore((url, init) => {
    const headers = new Headers(init.headers);
    const scope = headers.get("authorization") ?? "";
    seen.push(`${url.host.split(".")[2]} ${headers.get("x-amz-date")}`);
    if (!scope.includes("/eu-west-1/")) {
      return error(301, "PermanentRedirect", { "x-amz-bucket-region": "eu-west-1" });
    }
    if (headers.get("x-amz-date") !== "19700101T020000Z") {
      return error(403, "RequestTimeTooSkewed", { date: hours });
    }
    return new Response("<ListBucketResult/>", { headers: { date: hours } });
  }, meter);
  assert.deepEqual(store.findings, {});
  await store.list("");
  const first = "us-east-1 19700101T000000Z";
  const last = "eu-west-1 19700101T020000Z";
  assert.deepEqual(seen, [first, "eu-west-1 19700101T000000Z", last]);
  await store.list("");
  assert.equal(seen[3], last);
  assert.deepEqual(store.findings, { region: "eu-west-1", skewMs: 7_200_000 });
});

Deno.test("S3Store repeats a wrong signature only where the clock may be behind it", async () => {
  for (const [minutes, requests] of [[4, 1], [6, 2], [-6, 2]] as const) {
    const date = new Date(minutes * 60_000).toUTCString();
    const meter = new Meter();
    const store = awsStore(() => error(403, "SignatureDoesNotMatch", { date }), meter);
    await failsWith(store.list(""), "auth");
    assert.equal(meter.counts.requests.list, requests);
  }
});

Deno.test("S3Store names the region that a server of one's own wants, and does not go there", () =>
  onHttp(() => {
    const body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>de</Region></Error>";
    return new Response(body, { status: 400 });
  }, async ({ store, meter }) => {
    assert.match((await failsWith(store.list(""), "config")).hint ?? "", /--region de$/);
    assert.equal(meter.counts.requests.list, 1);
  }));
