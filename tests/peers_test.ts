import assert from "node:assert/strict";
import { join } from "node:path";
import { HxError } from "../lib/errors.ts";
import { importNodeId } from "../lib/history/mod.ts";
import { findPeer, PeerFile, type PeerName, PEERS } from "../lib/history/peers/mod.ts";
import { uuid5 } from "../lib/format/uuid.ts";
import { goTime } from "../lib/history/peers/values.ts";
import { withTempDir } from "./history_fixture.ts";
import { add, atuinRow, makePeer, peerDatabase, readPeer, SCHEMAS } from "./peers_kit.ts";

const T = 1_700_000_000;

/** Events without their keys. */
function facts(events: readonly object[]): object[] {
  return events.map((event) => ({ ...event, node_id: 0, session_id: 0, seq: 0 }));
}

/** Events as they are expected, without their keys. */
function expected(...events: object[]): object[] {
  return events.map((event) => ({ node_id: 0, session_id: 0, seq: 0, ...event }));
}

async function sessionId(host: string, name: string): Promise<string> {
  return await uuid5(await importNodeId(host), name);
}

Deno.test("atuin: sessions, exit codes, directories, times, hosts and users are kept", async () => {
  await withTempDir(async (dir) => {
    const path = makePeer(join(dir, "history.db"), "atuin", {
      history: [
        atuinRow("make", T, { timestamp: 1_700_000_000_123_456_789n, exit: 2, shell: "fish" }),
        atuinRow("ls", T + 5, { hostname: "server:bob", session: "s2", cwd: "/srv" }),
      ],
    });
    const { events, sessions, read } = await readPeer("atuin", path);
    assert.deepEqual(
      facts(events),
      expected(
        {
          started_at: 1_700_000_000.123456,
          duration_ms: 1.5,
          exit_code: 2,
          cwd: "/work",
          cmd: "make",
        },
        { started_at: T + 5, duration_ms: 1.5, exit_code: 0, cwd: "/srv", cmd: "ls" },
      ),
    );
    assert.equal(read, 2);
    const [laptop, server] = [
      await sessionId("laptop", "atuin:s1"),
      await sessionId("server", "atuin:s2"),
    ];
    assert.deepEqual(sessions, [
      { started_at: T + 0.123456, user: "ann", shell: "fish", session_id: laptop, host: "laptop" },
      { started_at: T + 5, user: "bob", session_id: server, host: "server" },
    ]);
    assert.equal(events[0]!.node_id, await importNodeId("laptop"));
    assert.equal(events[1]!.session_id, server);
  });
});

Deno.test("atuin: deleted rows stay out, and a database older than them is read", async () => {
  await withTempDir(async (dir) => {
    const rows = [atuinRow("a", T), atuinRow("b", T + 1, { deleted_at: 5 })];
    const now = makePeer(join(dir, "now.db"), "atuin", { history: rows });
    assert.deepEqual((await readPeer("atuin", now)).events.map(({ cmd }) => cmd), ["a"]);
    const old = makePeer(join(dir, "old.db"), "atuin-old", { history: [atuinRow("a", T)] });
    assert.deepEqual((await readPeer("atuin", old)).events, (await readPeer("atuin", now)).events);
  });
});

Deno.test("atuin: what it read from a shell's file has neither exit code nor directory", async () => {
  await withTempDir(async (dir) => {
    const bare = { exit: -1, duration: -1, cwd: "unknown" };
    const path = makePeer(join(dir, "history.db"), "atuin", {
      history: [
        atuinRow("a", T, { ...bare, session: "x" }),
        atuinRow("b", T + 1, { ...bare, session: "y" }),
      ],
    });
    const { events, sessions } = await readPeer("atuin", path, { now: T });
    assert.deepEqual(
      facts(events),
      expected({ started_at: T, cmd: "a" }, { started_at: T + 1, cmd: "b" }),
    );
    assert.equal(sessions.length, 1);
  });
});

