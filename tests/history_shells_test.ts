/** What the real shells write is what comes back. A shell that is missing skips its tests. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { openHistoryFile, parseHistory, type Shell } from "../lib/history/mod.ts";
import { collect, withTempDir } from "./history_fixture.ts";

function missing(program: string): boolean {
  try {
    return !new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return true;
  }
}

const noBash = missing("bash");
const noZsh = missing("zsh");
const noFish = missing("fish") || missing("script");

const LOOP = "for i in 1 2\ndo\n  : $i\ndone";
const HEREDOC = "cat <<X >/dev/null\na\n\n\\b\nX";
const UNICODE = ": 'grüße à € 😀 日本'";

interface Run {
  program: string;
  args: string[];
  home: string;
  env?: Record<string, string>;
  /** What is typed, and milliseconds to wait before each. */
  input?: readonly string[];
  pause?: number;
}

/** Runs a shell in an empty home, types the input and waits for its end. */
async function run({ program, args, home, env, input = [], pause = 0 }: Run): Promise<void> {
  const child = new Deno.Command(program, {
    args,
    cwd: home,
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", HOME: home, TERM: "dumb", LC_ALL: "C.UTF-8", ...env },
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  for (const text of input) {
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    await writer.write(new TextEncoder().encode(text));
  }
  if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
  await writer.close();
  await child.status;
}

async function read(shell: Shell, path: string) {
  return await collect(parseHistory(shell, await openHistoryFile(path)));
}

/** What bash writes when these commands are typed. */
async function bash(options: string[], env: Record<string, string>, typed: string[]) {
  let lines: Awaited<ReturnType<typeof read>> = [];
  await withTempDir(async (home) => {
    const path = join(home, ".bash_history");
    const args = ["--norc", "--noprofile", ...options, "-i"];
    const input = typed.map((cmd) => cmd + "\n");
    await run({ program: "bash", args, home, env: { HISTFILE: path, ...env }, input });
    lines = await read("bash", path);
  });
  return lines;
}

/** What zsh writes of these commands, each given as an argument of its own. */
async function zsh(option: string, cmds: string[]) {
  let lines: Awaited<ReturnType<typeof read>> = [];
  await withTempDir(async (home) => {
    const path = join(home, ".zsh_history");
    const script = join(home, "script");
    // `%b` takes \0ooo, so that bytes which are no UTF-8 can be given too.
    await Deno.writeTextFile(
      script,
      `${option}\nHISTSIZE=1000 SAVEHIST=1000\n` +
        'for c in "$@"; do printf -v x %b "$c"; print -rs -- "$x"; done\nfc -W "$HOME/.zsh_history"\n',
    );
    const args = ["-f", "-i", script, ...cmds.map((cmd) => cmd.replaceAll("\\", "\\\\"))];
    await run({ program: "zsh", args: args.map((arg) => arg.replaceAll("\u{e000}", "\\")), home });
    lines = await read("zsh", path);
  });
  return lines;
}

Deno.test({
  name: "parseHistory() reads what bash wrote with times and lithist",
  ignore: noBash,
  fn: async () => {
    const typed = ["echo one", LOOP, HEREDOC, UNICODE, "echo 'a\n\n#x\nb'", "echo one"];
    const env = { HISTTIMEFORMAT: "%F " };
    const before = Math.floor(Date.now() / 1000);
    const lines = await bash(["-O", "cmdhist", "-O", "lithist"], env, typed);
    assert.deepEqual(lines.map(({ cmd }) => cmd), typed);
    for (const { started_at, order } of lines) {
      assert.equal(started_at >= before && started_at <= Date.now() / 1000, true);
      assert.equal(order, undefined);
    }
  },
});

Deno.test({
  name: "parseHistory() reads what bash wrote with times, without lithist and cmdhist",
  ignore: noBash,
  fn: async () => {
    const env = { HISTTIMEFORMAT: "%F " };
    const joinedLines = await bash(["-O", "cmdhist"], env, [LOOP, HEREDOC]);
    assert.deepEqual(joinedLines.map(({ cmd }) => cmd), [
      "for i in 1 2; do   : $i; done",
      HEREDOC,
    ]);
    const apart = await bash(["+O", "cmdhist"], env, [LOOP]);
    assert.deepEqual(apart.map(({ cmd }) => cmd), LOOP.split("\n"));
  },
});

Deno.test({
  name: "parseHistory() reads what bash wrote without times, line by line",
  ignore: noBash,
  fn: async () => {
    const lines = await bash(["-O", "cmdhist", "-O", "lithist"], {}, ["ls", LOOP, UNICODE, "ls"]);
    const expected = ["ls", ...LOOP.split("\n"), UNICODE, "ls"];
    assert.deepEqual(
      lines,
      expected.map((cmd, i) => ({ started_at: 0, cmd, order: i + 1 })),
    );
  },
});

const ZSH_COMMANDS = [
  LOOP,
  HEREDOC,
  UNICODE,
  "echo foo \\\n  bar",
  ": colon first",
  "tr \\",
  "tr \\\\",
  "ends in \\ ",
  "ends in \\   ",
  "spaces   ",
  "a\\\n\\\nb",
  ": 17:5;x",
];

for (const option of ["setopt extendedhistory", "unsetopt extendedhistory"]) {
  Deno.test({
    name: `parseHistory() reads what zsh wrote after ${option}`,
    ignore: noZsh,
    fn: async () => {
      const before = Math.floor(Date.now() / 1000);
      const lines = await zsh(option, ZSH_COMMANDS);
      assert.deepEqual(lines.map(({ cmd }) => cmd), ZSH_COMMANDS);
      for (const [i, { started_at, order }] of lines.entries()) {
        const dated = option.startsWith("set");
        assert.equal(dated ? started_at >= before : started_at === 0, true);
        assert.equal(order, dated ? undefined : i + 1);
      }
    },
  });
}

Deno.test({
  name: "parseHistory() takes back zsh's metafied bytes, all 255 of them",
  ignore: noZsh,
  fn: async () => {
    const codes = Array.from({ length: 255 }, (_, i) => i + 1).filter((code) => code !== 0x0d);
    const octal = codes.map((code) => "\u{e000}0" + code.toString(8).padStart(3, "0")).join("");
    const [line, ...more] = await zsh("setopt extendedhistory", [`x${octal}y`]);
    assert.deepEqual(more, []);
    const expected = `x${String.fromCharCode(...codes)}y`;
    assert.equal(atob(line?.cmd_base64 ?? ""), expected);
  },
});

Deno.test({
  name: "parseHistory() reads what fish wrote",
  ignore: noFish,
  fn: () =>
    withTempDir(async (home) => {
      // Fish starts to generate completions in the background where it finds none.
      const data = join(home, "data/fish");
      await Deno.mkdir(join(data, "generated_completions"), { recursive: true });
      const typed = [
        "echo one",
        "for i in 1 2\n  true $i\nend",
        "true back\\\\slash \\\\n x\\\\\\\\",
        "true 'grüße à € 😀'",
        "true 'a\n\n- cmd: b\n  when: 5'",
        "ls /tmp",
      ];
      await run({
        program: "script",
        args: ["-qec", "fish -i", "/dev/null"],
        home,
        env: { XDG_DATA_HOME: join(home, "data"), XDG_CONFIG_HOME: join(home, "config") },
        input: [...typed.map((cmd) => cmd + "\n"), "exit\n"],
        pause: 700,
      });
      const lines = await read("fish", join(data, "fish_history"));
      assert.deepEqual(lines.map(({ cmd }) => cmd).filter((cmd) => cmd !== "exit"), typed);
      assert.equal(lines.every(({ started_at }) => started_at > 1_700_000_000), true);
    }),
});
