import assert from "node:assert/strict";
import { helpPage } from "../lib/commands/help.ts";
import { nearest } from "../lib/commands/nearest.ts";
import { parseArguments } from "../lib/commands/parse.ts";
import { PROGRAM } from "../lib/commands/program/mod.ts";
import type { VerbSpec } from "../lib/commands/verb.ts";
import { HxError } from "../lib/errors.ts";

const SPEC: VerbSpec = {
  name: "p",
  about: "a program",
  options: [{ name: "quiet", short: "q", about: "say nothing" }, {
    name: "all",
    short: "a",
    about: "all of it",
  }],
  verbs: [{
    name: "one",
    about: "one thing",
    arguments: [{ name: "first", about: "it" }, {
      name: "rest",
      about: "them",
      optional: true,
      many: true,
    }],
    options: [
      { name: "dry-run", about: "only try" },
      {
        name: "count",
        short: "n",
        value: "n",
        about: "how many",
        parse: (text) => Number(text) || undefined,
        expects: "a number",
        default: 7,
      },
      { name: "id", value: "id", many: true, about: "which" },
      { name: "kind", value: "kind", about: "which", choices: ["a", "b"] },
    ],
    load: () => Promise.reject(),
  }, {
    name: "two",
    about: "another",
    options: [{ name: "at", value: "x", about: "", required: true }],
  }],
};

const parse = (...args: string[]) => parseArguments(SPEC, args);

Deno.test("parseArguments() takes options anywhere, in each of their forms", () => {
  const wanted = { quiet: true, count: 3, first: "x", rest: ["y"] };
  for (
    const args of [
      ["one", "x", "y", "-q", "--count", "3"],
      ["-q", "one", "--count=3", "x", "y"],
      ["one", "-qn3", "x", "--", "y"],
      ["--quiet", "one", "x", "-n", "3", "y"],
    ]
  ) assert.deepEqual(parse(...args).values, wanted, args.join(" "));
});

Deno.test("parseArguments() gives defaults, camel case, and no more than was said", () => {
  assert.deepEqual(parse("one", "x").values, { first: "x", rest: [], count: 7 });
  assert.equal(parse("one", "x", "--dry-run").values.dryRun, true);
});

Deno.test("parseArguments() takes a value as it stands, and several up to the next option", () => {
  assert.equal(parse("one", "x", "--kind", "b").values.kind, "b");
  assert.deepEqual(parse("one", "x", "--id", "1", "2", "-q", "--id=3").values.id, ["1", "2", "3"]);
  assert.equal(parse("two", "--at", "--quiet").values.at, "--quiet");
  assert.deepEqual(parse("one", "--", "--quiet", "-h").values.first, "--quiet");
  assert.equal(parse("one", "-").values.first, "-");
});

Deno.test("parseArguments() says what is wrong, and never repeats a stray value", () => {
  const cases: [string[], RegExp, RegExp?][] = [
    [["on"], /^unknown command 'on'$/, /^Did you mean one\?$/],
    [["zzzzz"], /^unknown command 'zzzzz'$/, /help/],
    [["one"], /^the argument <first> is missing$/],
    [["two"], /^the option --at <x> is missing$/],
    [["two", "--at"], /^the option --at <x> lacks its value$/],
    [["two", "--at=1", "secret"], /^too many arguments for 'two'$/],
    [["one", "--dryrun=secret"], /^unknown option '--dryrun'$/, /^Did you mean --dry-run\?$/],
    [["one", "-zsecret"], /^unknown option '-z'$/],
    [["one", "x", "--dry-run=secret"], /^the option --dry-run takes no value$/],
    [["one", "x", "--kind", "c"], /^--kind takes a, b; 'c' is none of them$/],
    [["one", "x", "--count", "many"], /^--count takes a number; 'many' is not$/],
  ];
  for (const [args, message, hint = /./] of cases) {
    assert.throws(() => parse(...args), (error) => {
      assert.ok(error instanceof HxError && error.category === "usage");
      assert.match(error.message, message);
      assert.match(error.hint!, hint);
      assert.ok(!error.message.includes("secret"));
      return true;
    });
  }
});

Deno.test("parseArguments() asks for nothing where help is wanted", () => {
  const { help, path } = parse("two", "--help");
  assert.ok(help);
  assert.deepEqual(path.map(({ name }) => name), ["p", "two"]);
  assert.ok(parse("-h").help);
});

Deno.test("nearest() finds the word with the fewest slips, and none where all are far", () => {
  assert.equal(nearest("serach", ["search", "stats"]), "search");
  assert.equal(nearest("stat", ["status", "stats", "start"]), "stats");
  assert.equal(nearest("ls", ["last", "show"]), undefined);
  assert.equal(nearest("x", ["y"]), undefined);
});

Deno.test("helpPage() names every argument and option, within 100 columns", () => {
  const visit = (path: VerbSpec[]): void => {
    const page = helpPage(path);
    for (const line of page.split("\n")) assert.ok(line.length <= 100, line);
    const verb = path.at(-1)!;
    for (const { name } of path.flatMap((one) => one.options ?? [])) {
      assert.ok(page.includes(`--${name}`), `${verb.name} --${name}`);
    }
    for (const { name } of verb.arguments ?? []) assert.ok(page.includes(`  ${name} `), name);
    for (const below of verb.verbs ?? []) visit([...path, below]);
  };
  visit([PROGRAM]);
});

Deno.test("every verb has an example and something to do; names are said once", () => {
  const visit = (verb: VerbSpec): void => {
    if (verb.load) assert.ok(verb.examples?.length, verb.name);
    assert.ok(verb.load || verb.verbs || verb.name === "help", verb.name);
    const names = [...verb.verbs ?? []].map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    verb.verbs?.forEach(visit);
  };
  visit(PROGRAM);
});
