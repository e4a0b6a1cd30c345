/** `hx search`, `last`, `show` and `pin`, as processes. */
import assert from "node:assert/strict";
import { bashHistory, Home, onTerminal } from "./cli.ts";

const T = 1_700_000_000;

async function searchable(...commands: string[]): Promise<Home> {
  const home = await Home.make();
  await home.write(".bash_history", bashHistory(T, ...commands));
  await home.hx("import", "--host", "laptop");
  return home;
}

Deno.test("search: all words, smart case, newest last, tabs in a pipe", async () => {
  await using home = await searchable("git push", "git pull", "GIT PUSH", "ls 100%_x");
  assert.equal(
    await home.hx("search", "git", "pu"),
    "1\t2023-11-14 22:13:20\t\tgit push\n2\t2023-11-14 22:13:21\t\tgit pull\n" +
      "3\t2023-11-14 22:13:22\t\tGIT PUSH\n",
  );
  assert.match(await home.hx("search", "GIT"), /^3\t.*\n$/);
  assert.match(await home.hx("search", "git push", "--limit", "1"), /^3\t.*\n$/);
  assert.match(await home.hx("search", "0%_"), /^4\t.*\n$/);
  assert.equal(await home.hx("search", "nothing"), "");
});

Deno.test("search: filters, formats and JSON", async () => {
  await using home = await searchable("one", "two");
  assert.match(await home.hx("search", "--until", String(T)), /\tone\n$/);
  assert.match(await home.hx("search", "--since", String(T + 1)), /^2\t.*\ttwo\n$/);
  assert.equal(await home.hx("search", "--host", "other"), "");
  assert.equal(await home.hx("search", "--exit", "fail"), "");
  assert.equal(
    await home.hx("search", "--format", "{host}:{cmd} {id}"),
    "laptop:one 1\nlaptop:two 2\n",
  );
  const [first] = (await home.hx("search", "one", "--json")).split("\n");
  const { id, cmd, started_at, host } = JSON.parse(first!);
  assert.deepEqual({ id, cmd, started_at, host }, {
    id: 1,
    cmd: "one",
    started_at: T,
    host: "laptop",
  });
  assert.match(await home.fails(2, ["search", "--format", "{nope}"]), /\{relative\}/);
  assert.match(await home.fails(2, ["search", "--exit", "bad"]), /fail/);
  assert.match(await home.fails(2, ["search", "--limit", "0"]), /number/);
});

Deno.test("search: a line of a terminal is no wider than it, whatever the command holds", async () => {
  await using home = await searchable(`echo ${"日本語".repeat(200)}`, "printf '\x1b[31mred\x07'");
  const { code, screen } = await onTerminal(home, ["search"], [], { NO_COLOR: "1" });
  assert.equal(code, 0);
  assert.ok(!screen.includes("\x1b[31m") && !screen.includes("\x07"));
  // The runtime itself clears the line that it would show its progress on.
  // deno-lint-ignore no-control-regex
  const lines = screen.replaceAll(/\x1b\[\d*[GKJ]/g, "").split("\r\n").filter((line) =>
    line !== ""
  );
  assert.equal(lines.length, 2);
  for (const line of lines) {
    const columns = Array.from(line).reduce(
      (n, c) => n + (c >= "\u2e80" && c <= "\uff60" ? 2 : 1),
      0,
    );
    assert.ok(columns <= 240, `${columns}: ${JSON.stringify(line)}`);
  }
});

Deno.test("last and show tell all of an event, by its number or its key; an unknown one is 11", async () => {
  await using home = await searchable("echo old", "for i in 1 2\ndo echo $i\ndone");
  const last = await home.hx("last");
  assert.match(last, /^id +2\n/);
  assert.match(last, /\n\nfor i in 1 2\ndo echo \$i\ndone\n$/);
  assert.equal(await home.hx("show", "2"), last);
  assert.equal(JSON.parse(await home.hx("show", "1", "--json")).cmd, "echo old");
  assert.match(await home.fails(11, ["show", "77"]), /no event/);
  assert.match(await home.fails(2, ["show", "x"]), /not a number of an event/);
  const key = /\nkey +(\S+)\n/.exec(last)![1]!;
  assert.equal(await home.hx("show", key), last);
  assert.match(await home.fails(11, ["show", key.replace(/\d+$/, "7")]), /no event/);
  await home.hx("forget", "--id", key, "--yes");
  assert.match(await home.hx("last"), /^id +1\n/);
  await using empty = await Home.make();
  assert.match(await empty.fails(11, ["last"]), /empty/);
  assert.equal(await empty.hx("search", "x"), "");
});

Deno.test("pin marks the session on every device", async () => {
  await using a = await searchable("one");
  await using b = await Home.make();
  await a.hx("sync");
  await b.join(a, `folder:${a.data}/store`);
  await b.hx("sync");
  assert.match(await a.fails(2, ["pin"]), /--last/);
  assert.equal(await a.hx("pin", "--last"), "pinned the session of event 1\n");
  await a.hx("sync");
  await b.hx("sync");
  assert.equal(JSON.parse(await b.hx("last", "--json")).pinned, true);
  assert.equal(await a.hx("sync"), "nothing new\n");
});
