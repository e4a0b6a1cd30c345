import assert from "node:assert/strict";
import { type HistoryLine, parseHistory, type Shell } from "../lib/history/mod.ts";
import { bytesOf, joined, linesOf } from "./history_fixture.ts";

const MiB = 1024 * 1024;

async function sample(shell: Shell, name: string): Promise<HistoryLine[]> {
  return await linesOf(
    shell,
    await Deno.readFile(new URL(`data/history/${name}`, import.meta.url)),
  );
}

async function commands(shell: Shell, content: string | Uint8Array): Promise<string[]> {
  return (await linesOf(shell, content)).map(({ cmd }) => cmd);
}

Deno.test("parseHistory() reads a bash file without times, one command a line", async () => {
  assert.deepEqual(await sample("bash", "bash_plain"), [
    { started_at: 0, cmd: "cd ~/src", order: 1 },
    { started_at: 0, cmd: "ls -la", order: 2 },
    { started_at: 0, cmd: "größe=1", order: 3 },
    {
      started_at: 0,
      cmd: "printf '\ufffd\\n'",
      cmd_base64: btoa("printf '\xff\\n'"),
      order: 4,
    },
    { started_at: 0, cmd: "ls -la", order: 5 },
    { started_at: 0, cmd: "#1 a comment", order: 6 },
  ]);
});

Deno.test("parseHistory() reads a bash file with times, lines up to the next time as one", async () => {
  assert.deepEqual(await sample("bash", "bash_dated"), [
    { started_at: 0, cmd: "old command from before HISTTIMEFORMAT", order: 1 },
    { started_at: 1700000000, cmd: "git status" },
    { started_at: 1700000060, cmd: "for i in 1 2\ndo\n  echo $i\ndone" },
    { started_at: 1700000120, cmd: "cat <<X\na\n\nb\nX" },
    { started_at: 1700000190, cmd: "echo done" },
  ]);
});

Deno.test("parseHistory() takes a bash time of 0 for no time", async () => {
  assert.deepEqual(await linesOf("bash", "#0\na\nb\n#5\nc\n"), [
    { started_at: 0, cmd: "a\nb", order: 1 },
    { started_at: 5, cmd: "c" },
  ]);
});

Deno.test("parseHistory() reads a zsh extended file", async () => {
  assert.deepEqual(await sample("zsh", "zsh_extended"), [
    { started_at: 1700000000, duration_ms: 5000, cmd: "make test" },
    { started_at: 1700000010, cmd: "for i in 1 2\ndo\n  echo $i\ndone" },
    { started_at: 1700000020, cmd: "echo foo \\\n  bar" },
    { started_at: 1700000030, cmd: "echo grüße € 😀" },
    { started_at: 1700000040, cmd: ": colon" },
    { started_at: 1700000050, cmd: "tr \\" },
    { started_at: 1700000060, cmd: "sp\\  " },
    { started_at: 0, cmd: "from a plain file", order: 1 },
    { started_at: 1700000070, cmd: "clock went back" },
  ]);
});

Deno.test("parseHistory() reads a zsh plain file", async () => {
  assert.deepEqual(await sample("zsh", "zsh_plain"), [
    { started_at: 0, cmd: ": colon", order: 1 },
    { started_at: 0, cmd: "ls", order: 2 },
    { started_at: 0, cmd: ": > truncate", order: 3 },
    { started_at: 0, cmd: "a\n\nb", order: 4 },
    { started_at: 0, cmd: "ls", order: 5 },
  ]);
});

Deno.test("parseHistory() takes no number for a time that has none or too many digits", async () => {
  const long = "170000000000";
  assert.deepEqual(await commands("bash", `#${long}\nls\n`), [`#${long}`, "ls"]);
  assert.deepEqual(await commands("zsh", `: ${long}:0;ls\n: 5:;ls\n`), [
    `: ${long}:0;ls`,
    ": 5:;ls",
  ]);
  assert.deepEqual(await linesOf("zsh", ": 0:5;ls\n"), [{ started_at: 0, cmd: "ls", order: 1 }]);
  assert.deepEqual(await linesOf("fish", `- cmd: ls\n  when: ${long}\n- cmd: a\n  when: x\n`), [
    { started_at: 0, cmd: "ls", order: 1 },
    { started_at: 0, cmd: "a", order: 2 },
  ]);
});

Deno.test("parseHistory() reads a fish file", async () => {
  assert.deepEqual(await sample("fish", "fish_history"), [
    { started_at: 1700000000, cmd: "echo one" },
    { started_at: 1700000010, cmd: "for i in 1 2\n echo $i\nend" },
    { started_at: 1700000020, cmd: "echo back\\slash \\n x \\t" },
    { started_at: 1700000030, cmd: 'echo "Grüße 😀"' },
    { started_at: 0, cmd: "no time", order: 1 },
  ]);
});

Deno.test("parseHistory() unmetafies zsh's bytes, NUL among them", async () => {
  const raw = joined([bytesOf("a"), Uint8Array.of(0x83, 0x20, 0x83, 0xa3, 0xff), bytesOf("\n")]);
  assert.deepEqual(await linesOf("zsh", raw), [
    { started_at: 0, cmd: "a\ufffd\ufffd\ufffd", cmd_base64: btoa("a\0\x83\xff"), order: 1 },
  ]);
});