Deno.test("what may still be running waits for a day", async () => {
  await withTempDir(async (dir) => {
    const running = atuinRow("sleep 9", T, { exit: -1, duration: -1 });
    const path = makePeer(join(dir, "history.db"), "atuin", { history: [running] });
    const early = await readPeer("atuin", path, { now: T + 3600 });
    assert.deepEqual([early.events, early.unfinished], [[], 1]);
    const late = await readPeer("atuin", path, { now: T + 25 * 3600 });
    assert.deepEqual(facts(late.events), expected({ started_at: T, cwd: "/work", cmd: "sleep 9" }));
    assert.equal(late.unfinished, 0);
  });
});

Deno.test("hishtory: `~` is the home directory, and its kinds of rows are told apart", async () => {
  await withTempDir(async (dir) => {
    const entry = {
      local_username: "ann",
      hostname: "laptop",
      command: "make",
      current_working_directory: "~/src",
      home_directory: "/home/ann",
      exit_code: 2,
      start_time: "2023-11-14 22:13:20+00:00",
      end_time: "2023-11-14 22:13:21.25+00:00",
      device_id: "d1",
    };
    const path = makePeer(join(dir, ".hishtory.db"), "hishtory", {
      history_entries: [
        { ...entry, entry_id: "1" },
        { ...entry, entry_id: "2", command: "vi", end_time: "1970-01-01 00:00:00+00:00" },
        { ...entry, entry_id: "3", command: "ls", current_working_directory: "Unknown" },
      ],
    });
    const { events, sessions } = await readPeer("hishtory", path);
    assert.deepEqual(
      facts(events),
      expected(
        { started_at: T, duration_ms: 1250, exit_code: 2, cwd: "/home/ann/src", cmd: "make" },
        { started_at: T, cwd: "/home/ann/src", cmd: "vi" },
        { started_at: T, cmd: "ls" },
      ),
    );
    assert.deepEqual(sessions, [{
      started_at: T,
      user: "ann",
      session_id: await sessionId("laptop", "hishtory:d1"),
      host: "laptop",
    }]);
    const { home_directory: _, device_id: __, ...few } = entry;
    const old = makePeer(join(dir, "old.db"), "hishtory-old", { history_entries: [few] });
    assert.equal((await readPeer("hishtory", old)).events[0]!.cwd, "~/src");
  });
});

Deno.test("goTime() reads what Go's drivers for SQLite write", () => {
  for (
    const text of [
      "2023-11-14 22:13:20.5+00:00",
      "2023-11-14T22:13:20.5Z",
      "2023-11-14 23:13:20.500000000 +0100 CET m=+0.1",
      "2023-11-14 22:13:20.5",
    ]
  ) assert.equal(goTime(text), T + 0.5, text);
  assert.equal(goTime(1_700_000_000n), T);
  for (const text of ["", "now", "2023-13-14 22:13:20", "2023-11-14"]) {
    assert.equal(goTime(text), undefined, text);
  }
});

for (const schema of ["histdb", "histdb-old"] as const) {
  Deno.test(`${schema}: places and sessions of hosts are kept`, async () => {
    await withTempDir(async (dir) => {
      const row = { command_id: 1, place_id: 1, exit_status: 1, start_time: T, duration: 3 };
      const path = makePeer(join(dir, "zsh-history.db"), schema, {
        commands: [{ argv: "make" }],
        places: [{ host: "laptop", dir: "/work" }, { host: "server", dir: "/srv" }],
        history: [
          { session: 7, ...row },
          { session: 7, ...row, place_id: 2, exit_status: null, duration: null },
          { session: 7, ...row, command_id: 99 },
        ],
      });
      const { events, sessions, unreadable } = await readPeer("histdb", path);
      assert.deepEqual(
        facts(events),
        expected(
          { started_at: T, duration_ms: 3000, exit_code: 1, cwd: "/work", cmd: "make" },
          { started_at: T, cwd: "/srv", cmd: "make" },
        ),
      );
      assert.deepEqual(sessions.map(({ session_id, host, shell }) => [session_id, host, shell]), [
        [await sessionId("laptop", "histdb:7"), "laptop", "zsh"],
        [await sessionId("server", "histdb:7"), "server", "zsh"],
      ]);
      assert.equal(unreadable, 1);
    });
  });
}

