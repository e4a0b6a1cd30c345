/** `hx import --from TOOL`, as users run it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bashHistory, Home } from "./cli.ts";
import { add, atuinRow, makePeer, peerDatabase } from "./peers_kit.ts";

const T = 1_700_000_000;

interface Exported {
  node_id: string;
  session_id: string;
  seq: number;
  cmd: string;
  host: string;
  [field: string]: unknown;
}

async function exported(home: Home): Promise<Exported[]> {
  return (await home.hx("export")).split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Exported);
}

const keyOf = ({ node_id, session_id, seq }: Exported) => `${node_id} ${session_id} ${seq}`;

interface Report {
  host: string;
  files: [Record<string, unknown>];
}

async function imported(home: Home, ...args: string[]): Promise<Record<string, unknown>> {
  const { files: [{ path: _, ...report }] } = JSON.parse(
    await home.hx("import", "--json", ...args),
  ) as Report;
  return report;
}

const NOTHING = { added: 0, known: 0, forgotten: 0, elsewhere: 0, unfinished: 0, unreadable: 0 };

function atuinPlace(home: Home): string {
  const folder = join(home.path, ".local/share/atuin");
  Deno.mkdirSync(folder, { recursive: true });
  return join(folder, "history.db");
}

Deno.test("hx import --from atuin takes atuin's own database in, and twice adds nothing", async () => {
  await using home = await Home.make();
  const path = makePeer(atuinPlace(home), "atuin", {
    history: [
      atuinRow("make", T, { exit: 2 }),
      atuinRow("make", T + 60),
      atuinRow("ls", T + 90, { hostname: "server:bob", cwd: "/srv", session: "s2" }),
      atuinRow("", T + 91),
    ],
  });
  assert.equal(
    await home.hx("import", "--from", "atuin"),
    `${path} (atuin): 3 new, 0 known, 1 unreadable\n`,
  );
  const events = await exported(home);
  const some = events.map(({ cmd, host, user, cwd, exit_code, started_at, duration_ms }) => (
    { cmd, host, user, cwd, exit_code, started_at, duration_ms }
  ));
  const made = { cmd: "make", host: "laptop", user: "ann", cwd: "/work", duration_ms: 1.5 };
  assert.deepEqual(some, [
    { ...made, exit_code: 2, started_at: T },
    { ...made, exit_code: 0, started_at: T + 60 },
    {
      ...made,
      cmd: "ls",
      host: "server",
      user: "bob",
      cwd: "/srv",
      exit_code: 0,
      started_at: T + 90,
    },
  ]);
  const again = { ...NOTHING, from: "atuin", known: 3, unreadable: 1 };
  assert.deepEqual(await imported(home, "--from", "atuin"), again);
  assert.deepEqual(await exported(home), events);

  const atuin = peerDatabase(path, "atuin");
  add(atuin, "history", atuinRow("new", T + 99));
  assert.deepEqual(await imported(home, "--from", "atuin"), { ...again, added: 1 });
  atuin.close();
});

Deno.test("a history imported on two devices has the same keys, and is there once", async () => {
  await using one = await Home.make();
  await using two = await Home.make();
  const rows = [atuinRow("make", T), atuinRow("ls", T + 9, { hostname: "server:bob" })];
  for (const home of [one, two]) makePeer(atuinPlace(home), "atuin", { history: rows });
  const store = `folder:${join(one.path, "store")}`;
  await one.hx("sync", "init", "--store", store);
  await two.join(one, store);
  await one.hx("import", "--from", "atuin");
  await two.hx("import", "--from", "atuin", "--quiet");
  assert.deepEqual((await exported(one)).map(keyOf), (await exported(two)).map(keyOf));
  await one.hx("sync");
  await two.hx("sync");
  await one.hx("sync");
  for (const home of [one, two]) assert.deepEqual(await home.commands(), ["make", "ls"]);
});

Deno.test("what was forgotten does not come back with another tool's history", async () => {
  await using home = await Home.make();
  makePeer(atuinPlace(home), "atuin", {
    history: [atuinRow("curl -u me:secret", T), atuinRow("ls", T + 9)],
  });
  await home.hx("sync", "init", "--store", `folder:${join(home.path, "store")}`);
  await home.hx("import", "--from", "atuin");
  await home.hx("forget", "--match", "secret", "--yes");
  const report = { ...NOTHING, from: "atuin", known: 1, forgotten: 1 };
  assert.deepEqual(await imported(home, "--from", "atuin"), report);
  assert.deepEqual(await home.commands(), ["ls"]);
});

Deno.test("a command that another source told of as well is not there twice", async () => {
  await using home = await Home.make();
  const host = (await new Response(
    new Deno.Command("uname", { args: ["-n"], stdout: "piped" }).spawn().stdout,
  ).text()).trim();
  await home.write(".bash_history", bashHistory(T, "make", "ls"));
  await home.hx("import");
  const row = { session_id: "s", exit_code: 0, selected: 0, dir: "/w" };
  const bare = { ...row, session_id: "IMPORTED", dir: null };
  const mcfly = makePeer(join(home.path, "mcfly.db"), "mcfly", {
    commands: [
      { ...bare, cmd: "make", when_run: T + 1 },
      { ...bare, cmd: "make", when_run: T + 60 },
      { ...row, cmd: "ls", when_run: T + 1 },
    ],
  });
  // The shell's file knows no exit code of `ls`, so mcfly's record is kept beside it.
  const first = { ...NOTHING, from: "mcfly", added: 2, elsewhere: 1 };
  assert.deepEqual(await imported(home, "--from", "mcfly", mcfly), first);
  const histdb = makePeer(join(home.path, "histdb.db"), "histdb", {
    commands: [{ argv: "ls" }],
    places: [{ host, dir: "/w" }, { host: "other", dir: "/w" }],
    history: [1, 2].map((place_id) => (
      { session: 1, command_id: 1, place_id, exit_status: 0, start_time: T + 2, duration: 0 }
    )),
  });
  const second = { ...NOTHING, from: "histdb", added: 1, elsewhere: 1 };
  assert.deepEqual(await imported(home, "--from", "histdb", histdb), second);
  assert.deepEqual(await imported(home, "--from", "mcfly", mcfly), {
    ...first,
    added: 0,
    known: 2,
  });
});

Deno.test("hx import --from hx-go reads the earlier hx's database where this one's is", async () => {
  await using home = await Home.make();
  Deno.mkdirSync(home.data, { recursive: true });
  makePeer(join(home.data, "hx.db"), "hx-go", {
    sessions: [{ session_id: "s", started_at: T, host: "laptop", user: "ann", pinned: 1 }],
    command_dict: [{ cmd_hash: "h", cmd_text: "make", first_seen_at: 1 }],
    events: [{ session_id: "s", seq: 1, started_at: T, exit_code: 1, cwd: "/w", cmd_id: 1 }],
  });
  assert.deepEqual(await imported(home, "--from", "hx-go"), {
    ...NOTHING,
    from: "hx-go",
    added: 1,
  });
  const [event] = await exported(home);
  assert.deepEqual([event!.cmd, event!.host, event!.exit_code, event!.pinned], [
    "make",
    "laptop",
    1,
    true,
  ]);
});

Deno.test("hx import --from says what is wrong", async () => {
  await using home = await Home.make();
  const file = makePeer(join(home.path, "x.db"), "mcfly", {});
  const text = await home.write("history", "ls\n".repeat(1000));
  const cases: [number, string[], RegExp][] = [
    [2, ["--from", "resh"], /--from takes atuin, hishtory, histdb, mcfly, hx-go/],
    [2, ["--from", "atuin", file, "--host", "a"], /--host is not for atuin/],
    [2, ["--from", "mcfly", file, "--shell", "zsh"], /--shell is for the files of shells/],
    [2, ["--from", "mcfly", home.path], /is not a file/],
    [2, ["--from", "mcfly", file, "--host", ""], /label can't be used/],
    [11, ["--from", "atuin"], /no database of atuin was found.*\n.*hx import --from atuin FILE/],
    [11, ["--from", "atuin", "gone.db"], /there is no such file/],
    [19, ["--from", "atuin", file], /but of mcfly\n.*--from mcfly/],
    [19, ["--from", "atuin", text], /no SQLite database/],
  ];
  for (const [code, args, message] of cases) {
    assert.match(await home.fails(code, ["import", ...args]), message);
  }
  assert.equal(
    await home.hx("import", "--from", "mcfly", file, "--host", "old"),
    `${file} (mcfly): 0 new, 0 known\n`,
  );
});

Deno.test("hx import --from atuin reads what atuin 18.24.4 wrote", async () => {
  // Its own `history start` and `end`, `import bash`, and `search --delete` of a third command.
  await using home = await Home.make();
  const file = fileURLToPath(new URL("data/peers/atuin-18.24.4.db", import.meta.url));
  assert.deepEqual(await imported(home, "--from", "atuin", file), {
    ...NOTHING,
    from: "atuin",
    added: 2,
  });
  const [bash, live] = await exported(home);
  assert.deepEqual(
    [bash!.cmd, bash!.started_at, bash!.exit_code, bash!.cwd],
    ["from bash", T, null, null],
  );
  assert.deepEqual(
    [live!.cmd, live!.exit_code, live!.duration_ms, live!.cwd, live!.host, live!.user],
    ["false || exit 3", 3, 1.5, "/home/ann/project", "laptop", "ann"],
  );
});