Deno.test("parseHistory() takes CRLF for a line end in each format", async () => {
  assert.deepEqual(await linesOf("bash", "#5\r\na\r\n\r\nb\r\n"), [
    { started_at: 5, cmd: "a\n\nb" },
  ]);
  assert.deepEqual(await commands("zsh", ": 5:0;a\\\r\nb\r\nc"), ["a\nb", "c"]);
  assert.deepEqual(await linesOf("fish", "- cmd: a\r\n  when: 5\r"), [{ started_at: 5, cmd: "a" }]);
  assert.deepEqual(await commands("bash", "in\rside\r\r\n"), ["in\rside\r"]);
});

Deno.test("parseHistory() keeps a last line without a line end", async () => {
  assert.deepEqual(await commands("bash", "a\nb"), ["a", "b"]);
  assert.deepEqual(await commands("bash", "#5\na\nb"), ["a\nb"]);
  assert.deepEqual(await commands("zsh", "a\nb\\"), ["a", "b\\"]);
  assert.deepEqual(await commands("zsh", "a\nb\\\n"), ["a", "b"]);
  assert.deepEqual(await linesOf("fish", "- cmd: a\n  when: 7"), [{ started_at: 7, cmd: "a" }]);
});

Deno.test("parseHistory() yields nothing for empty files, blank lines and runs of NUL", async () => {
  for (const shell of ["bash", "zsh", "fish"] as const) {
    for (const content of ["", "\n\n", " \t\n\r\n", "\0\0\0\0", "\0\n \0\n"]) {
      assert.deepEqual(await linesOf(shell, content), [], shell);
    }
  }
  assert.deepEqual(await linesOf("bash", "#5\n\n#6\n \n"), []);
  assert.deepEqual(await linesOf("zsh", ": 5:0;\n: 6:0; \\\n\n"), []);
  assert.deepEqual(await linesOf("fish", "- cmd: \n  when: 5\n- cmd:\n"), []);
});

Deno.test("parseHistory() keeps NUL and what is not UTF-8 in cmd_base64, valid U+FFFD not", async () => {
  assert.deepEqual(await linesOf("bash", "a\0b\n"), [
    { started_at: 0, cmd: "a\ufffdb", cmd_base64: btoa("a\0b"), order: 1 },
  ]);
  assert.deepEqual(await linesOf("bash", "\ufeffa\ufffdb\n"), [
    { started_at: 0, cmd: "\ufeffa\ufffdb", order: 1 },
  ]);
});

Deno.test("parseHistory() cuts a command over 1 MiB on a character boundary", async () => {
  for (const shell of ["bash", "zsh"] as const) {
    const [whole] = await linesOf(shell, "x".repeat(MiB));
    assert.deepEqual([whole?.cmd.length, whole?.truncated], [MiB, undefined]);
    const [longer, next] = await linesOf(shell, "x".repeat(MiB + 1) + "\nls\n");
    assert.deepEqual([longer?.cmd.length, longer?.truncated, next?.cmd], [MiB, true, "ls"]);
    // A character of 3 bytes lies over the limit, and is not torn.
    const [split] = await linesOf(shell, "x".repeat(MiB - 2) + "€\n");
    assert.deepEqual([split?.cmd.length, split?.truncated], [MiB - 2, true]);
    assert.equal(split?.cmd_base64, undefined);
  }
});

Deno.test("parseHistory() keeps 1 MiB of the bytes of a long command that is not UTF-8", async () => {
  const raw = new Uint8Array(MiB + 10).fill(0xff);
  const [line] = await linesOf("bash", raw);
  assert.equal(line?.truncated, true);
  assert.equal(bytesOf(line.cmd).length, MiB - 1);
  assert.equal(atob(line.cmd_base64 ?? "").length, MiB);
});

Deno.test("parseHistory() reads on after a line too long to hold, wherever chunks end", async () => {
  const long = "y".repeat(3 * MiB);
  const content = `: 5:0;${long}\\\nmore\n: 6:0;ls\n`;
  for (const cuts of [[], [10, MiB, 2 * MiB + 70, 3 * MiB + 6, 3 * MiB + 7, 3 * MiB + 8]]) {
    const [line, next] = await linesOf("zsh", content, cuts);
    assert.deepEqual([line?.started_at, line?.cmd.length, line?.truncated], [5, MiB, true]);
    assert.deepEqual(next, { started_at: 6, cmd: "ls" });
  }
  const lines = "z".repeat(1023) + "\n";
  const [block, after] = await linesOf("bash", `#5\n${lines.repeat(4096)}#6\nls\n`);
  assert.deepEqual([block?.cmd.length, block?.truncated], [MiB, true]);
  assert.deepEqual(after, { started_at: 6, cmd: "ls" });
  const escaped = "\\\\".repeat(MiB);
  assert.deepEqual((await linesOf("fish", `- cmd: ${escaped}\n`))[0], {
    started_at: 0,
    cmd: "\\".repeat(MiB),
    order: 1,
  });
});

Deno.test("parseHistory() yields full batches and cancels its source when it is left early", async () => {
  let cancelled = false;
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(bytesOf("ls\n".repeat(1000))),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const batch of parseHistory("bash", source)) {
    assert.equal(batch.length, 2000);
    break;
  }
  assert.equal(cancelled, true);
});