Deno.test("mcfly: its host is the label, and imported lines have no exit code", async () => {
  await withTempDir(async (dir) => {
    const row = { cmd: "make", session_id: "s", when_run: T, exit_code: 2, selected: 0, dir: "/w" };
    const path = makePeer(join(dir, "history.db"), "mcfly", {
      commands: [row, { ...row, session_id: "IMPORTED", exit_code: 0, dir: null }],
    }, false);
    const { events, sessions } = await readPeer("mcfly", path, { label: "laptop" });
    assert.deepEqual(
      facts(events),
      expected(
        { started_at: T, exit_code: 2, cwd: "/w", cmd: "make" },
        { started_at: T, cmd: "make" },
      ),
    );
    assert.equal(sessions[0]!.session_id, await sessionId("laptop", "mcfly:s"));
  });
});

Deno.test("hx-go: all of a session is kept, its pin too, and lines without time their order", async () => {
  await withTempDir(async (dir) => {
    const event = { session_id: "s", exit_code: 1, cwd: "/w", cmd_id: 1 };
    const path = makePeer(join(dir, "hx.db"), "hx-go", {
      sessions: [{
        session_id: "s",
        started_at: T - 9,
        ended_at: T + 9,
        user: "ann",
        host: "laptop",
        tty: "pts/1",
        shell: "zsh",
        initial_cwd: "/home/ann",
        pinned: 1,
      }],
      command_dict: [{ cmd_hash: "h", cmd_text: "make", first_seen_at: 1 }],
      events: [
        { ...event, seq: 1, started_at: T, duration_ms: 12 },
        { ...event, seq: 2, started_at: 0, exit_code: null },
      ],
    });
    const { events, sessions, pinned } = await readPeer("hx-go", path);
    assert.deepEqual(
      facts(events),
      expected(
        { started_at: T, duration_ms: 12, exit_code: 1, cwd: "/w", cmd: "make" },
        { started_at: 0, cwd: "/w", cmd: "make", order: 1 },
      ),
    );
    const session_id = await sessionId("laptop", "hx-go:s");
    assert.deepEqual(sessions, [{
      started_at: T - 9,
      ended_at: T + 9,
      user: "ann",
      shell: "zsh",
      tty: "pts/1",
      initial_cwd: "/home/ann",
      session_id,
      host: "laptop",
    }]);
    assert.deepEqual(pinned, [session_id]);
  });
});

Deno.test("equal commands of a session are counted, whatever else lies between them", async () => {
  await withTempDir(async (dir) => {
    const row = { cmd: "ls", when_run: T, exit_code: 0, selected: 0, session_id: "a" };
    const other = { ...row, session_id: "b" };
    const one = makePeer(join(dir, "1.db"), "mcfly", { commands: [row, row, other] });
    const two = makePeer(join(dir, "2.db"), "mcfly", { commands: [other, row, row] });
    const keys = async (path: string) =>
      (await readPeer("mcfly", path)).events.map(({ session_id, seq }) => `${session_id} ${seq}`);
    assert.equal(new Set(await keys(one)).size, 3);
    assert.deepEqual((await keys(one)).sort(), (await keys(two)).sort());
  });
});

const names = (dir: string) => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();

Deno.test("PeerFile leaves nothing beside a database, whatever lies there", async () => {
  await withTempDir(async (dir) => {
    const scratch = join(dir, "scratch");
    Deno.mkdirSync(scratch);
    const rows = { history: [atuinRow("a", T)] };
    const cmds = async (path: string) =>
      (await readPeer("atuin", path, { scratch })).events.map(({ cmd }) => cmd);
    const closed = makePeer(join(dir, "closed.db"), "atuin", rows);
    const plain = makePeer(join(dir, "plain.db"), "atuin", rows, false);
    const open = peerDatabase(makePeer(join(dir, "open #1?.db"), "atuin", rows), "atuin");
    add(open, "history", atuinRow("b", T + 1));
    // What a backup of a database in use may hold: the log, but not its index.
    for (const end of ["", "-wal"]) {
      Deno.copyFileSync(join(dir, `open #1?.db${end}`), join(dir, `backup.db${end}`));
    }
    const before = names(dir);
    assert.deepEqual(await cmds(closed), ["a"]);
    assert.deepEqual(await cmds(plain), ["a"]);
    assert.deepEqual(await cmds(join(dir, "open #1?.db")), ["a", "b"]);
    assert.deepEqual(await cmds(join(dir, "backup.db")), ["a", "b"]);
    assert.deepEqual(names(dir), before);
    assert.deepEqual(names(scratch), []);
    open.close();
  });
});

