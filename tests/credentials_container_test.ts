/** The credentials endpoint of containers, as a real server on this machine. */
import assert from "node:assert/strict";
import { containerSource } from "../lib/s3/credentials/container.ts";
import {
  ANSWER,
  AwsHome,
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

function container(url: string, more: Record<string, string> = {}, options = PATIENT) {
  const env = envOf({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url, ...more });
  return containerSource(env, options)();
}

Deno.test("containerSource() asks the full URI with the token of the environment", async () => {
  await using server = serve(() => Response.json(ANSWER));
  const found = await container(`${server.url}/role?x=1`, {
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "Bearer abc",
  });
  assert.deepEqual(found, { ...FOUND, source: "the container's credentials endpoint" });
  assert.equal(server.seen[0]!.path, "/role?x=1");
  assert.equal(server.seen[0]!.headers.get("authorization"), "Bearer abc");
});

Deno.test("containerSource() reads the token's file each time, before the variable", async () => {
  await using home = await AwsHome.make();
  const path = await home.write("token", "one\n");
  await using server = serve(() => Response.json(ANSWER));
  const source = containerSource(
    envOf({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: server.url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: path,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: "other",
    }),
    PATIENT,
  );
  await source();
  await home.write("token", "two");
  await source();
  const tokens = server.seen.map(({ headers }) => headers.get("authorization"));
  assert.deepEqual(tokens, ["one", "two"]);
  await home.write("token", "s3cret\nx");
  const error = await failsWith(source(), "config");
  assert.doesNotMatch(`${error.stack}`, /s3cret/);
  await Deno.remove(path);
  assert.ok((await failsWith(source(), "config")).message.includes(path));
});

Deno.test("containerSource() has nothing without its variables", async () => {
  assert.equal(await containerSource(envOf({}))(), undefined);
  assert.equal(await container(""), undefined);
});

Deno.test("containerSource() puts the relative URI first, at the address of ECS", async () => {
  const urls: string[] = [];
  const answer = { status: 200, text: JSON.stringify(ANSWER) };
  const ask = (relative: string) =>
    containerSource(
      envOf({
        AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://127.0.0.1/",
      }),
      { fetch: noting(urls, answer) },
    )();
  await ask("/v2/credentials/id");
  assert.deepEqual(urls, ["http://169.254.170.2/v2/credentials/id"]);
  for (const relative of ["@example.org/x", ".example.org", ":99999/"]) {
    await failsWith(ask(relative), "config");
  }
});

Deno.test("containerSource() goes in the clear to this machine only", async () => {
  const urls: string[] = [];
  const answer = { status: 200, text: JSON.stringify(ANSWER) };
  const ask = (url: string) =>
    containerSource(envOf({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url }), {
      fetch: noting(urls, answer),
    })();
  const allowed = [
    "https://example.org/",
    "http://localhost/",
    "http://127.0.0.1:8080/",
    "http://127.1.2.3/",
    "http://[::1]/",
    "http://169.254.170.2/",
    "http://169.254.170.23/",
    "http://[fd00:ec2::23]/",
  ];
  for (const url of allowed) await ask(url);
  assert.deepEqual(urls, allowed);
  for (
    const url of [
      "http://example.org/",
      "http://127.0.0.1.example.org/",
      "http://localhost@example.org/",
      "http://169.254.169.254/",
      "http://169.254.170.234/",
      "http://10.0.0.1/",
      "ftp://127.0.0.1/",
      "/relative",
    ]
  ) await failsWith(ask(url), "config");
  assert.deepEqual(urls, allowed);
});

Deno.test("containerSource() goes past no proxy, as that is another machine", async () => {
  await using proxy = serve(() => Response.json({ ...ANSWER, AccessKeyId: "PROXY" }));
  await using server = serve(() => Response.json(ANSWER));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `
      import { containerSource } from "./lib/s3/credentials/container.ts";
      const { accessKeyId } = await containerSource((name) => Deno.env.get(name))();
      console.log(accessKeyId, await (await fetch("${server.url}")).text());
    `,
    ],
    cwd: `${import.meta.dirname}/..`,
    env: { HTTP_PROXY: proxy.url, NO_PROXY: "", AWS_CONTAINER_CREDENTIALS_FULL_URI: server.url },
  });
  const { stdout } = await child.output();
  const said = new TextDecoder().decode(stdout);
  assert.match(said, /^AK1 .*PROXY/);
  assert.equal(proxy.seen.length, 1); // the plain request: the proxy is one that the runtime takes
});

Deno.test("containerSource() stops at refusals and at answers that are no credentials", async () => {
  const cases: [Response, "auth" | "config" | "server"][] = [
    [new Response(HTML, { status: 403 }), "auth"],
    [new Response(HTML, { status: 404 }), "auth"],
    [new Response(HTML, { status: 503 }), "server"],
    [new Response(HTML), "config"],
    [new Response(JSON.stringify({ message: "s3cret" })), "config"],
    [Response.json({ ...ANSWER, SecretAccessKey: "" }), "config"],
    [Response.json({ ...ANSWER, Expiration: "s3cret" }), "config"],
    [new Response("s3cret ".repeat(100_000)), "config"],
  ];
  for (const [response, category] of cases) {
    await using server = serve(() => response.clone());
    const error = await failsWith(container(`${server.url}/s3cret`), category);
    assert.doesNotMatch(`${error.stack} ${error.hint} ${error.cause}`, /s3cret/);
    assert.equal(server.seen.length, category === "server" ? 2 : 1);
  }
});

Deno.test("containerSource() follows no redirect", async () => {
  await using other = serve(() => Response.json(ANSWER));
  await using server = serve(() => Response.redirect(other.url));
  const token = { AWS_CONTAINER_AUTHORIZATION_TOKEN: "abc" };
  await failsWith(container(server.url, token), "config");
  assert.equal(other.seen.length, 0);
});

Deno.test("containerSource() asks twice where nobody answers", async () => {
  await using silent = serve(hang);
  const error = await failsWith(container(`${silent.url}/s3cret`, {}, HASTY), "timeout");
  assert.equal(silent.seen.length, 2);
  let times = 0;
  await using shaky = serve(() =>
    ++times === 1 ? new Response("", { status: 500 }) : Response.json(ANSWER)
  );
  assert.equal((await container(shaky.url))?.accessKeyId, "AK1");
  const { url } = shaky;
  await shaky[Symbol.asyncDispose]();
  const gone = await failsWith(container(`${url}/s3cret`), "network");
  assert.doesNotMatch(`${error.stack} ${gone.stack} ${gone.cause}`, /s3cret/);
});
