import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { HxError } from "../lib/errors.ts";
import { detectShell, findHistoryFiles, openHistoryFile } from "../lib/history/mod.ts";
import { bytesOf, withTempDir } from "./history_fixture.ts";

async function textOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return await new Response(stream).text();
}

/** Each value once, then undefined: what happens while a caller sleeps. */
function sleeps(...actions: (() => Promise<void>)[]) {
  const waits: number[] = [];
  const sleep = async (ms: number) => {
    const action = actions[waits.length];
    waits.push(ms);
    await action?.();
  };
  return { sleep, waits };
}

const append = (path: string, text: string) => () =>
  Deno.writeTextFile(path, text, { append: true });

Deno.test("detectShell() goes by the name first, then by the content", () => {
  const none = new Uint8Array();
  assert.equal(detectShell("/home/a/.bash_history", bytesOf(": 1:0;ls\n")), "bash");
  assert.equal(detectShell("/home/a/.zsh_history", none), "zsh");
  assert.equal(detectShell("/home/a/.zhistory", none), "zsh");
  assert.equal(detectShell("/home/a/.histfile", none), "zsh");
  assert.equal(detectShell("backup/fish_history", none), "fish");
  assert.equal(detectShell("fish/old", bytesOf("ls\n: 1700000000:0;ls\n")), "zsh");
  assert.equal(detectShell("old", bytesOf("- cmd: ls\n  when: 5\n")), "fish");
  assert.equal(detectShell("old", bytesOf("#1700000000\nls\n"), "zsh"), "bash");
  assert.equal(detectShell("old", bytesOf("ls\n"), "zsh"), "zsh");
  assert.equal(detectShell("old", none), "bash");
});

Deno.test("findHistoryFiles() finds the shells' own files, in order", async () => {
  await withTempDir(async (home) => {
    await Deno.mkdir(join(home, ".local/share/fish"), { recursive: true });
    await Deno.mkdir(join(home, ".zhistory"));
    const names = [".bash_history", ".zsh_history", ".histfile", ".local/share/fish/fish_history"];
    for (const name of names) await Deno.writeTextFile(join(home, name), "ls\n");
    assert.deepEqual(
      await findHistoryFiles(() => undefined, home),
      names.map((name, i) => ({
        path: join(home, name),
        shell: (["bash", "zsh", "zsh", "fish"] as const)[i],
      })),
    );
  });
});

Deno.test("findHistoryFiles() follows HISTFILE, ZDOTDIR and XDG_DATA_HOME", async () => {
  await withTempDir(async (home) => {
    await Deno.mkdir(join(home, "z"));
    await Deno.mkdir(join(home, "x/fish"), { recursive: true });
    const paths = ["own", "z/.zsh_history", "x/fish/fish_history"].map((name) => join(home, name));
    const [own = "", zsh = "", fish = ""] = paths;
    for (const path of paths) await Deno.writeTextFile(path, ": 1700000000:0;ls\n");
    const env = new Map([
      ["HISTFILE", own],
      ["ZDOTDIR", join(home, "z")],
      ["XDG_DATA_HOME", join(home, "x")],
    ]);
    assert.deepEqual(await findHistoryFiles((name) => env.get(name), home), [
      { path: own, shell: "zsh" },
      { path: zsh, shell: "zsh" },
      { path: fish, shell: "fish" },
    ]);
    await Deno.writeTextFile(own, "ls\n");
    env.set("SHELL", "/usr/bin/zsh");
    assert.equal((await findHistoryFiles((name) => env.get(name), home))[0]?.shell, "zsh");
    env.set("SHELL", "/bin/sh");
    assert.equal((await findHistoryFiles((name) => env.get(name), home))[0]?.shell, "bash");
  });
});

Deno.test("findHistoryFiles() names each real file once, and only regular ones", async () => {
  await withTempDir(async (home) => {
    await Deno.writeTextFile(join(home, ".zsh_history"), "ls\n");
    await Deno.symlink(join(home, ".zsh_history"), join(home, ".histfile"));
    await Deno.symlink(join(home, "gone"), join(home, ".bash_history"));
    const env = (name: string) => name === "HISTFILE" ? "/dev/null" : undefined;
    assert.deepEqual(await findHistoryFiles(env, home), [
      { path: join(home, ".zsh_history"), shell: "zsh" },
    ]);
  });
});

Deno.test("findHistoryFiles() ignores empty variables and a relative XDG_DATA_HOME", async () => {
  await withTempDir(async (home) => {
    await Deno.mkdir(join(home, "x/fish"), { recursive: true });
    await Deno.writeTextFile(join(home, "x/fish/fish_history"), "- cmd: ls\n");
    const data = relative(Deno.cwd(), join(home, "x"));
    const env = (name: string) => name === "XDG_DATA_HOME" ? data : "";
    assert.deepEqual(await findHistoryFiles(env, home), []);
  });
});