Deno.test("PeerFile holds no lock between batches, and sees what a writer adds meanwhile", async () => {
  for (const wal of [true, false]) {
    await withTempDir((dir) => {
      const path = join(dir, "history.db");
      const count = 12_000;
      const writer = peerDatabase(path, "mcfly", wal);
      writer.exec("PRAGMA busy_timeout = 0");
      const row = (n: number) => ({
        cmd: `c${n}`,
        session_id: "s",
        when_run: T,
        exit_code: 0,
        selected: 0,
      });
      writer.exec("BEGIN");
      for (let n = 0; n < count; n++) add(writer, "commands", row(n));
      writer.exec("COMMIT");
      using file = PeerFile.open(PEERS.mcfly, path, dir);
      assert.equal(file.total, count);
      let rows = 0;
      for (const batch of file.rows()) {
        if (rows === 0) add(writer, "commands", row(count));
        rows += batch.length;
      }
      assert.equal(rows, count + 1);
      writer.close();
      return Promise.resolve();
    });
  }
});

/** What opening and reading a database fails with. */
async function problemOf(name: PeerName, path: string): Promise<HxError> {
  try {
    await readPeer(name, path);
  } catch (error) {
    assert.ok(error instanceof HxError, String(error));
    assert.ok(error.hint, error.message);
    assert.ok(error.message.includes(path), error.message);
    return error;
  }
  throw new Error(`${path} was read`);
}

Deno.test("PeerFile.open() says what is wrong with a file, and what to do", async () => {
  await withTempDir(async (dir) => {
    const at = (name: string) => join(dir, name);
    makePeer(at("mcfly.db"), "mcfly", {});
    Deno.writeTextFileSync(at("text"), "ls\n".repeat(1000));
    Deno.writeTextFileSync(at("empty"), "");
    peerDatabase(at("mine.db"), "mcfly").exec("DROP TABLE commands");
    const cases = [
      ["gone", "not-found", /no such file/],
      ["text/x", "not-found", /no such file/],
      [".", "usage", /not a file/],
      ["text", "config", /no SQLite database/],
      ["empty", "config", /no database of atuin/],
      ["mcfly.db", "config", /but of mcfly/],
      ["mine.db", "config", /no database of atuin that this hx knows/],
    ] as const;
    for (const [name, category, message] of cases) {
      const error = await problemOf("atuin", at(name));
      assert.equal(error.category, category, name);
      assert.match(error.message, message);
    }
    assert.match((await problemOf("atuin", at("mcfly.db"))).hint!, /--from mcfly/);
  });
});

Deno.test("a view in the place of a table is not read: it could compute for ever", async () => {
  await withTempDir(async (dir) => {
    const path = join(dir, "history.db");
    const db = peerDatabase(path, "mcfly");
    db.exec(`DROP TABLE commands; CREATE VIEW commands AS
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
      SELECT i AS cmd, 's' AS session_id, i AS when_run, 0 AS exit_code, '/' AS dir FROM n`);
    db.close();
    assert.equal((await problemOf("mcfly", path)).category, "config");
  });
});

Deno.test("a damaged database is named so, and what is whole of it comes in", async () => {
  await withTempDir(async (dir) => {
    const path = join(dir, "history.db");
    const rows = Array.from({ length: 20_000 }, (_, i) => atuinRow(`command number ${i}`, T + i));
    makePeer(path, "atuin", { history: rows });
    const bytes = Deno.readFileSync(path);
    for (let page = 200; page * 4096 < bytes.length; page += 2) {
      bytes.fill(0xaa, page * 4096, (page + 1) * 4096);
    }
    Deno.writeFileSync(path, bytes);
    const error = await problemOf("atuin", path);
    assert.equal(error.category, "corrupt");
    using file = PeerFile.open(PEERS.atuin, path, dir);
    const [first] = file.rows();
    assert.equal(first?.length, 5000);
  });
});

