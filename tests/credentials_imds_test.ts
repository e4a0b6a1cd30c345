/** The metadata service of instances, as a real server on this machine. */
import assert from "node:assert/strict";
import { imdsSource } from "../lib/s3/credentials/imds.ts";
import { directFetch, type MetadataOptions } from "../lib/s3/credentials/metadata.ts";
import {
  ANSWER,
  envOf,
  FOUND,
  hang,
  HASTY,
  HTML,
  noting,
  PATIENT,
  serve,
} from "./credentials_kit.ts";
import { failsWith } from "./store_contract.ts";

/** An instance with a role, where `answers` say nothing else. */
function instance(answers: Record<string, () => Response | Promise<Response>> = {}) {
  const usual: Record<string, () => Response> = {
    "/latest/api/token": () => new Response("imds-t0ken"),
    "/latest/meta-data/iam/security-credentials/": () => new Response("my-role\n"),
    "/latest/meta-data/iam/security-credentials/my-role": () => Response.json(ANSWER),
  };
  return serve((request) => {
    const { pathname } = new URL(request.url);
    const answer = answers[pathname] ?? usual[pathname];
    return answer?.() ?? new Response("", { status: 404 });
  });
}

const TOKEN = "/latest/api/token";
const ROLES = "/latest/meta-data/iam/security-credentials/";

function imds(url: string, more: Record<string, string> = {}, options = PATIENT) {
  return imdsSource(envOf({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url, ...more }), options)();
}

Deno.test("imdsSource() puts for a token, and shows it for the role and its credentials", async () => {
  await using server = instance();
  const source = "the instance metadata service, role my-role";
  assert.deepEqual(await imds(`${server.url}/`), { ...FOUND, source });
  const [token, ...others] = server.seen;
  assert.deepEqual([token!.method, token!.path], ["PUT", TOKEN]);
  assert.equal(token!.headers.get("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  assert.deepEqual(others.map(({ method, path }) => [method, path]), [
    ["GET", ROLES],
    ["GET", `${ROLES}my-role`],
  ]);
  for (const { headers } of others) {
    assert.equal(headers.get("x-aws-ec2-metadata-token"), "imds-t0ken");
  }
});

Deno.test("imdsSource() has nothing where it is switched off, or no one gives a token", async () => {
  await using server = instance();
  assert.equal(await imds(server.url, { AWS_EC2_METADATA_DISABLED: "TRUE" }), undefined);
  assert.equal(server.seen.length, 0);
  const others: (() => Response | Promise<Response>)[] = [
    () => new Response(HTML),
    () => new Response(""),
    () => new Response("token", { status: 403 }),
    () => new Response("", { status: 404 }),
    () => new Response("", { status: 500 }),
    () => Response.redirect("http://127.0.0.1/"),
    hang,
  ];
  for (const answer of others) {
    await using other = instance({ [TOKEN]: answer });
    assert.equal(await imds(other.url, {}, answer === hang ? HASTY : PATIENT), undefined);
    assert.ok(other.seen.every(({ method }) => method === "PUT") && other.seen.length <= 2);
  }
  const { url } = server;
  await server[Symbol.asyncDispose]();
  assert.equal(await imds(url), undefined);
});

Deno.test("imdsSource() has nothing on an instance without a role", async () => {
  await using server = instance({ [ROLES]: () => new Response(HTML, { status: 404 }) });
  assert.equal(await imds(server.url), undefined);
});

/** A signal of its own where the answer does not come, and only there. */
function hastyAt(path: string, answer: unknown): MetadataOptions {
  if (answer !== hang) return PATIENT;
  const late = () => AbortSignal.timeout(50);
  return {
    ...PATIENT,
    fetch: (url, init) =>
      directFetch(url, url.pathname === path ? { ...init, signal: late() } : init),
  };
}

Deno.test("imdsSource() stops at an instance that does not give its role's credentials", async () => {
  const role = `${ROLES}my-role`;
  const cases: [
    string,
    () => Response | Promise<Response>,
    "auth" | "config" | "server" | "timeout",
  ][] = [
    [ROLES, () => new Response(HTML), "config"],
    [ROLES, () => new Response(HTML, { status: 403 }), "auth"],
    [role, () => new Response(HTML), "config"],
    [role, () => new Response(HTML, { status: 404 }), "auth"],
    [role, () => new Response(HTML, { status: 500 }), "server"],
    [
      role,
      () => Response.json({ Code: "AssumeRoleUnauthorizedAccess", Message: "s3cret" }),
      "auth",
    ],
    [role, () => Response.json({ Code: "Success", AccessKeyId: "AK1" }), "config"],
    [role, hang, "timeout"],
  ];
  for (const [path, answer, category] of cases) {
    await using server = instance({ [path]: answer });
    const error = await failsWith(imds(server.url, {}, hastyAt(role, answer)), category);
    assert.doesNotMatch(`${error.stack} ${error.hint} ${error.cause}`, /s3cret|t0ken/);
  }
});

Deno.test("imdsSource() knows the addresses of the service", async () => {
  const urls: string[] = [];
  const ask = (variables: Record<string, string>) =>
    imdsSource(envOf(variables), { fetch: noting(urls, { status: 404, text: "" }) })();
  await ask({});
  await ask({ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: "IPv6" });
  assert.deepEqual(urls, [
    "http://169.254.169.254/latest/api/token",
    "http://[fd00:ec2::254]/latest/api/token",
  ]);
  await failsWith(ask({ AWS_EC2_METADATA_SERVICE_ENDPOINT: "nowhere" }), "config");
});
