/** Completion in the real shells. A shell that is missing skips its tests. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { nodesOf } from "../lib/commands/completions/nodes.ts";
import { SCRIPTS } from "../lib/commands/completions.ts";
import { PROGRAM } from "../lib/commands/program/mod.ts";
import { Home } from "./cli.ts";

type Shell = keyof typeof SCRIPTS;

function missing(program: string): boolean {
  try {
    return !new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return true;
  }
}

const noBash = missing("bash");
const noZsh = missing("zsh") || missing("script");
const noFish = missing("fish");

/** A folder with the script of a shell and two files in it, removed after the test. */
async function withScript(shell: Shell, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "hx-completions-" });
  try {
    await Deno.writeTextFile(join(folder, "script"), SCRIPTS[shell](nodesOf(PROGRAM)));
    await Deno.writeTextFile(join(folder, "old history"), "");
    await Deno.mkdir(join(folder, "old folder"));
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function environment(folder: string): Record<string, string> {
  return { HOME: folder, PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", TERM: "xterm" };
}

async function output(program: string, args: string[], folder: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: folder,
    clearEnv: true,
    env: environment(folder),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, text(stderr));
  assert.equal(text(stderr), "");
  return text(stdout);
}

/** What bash offers where these are its words. */
async function inBash(folder: string, ...words: string[]): Promise<string[]> {
  const script = 'source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hx; ' +
    'printf "%s\\n" "${COMPREPLY[@]}"';
  const args = ["--norc", "--noprofile", "-c", script, "bash", ...words];
  return lines(await output("bash", args, folder));
}

/** What fish offers for a line. */
async function inFish(folder: string, line: string): Promise<string[]> {
  const args = ["--no-config", "-c", 'source ./script; complete -C "$argv[1]"', line];
  return lines(await output("fish", args, folder)).map((row) => row.split("\t")[0]!);
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "").sort();
}

/** After so long, in milliseconds, what was waited for will not come. */
const PATIENCE_MS = 60_000;

/** Types into a shell on a terminal of its own; each step waits for what the screen shows. */
async function onScreen(
  command: string,
  folder: string,
  steps: readonly [typed: string, shown: string][],
): Promise<void> {
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), PATIENCE_MS);
  const child = new Deno.Command("script", {
    args: ["-qec", `stty rows 50 cols 200; ${command}`, "/dev/null"],
    cwd: folder,
    clearEnv: true,
    env: { ...environment(folder), PS1: "READY ", SHELL: "/bin/sh" },
    stdin: "piped",
    stdout: "piped",
    signal: stop.signal,
  }).spawn();
  const keyboard = child.stdin.getWriter();
  const type = (text: string) => keyboard.write(new TextEncoder().encode(text));
  const waiting = [...steps];
  let screen = "";
  let from = 0;
  let typed = false;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    screen += chunk;
    if (!typed && screen.includes("READY ")) {
      typed = true;
      await type(waiting[0]![0]);
    }
    const at = waiting[0] === undefined ? -1 : screen.indexOf(waiting[0][1], from);
    if (!typed || at < 0) continue;
    from = at + waiting.shift()![1].length;
    await type(waiting[0]?.[0] ?? "\x15exit\n");
  }
  await keyboard.close().catch(() => {});
  await child.status;
  clearTimeout(patience);
  assert.deepEqual(waiting, [], `never shown; the screen was:\n${screen}`);
}

const VERBS = (PROGRAM.verbs ?? []).map(({ name }) => name).sort();
const SYNC = PROGRAM.verbs!.find(({ name }) => name === "sync")!.verbs!.map(({ name }) => name)
  .sort();

Deno.test({
  name: "bash completes verbs, options, choices, files and what comes behind =",
  ignore: noBash,
  fn: () =>
    withScript("bash", async (folder) => {
      const of = (...words: string[]) => inBash(folder, ...words);
      assert.deepEqual(await of("hx", ""), VERBS);
      assert.deepEqual(await of("hx", "-q", "sync", ""), SYNC);
      assert.deepEqual(await of("hx", "sync", "in"), ["init", "invite"]);
      assert.deepEqual(await of("hx", "sync", "init", "--na"), ["--name"]);
      assert.deepEqual(await of("hx", "sync", "push", "--ti"), ["--timeout"]);
      assert.deepEqual(await of("hx", "export", "--format", ""), ["csv", "jsonl", "md"]);
      assert.deepEqual(await of("hx", "export", "--format", "="), ["csv", "jsonl", "md"]);
      assert.deepEqual(await of("hx", "export", "--format", "=", "js"), ["jsonl"]);
      assert.deepEqual(await of("hx", "import", "old"), ["old folder", "old history"]);
      assert.deepEqual(await of("hx", "artifact", "get", "x", "-o", "old"), [
        "old folder",
        "old history",
      ]);
      assert.deepEqual(await of("hx", "search", "--cwd", "old"), ["old folder"]);
      assert.deepEqual(await of("hx", "completions", ""), ["bash", "fish", "zsh"]);
      // A value is no verb, and behind an argument there is none.
      assert.deepEqual(await of("hx", "sync", "--timeout", "5", "st"), ["status"]);
      assert.deepEqual(await of("hx", "search", "sync", ""), []);
      assert.ok((await of("hx", "help", "")).includes("exit-codes"));
      assert.equal(
        await output("bash", ["--norc", "-c", "source ./script; complete -p hx"], folder),
        "complete -F _hx hx\n",
      );
    }),
});

