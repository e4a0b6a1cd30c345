/** What `hx help TOPIC` and the man page say is what the code does. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { FORMAT_PARTS } from "../lib/commands/event_view.ts";
import { iamPolicy } from "../lib/commands/doctor/iam.ts";
import { manPage } from "../lib/commands/man.ts";
import { PROGRAM } from "../lib/commands/program/mod.ts";
import { topicPage, TOPICS } from "../lib/commands/topics.ts";
import type { VerbSpec } from "../lib/commands/verb.ts";
import { type Category, exitCode, HxError } from "../lib/errors.ts";
import { filesUnder, Home } from "./cli.ts";

const ROOT = join(import.meta.dirname!, "..");

function page(name: string): string {
  return topicPage(TOPICS.find((topic) => topic.name === name)!);
}

async function sources(): Promise<string[]> {
  const files = [join(ROOT, "cli.ts"), ...await filesUnder(join(ROOT, "lib"))];
  return await Promise.all(
    files.filter((file) => file.endsWith(".ts"))
      .map((file) => Deno.readTextFile(file)),
  );
}

Deno.test("exit-codes has every category with its code, and no other code", async () => {
  const errors = await Deno.readTextFile(join(ROOT, "lib/errors.ts"));
  const type = /export type Category =([^;]*);/.exec(errors)![1]!;
  const categories = [...type.matchAll(/"([-a-z]+)"/g)].map(([, name]) => name as Category);
  const text = page("exit-codes");
  const rows = new Map(
    [...text.matchAll(/^ +(\d+) {2}([-a-z]+)/gm)].map(([, code, name]) => [Number(code), name]),
  );
  for (const category of categories) {
    const code = exitCode(new HxError(category, "x"));
    assert.equal(rows.get(code), category, `${category}: ${code}`);
  }
  // 0 and 3 are no errors.
  assert.equal(rows.size, categories.length + 2);
});

/** What the runtime reads; no line of ours does. */
const OF_THE_RUNTIME = [
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
];

Deno.test("environment has every variable that the code reads, and no other", async () => {
  const read = new Set<string>(OF_THE_RUNTIME);
  for (const text of await sources()) {
    // env("X"), app.env("X"), Deno.env.get("X"), and helpers that are handed both.
    const calls = text.matchAll(
      /\b(?:env|env\.get)\(\s*"([A-Z][A-Z0-9_]+)"|\((?:env|at), "([A-Z][A-Z0-9_]+)"/g,
    );
    for (const [, direct, handed] of calls) read.add((direct ?? handed)!);
  }
  const told = new Set(
    [
      ...page("environment").matchAll(
        /\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b|\b(?:HOME|TERM|SHELL|HISTFILE|ZDOTDIR)\b/g,
      ),
    ]
      .map(([name]) => name),
  );
  assert.ok(read.size > 30, "the pattern finds what the code reads");
  assert.deepEqual([...told].sort(), [...read].sort());
});

Deno.test("formats has every part of --format, and the shapes of export", () => {
  const parts = [...page("formats").matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  assert.deepEqual(parts.sort(), [...FORMAT_PARTS].sort());
});

Deno.test("credentials has every action of the policy", () => {
  const { Statement } = iamPolicy() as { Statement: { Action: string[] }[] };
  for (const action of Statement.flatMap(({ Action }) => Action)) {
    assert.ok(page("credentials").includes(action), action);
  }
});

Deno.test("topics are no verbs, fit 100 columns, and name only verbs that there are", () => {
  const verbs = new Set<string>();
  const visit = (path: string, verb: VerbSpec) => {
    verbs.add(path);
    for (const below of verb.verbs ?? []) visit(`${path} ${below.name}`, below);
  };
  visit("hx", PROGRAM);
  for (const { name, text } of TOPICS) {
    assert.ok(!verbs.has(`hx ${name}`), name);
    for (const line of topicPage({ name, about: "x", text }).split("\n")) {
      assert.ok(line.length <= 100, line);
    }
    for (const [, command] of text.matchAll(/`(hx [a-z]+(?: [a-z]+)?)/g)) {
      const [, verb] = command!.split(" ");
      assert.ok(verbs.has(command!) || verbs.has(`hx ${verb}`), command);
    }
  }
});

Deno.test("help prints topics, lists them, and knows what is neither verb nor topic", async () => {
  await using home = await Home.make();
  const listed = await home.hx("help");
  for (const { name, about } of TOPICS) assert.ok(listed.includes(`  ${about}`), name);
  assert.equal(await home.hx("help", "stores"), page("stores"));
  assert.match(await home.hx("help", "sync", "init"), /^Usage: hx sync init /);
  assert.match(await home.fails(2, ["help", "nonsense"]), /no verb or topic 'nonsense'/);
});

Deno.test("--verbose tells of requests to a folder too", async () => {
  await using home = await Home.make();
  await home.hx("sync");
  const { stderr } = await home.run(["sync", "--verbose"]);
  assert.match(stderr, /^list vaults\/[-0-9a-f]+\/objects\/manifests\/: ok in \d+ ms$/m);
  const { stderr: doctor } = await home.run(["doctor", "-v"]);
  assert.match(doctor, /^delete vaults\/[-0-9a-f]+\/doctor-[-0-9a-f]+: ok in \d+ ms$/m);
});

Deno.test("manPage() names every verb, option and topic, and escapes what roff would read", () => {
  const roff = manPage(PROGRAM, { version: "1.2.3", date: "2026-01-31" });
  assert.match(roff, /^\.TH HX 1 2026-01-31 "hx 1\.2\.3" "hx manual"\n/);
  const visit = (path: string, verb: VerbSpec) => {
    if (path !== "hx") assert.ok(roff.includes(`.SS "${path}`), path);
    for (const { name } of verb.options ?? []) {
      assert.ok(roff.includes(`\\-\\-${name.replaceAll("-", "\\-")}`), name);
    }
    for (const below of verb.verbs ?? []) visit(`${path} ${below.name}`, below);
  };
  visit("hx", PROGRAM);
  for (const { name } of TOPICS) {
    assert.ok(roff.includes(`.SH ${name.toUpperCase().replaceAll("-", "\\-")}\n`), name);
  }
  const odd: VerbSpec = { name: "hx", about: "x", notes: ".dot\n'quote \\n" };
  assert.match(manPage(odd, { version: "1", date: "x" }), /\n\\&\.dot\n\\&'quote \\en\n/);
});

function has(program: string): boolean {
  try {
    new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return true;
  } catch {
    return false;
  }
}

for (
  const { name, program, args } of [
    { name: "groff", program: "groff", args: ["-man", "-ww", "-z", "-Tutf8"] },
    { name: "mandoc", program: "mandoc", args: ["-T", "lint", "-W", "warning"] },
  ]
) {
  Deno.test({
    name: `${name} reads what help --man prints without a warning`,
    ignore: !has(program),
    fn: async () => {
      await using home = await Home.make();
      const path = await home.write("hx.1", await home.hx("help", "--man"));
      const { stdout, stderr } = await new Deno.Command(program, { args: [...args, path] })
        .output();
      const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
      assert.equal(said, "");
    },
  });
}