Deno.test("rows that make no sense are counted, and the others come in", async () => {
  await withTempDir(async (dir) => {
    const path = join(dir, "history.db");
    const db = peerDatabase(path, "atuin");
    const blob = new Uint8Array([0x61, 0xff, 0x00]);
    add(
      db,
      "history",
      atuinRow("fine", T),
      atuinRow("", T + 1),
      atuinRow(" \n", T + 2),
      atuinRow("when", T, { timestamp: "yesterday" }),
      atuinRow("far", T, {
        timestamp: 9_223_372_036_854_775_807n,
        exit: 9_223_372_036_854_775_807n,
      }),
      atuinRow("nobody", T, { session: new Uint8Array([1]) }),
      atuinRow("odd", T + 3, {
        cwd: new Uint8Array([0x2f]),
        exit: "x",
        hostname: "",
        duration: "y",
      }),
      atuinRow("long", T + 4, { cwd: "/".repeat(20_000), hostname: `${"h".repeat(20_000)}:u` }),
    );
    add(db, "history", { ...atuinRow("", T + 5), command: blob });
    add(db, "history", atuinRow("x".repeat(2 * 1024 * 1024), T + 6));
    add(db, "history", atuinRow("y".repeat(17 * 1024 * 1024), T + 7));
    db.close();
    const { events, sessions, unreadable } = await readPeer("atuin", path);
    assert.deepEqual(events.map(({ cmd, truncated }) => truncated ? "cut" : cmd), [
      "fine",
      "odd",
      "long",
      "a\ufffd\ufffd",
      "cut",
    ]);
    assert.equal(unreadable, 6);
    assert.equal(events[3]!.cmd_base64, btoa("a\xff\0"));
    assert.equal(events[4]!.cmd.length, 1024 * 1024);
    for (const event of events.slice(1, 3)) assert.equal(event.cwd, undefined);
    assert.equal(events[1]!.exit_code, undefined);
    assert.deepEqual([...new Set(sessions.map(({ host }) => host))].sort(), ["here", "laptop"]);
  });
});

Deno.test("findPeer() looks where each tool keeps its database", async () => {
  await withTempDir((home) => {
    const cases: [PeerName, Record<string, string>, string][] = [
      ["atuin", {}, ".local/share/atuin/history.db"],
      ["atuin", {}, ".atuin/data/history.db"],
      ["atuin", { XDG_DATA_HOME: join(home, "x") }, "x/atuin/history.db"],
      ["atuin", { ATUIN_DB_PATH: join(home, "a.db") }, "a.db"],
      ["hishtory", {}, ".hishtory/.hishtory.db"],
      ["hishtory", { HISHTORY_PATH: ".config/hishtory" }, ".config/hishtory/.hishtory.db"],
      ["histdb", {}, ".histdb/zsh-history.db"],
      ["histdb", { HISTDB_FILE: join(home, "z.db") }, "z.db"],
      ["mcfly", {}, ".local/share/mcfly/history.db"],
      ["mcfly", {}, ".mcfly/history.db"],
      ["mcfly", {}, "Library/Application Support/McFly/history.db"],
      ["hx-go", {}, ".local/share/hx/hx.db"],
    ];
    for (const [name, env, path] of cases) {
      const at = { env: (key: string) => env[key], home };
      assert.throws(() => findPeer(PEERS[name], at), { category: "not-found" });
      const full = join(home, path);
      Deno.mkdirSync(join(full, ".."), { recursive: true });
      Deno.writeTextFileSync(full, "");
      assert.equal(findPeer(PEERS[name], at), full);
      Deno.removeSync(full);
    }
    return Promise.resolve();
  });
});

Deno.test("no tool's database is taken for another's", async () => {
  await withTempDir(async (dir) => {
    for (const made of Object.keys(SCHEMAS) as (keyof typeof SCHEMAS)[]) {
      const path = makePeer(join(dir, made), made, {});
      for (const name of Object.keys(PEERS) as PeerName[]) {
        if (made.replace("-old", "") === name) assert.equal((await readPeer(name, path)).read, 0);
        else assert.equal((await problemOf(name, path)).category, "config");
      }
    }
  });
});