Deno.test({
  name: "bash completes on a terminal, a name with a blank too",
  ignore: noBash || missing("script"),
  fn: () =>
    withScript("bash", async (folder) => {
      await onScreen("bash --norc --noprofile -i", folder, [
        ['source ./script; hx() { echo "<$*>"; }; echo set$((1))\n', "set1"],
        ["hx sync statu\t\n", "<sync status>"],
        ["hx export --format=js\t\n", "<export --format=jsonl>"],
        ["hx import old\\ h\t\n", "<import old history>"],
      ]);
    }),
});

Deno.test({
  name: "zsh completes on a terminal: verbs with what they do, options, choices, files",
  ignore: noZsh,
  fn: () =>
    withScript("zsh", async (folder) => {
      await onScreen("zsh -f -i", folder, [
        [
          "autoload -U compinit; compinit -u -D; source ./script; " +
          'hx() { print -r -- "<$*>" }; print set$((1))\n',
          "set1",
        ],
        ["hx sync statu\t\n", "<sync status>"],
        ["hx sync in\t", "-- make a vault and its key"],
        ["\x15hx -q sync --timeout 5 statu\t\n", "<-q sync --timeout 5 status>"],
        ["hx sync init --na\tx\n", "<sync init --name x>"],
        ["hx export --format=js\t\n", "<export --format=jsonl>"],
        ["hx export --format js\t\n", "<export --format jsonl>"],
        ["hx import old\\ h\t\n", "<import old history>"],
        ["hx search --cwd old\t\n", "<search --cwd old folder>"],
        ["hx completions fi\t\n", "<completions fish>"],
      ]);
    }),
});

Deno.test({
  name: "zsh completes where the script lies in fpath as _hx",
  ignore: noZsh,
  fn: () =>
    withScript("zsh", async (folder) => {
      await Deno.rename(join(folder, "script"), join(folder, "_hx"));
      await onScreen("zsh -f -i", folder, [
        [
          "fpath=($PWD $fpath); autoload -U compinit; compinit -u -D; " +
          'hx() { print -r -- "<$*>" }; print set$((1))\n',
          "set1",
        ],
        ["hx sync statu\t\n", "<sync status>"],
        ["hx devi\t l\t\n", "<device list>"],
      ]);
    }),
});

Deno.test({
  name: "fish completes verbs, options, choices and files",
  ignore: noFish,
  fn: () =>
    withScript("fish", async (folder) => {
      const of = (line: string) => inFish(folder, line);
      assert.deepEqual(await of("hx "), VERBS);
      assert.deepEqual(await of("hx -q sync "), SYNC);
      assert.deepEqual(await of("hx sync in"), ["init", "invite"]);
      assert.deepEqual(await of("hx sync init --na"), ["--name"]);
      assert.deepEqual(await of("hx sync push --ti"), ["--timeout"]);
      assert.deepEqual(await of("hx export --format "), ["csv", "jsonl", "md"]);
      assert.deepEqual(await of("hx export --format=js"), ["--format=jsonl"]);
      assert.deepEqual(await of("hx import old"), ["old folder/", "old history"]);
      assert.deepEqual(await of("hx search --cwd old"), ["old folder/"]);
      assert.deepEqual(await of("hx artifact get x -o old"), ["old folder/", "old history"]);
      assert.deepEqual(await of("hx completions "), ["bash", "fish", "zsh"]);
      assert.deepEqual(await of("hx sync --timeout 5 st"), ["status"]);
      assert.deepEqual(await of("hx search sync "), []);
      assert.ok((await of("hx help ")).includes("exit-codes"));
    }),
});

Deno.test("nodesOf() has every verb and every option of the definitions", () => {
  const nodes = nodesOf(PROGRAM);
  assert.ok(nodes.some(({ path }) => path === "hx key passphrase change"));
  for (const { path, options } of nodes) {
    const forms = options.flatMap((option) => option.forms);
    for (const form of ["--help", "--quiet", "-v"]) assert.ok(forms.includes(form), path);
    assert.equal(new Set(forms).size, forms.length, path);
  }
});

Deno.test("completions prints the script, and knows three shells", async () => {
  await using home = await Home.make();
  assert.equal(await home.hx("completions", "fish"), SCRIPTS.fish(nodesOf(PROGRAM)));
  assert.match(await home.fails(2, ["completions", "tcsh"]), /<shell> is one of bash, zsh, fish/);
  assert.match(await home.fails(2, ["completions"]), /<shell> is missing/);
});