Deno.test("openHistoryFile() says what is wrong with a path", async () => {
  await withTempDir(async (dir) => {
    await Deno.writeTextFile(join(dir, "file"), "ls\n");
    await Deno.symlink(join(dir, "loop"), join(dir, "loop"));
    const cases = [["gone", "not-found"], ["file/x", "not-found"], [".", "usage"], [
      "loop",
      "config",
    ]] as const;
    for (const [name, category] of cases) {
      await assert.rejects(openHistoryFile(join(dir, name)), (error) => {
        assert.equal(error instanceof HxError && error.category, category, name);
        assert.equal(error instanceof HxError && (error.hint ?? "") !== "", true);
        return true;
      });
    }
  });
});

Deno.test({
  name: "openHistoryFile() calls a file that may not be read config",
  permissions: { read: false }, // a file mode would not stop root
  fn: async () => {
    await assert.rejects(openHistoryFile(import.meta.filename!), { category: "config" });
  },
});

Deno.test("openHistoryFile() reads up to the size at the open", async () => {
  await withTempDir(async (dir) => {
    const path = join(dir, "file");
    const before = "a line of a large file\n".repeat(20_000);
    await Deno.writeTextFile(path, before);
    const stream = await openHistoryFile(path);
    await append(path, "later\n")();
    assert.equal(await textOf(stream), before);
  });
});

Deno.test("openHistoryFile() reads what is left of a file that shrinks, and an empty one", async () => {
  await withTempDir(async (dir) => {
    const path = join(dir, "file");
    await Deno.writeTextFile(path, "a\nb\n");
    const stream = await openHistoryFile(path);
    await Deno.truncate(path, 2);
    assert.equal(await textOf(stream), "a\n");
    await Deno.truncate(path, 0);
    assert.equal(await textOf(await openHistoryFile(path)), "");
  });
});

Deno.test("openHistoryFile() closes the file when the stream is cancelled", async () => {
  await withTempDir(async (dir) => {
    const path = join(dir, "file");
    await Deno.writeTextFile(path, "ls\n".repeat(100_000));
    for await (const chunk of await openHistoryFile(path)) {
      assert.equal(chunk.length > 0, true);
      break;
    }
  });
});

Deno.test("openHistoryFile() reads a file at rest whole, with or without a last line end", async () => {
  await withTempDir(async (dir) => {
    const path = join(dir, "file");
    await Deno.writeTextFile(path, "a\nb");
    assert.equal(await textOf(await openHistoryFile(path)), "a\nb");
    const once = sleeps();
    assert.equal(await textOf(await openHistoryFile(path, once)), "a\nb");
    assert.equal(once.waits.length, 1);
    await Deno.writeTextFile(path, "a\nb\n");
    const never = sleeps();
    assert.equal(await textOf(await openHistoryFile(path, never)), "a\nb\n");
    assert.equal(never.waits.length, 0);
  });
});

Deno.test("openHistoryFile() waits for the rest of a line that is being written", async () => {
  await withTempDir(async (dir) => {
    const path = join(dir, "file");
    await Deno.writeTextFile(path, "a\n: 1700000000:0;rm -rf /tmp/x");
    const clock = sleeps(append(path, "/old"), append(path, "er\n"));
    const stream = await openHistoryFile(path, clock);
    await append(path, "later\n")();
    assert.equal(await textOf(stream), "a\n: 1700000000:0;rm -rf /tmp/x/older\n");
    // In a zsh file a backslash before the line end says that the command goes on.
    await Deno.writeTextFile(path, "a\nfor i\\\n");
    const next = sleeps(append(path, "do\\\n"), append(path, "done\n"));
    assert.equal(await textOf(await openHistoryFile(path, next)), "a\nfor i\\\ndo\\\ndone\n");
  });
});

Deno.test("openHistoryFile() leaves out a last line that does not come to rest", async () => {
  await withTempDir(async (dir) => {
    const path = join(dir, "file");
    const growing = (text: string) => sleeps(...Array(10).fill(append(path, text)));
    await Deno.writeTextFile(path, "a\nb\\\nc");
    assert.equal(await textOf(await openHistoryFile(path, growing("c"))), "a\n");
    await Deno.writeTextFile(path, `a\nb\n${"x".repeat(64 * 1024 - 1)}\\\n`);
    assert.equal(await textOf(await openHistoryFile(path, growing("c"))), "a\nb\n");
    // After four looks the line end is the first byte of the last 64 KiB.
    await Deno.writeTextFile(path, `a\n${"x".repeat(64 * 1024 - 5)}`);
    assert.equal(await textOf(await openHistoryFile(path, growing("c"))), "a\n");
    await Deno.writeTextFile(path, "no line end");
    assert.equal(await textOf(await openHistoryFile(path, growing("c"))), "");
  });
});

Deno.test({
  name: "openHistoryFile() reads a pipe to its end",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withTempDir(async (dir) => {
      const path = join(dir, "pipe");
      assert.equal((await new Deno.Command("mkfifo", { args: [path] }).output()).success, true);
      const writing = new Deno.Command("sh", { args: ["-c", 'echo ls >"$0"', path] }).output();
      assert.equal(await textOf(await openHistoryFile(path)), "ls\n");
      await writing;
    }),
});
