/**
 * How fast hx is, as ratios within one run: the clock of a machine is noisy, a ratio much less.
 *
 * Usage: deno task bench [--events N] [--json]
 */
import { parseArgs } from "node:util";
import { createS3Fetch } from "../../lib/s3/mod.ts";
import { countEvents, type Database, openDatabase } from "../../lib/db/mod.ts";
import { importEvents, parseHistory, sessionOf } from "../../lib/history/mod.ts";
import { importHistory, pull, push, type RunReport } from "../../lib/sync/mod.ts";
import { startMinio } from "../minio.ts";
import { s3Opener } from "../s3_kit.ts";
import { seeded } from "../seeded.ts";
import { type Device, makeWorld, record, testEvent } from "../world.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { events: { type: "string", default: "200000" }, json: { type: "boolean" } },
});
const EVENTS = Number(values.events);
const SOURCE = { label: "bench", shell: "zsh" } as const;

/** One measured step. */
interface Row {
  what: string;
  seconds: number;
  /** Times the floor: the same rows inserted and nothing else. */
  ratio: number;
  requests: number | null;
  bytes: number | null;
  /** Resident memory after it, in MiB. */
  rss: number;
}

const rows: Row[] = [];
let floor = 0;

async function measure(what: string, work: () => Promise<RunReport | void>): Promise<void> {
  const start = performance.now();
  const report = await work();
  const seconds = (performance.now() - start) / 1000;
  if (floor === 0) floor = seconds;
  const requests = report ? Object.values(report.requests).reduce((a, b) => a + b) : null;
  const bytes = report ? report.bytes_in + report.bytes_out : null;
  const rss = Math.round(Deno.memoryUsage().rss / 2 ** 20);
  rows.push({ what, seconds, ratio: seconds / floor, requests, bytes, rss });
}

/** A zsh history as people have them: some commands often, most of them once or twice. */
async function* historyFile(events: number): AsyncGenerator<Uint8Array> {
  const next = seeded(1);
  const pick = <T>(list: readonly T[]) => list[Math.floor(next() * list.length)]!;
  const verbs = ["git commit -m", "cargo build", "ls -la", "cd", "ssh", "kubectl get", "vim", "rg"];
  const often = ["ls", "git status", "cd ..", "make", "git diff", "git push"];
  const encoder = new TextEncoder();
  for (let i = 0; i < events;) {
    let text = "";
    for (const end = Math.min(events, i + 1000); i < end; i++) {
      const project = Math.floor(next() * events / 4);
      const cmd = next() < 0.4
        ? pick(often)
        : `${pick(verbs)} project-${project}/src/module-${Math.floor(next() * 50)}`;
      text += `: ${1_600_000_000 + i * 7}:${Math.floor(next() * 9)};${cmd}\n`;
    }
    yield encoder.encode(text);
  }
}

const eventsOf = (events: number) => importEvents(parseHistory("zsh", historyFile(events)), SOURCE);

type Columns = Record<string, number | string>;

/** The rows of a database put into another one of the same schema, with its indexes and nothing else. */
function bareInserts(from: Database, to: Database): void {
  to.transaction(() => {
    for (const c of from.rows<Columns>("SELECT id, hash, cmd FROM command")) {
      to.run("INSERT INTO command (id, hash, cmd) VALUES (?, ?, ?)", c.id, c.hash, c.cmd);
    }
    for (const e of from.rows<Columns>("SELECT * FROM event")) {
      to.run(
        `INSERT INTO event (id, node, session, seq, started_at, ended_at, duration_ms, command)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        e.id,
        e.node,
        e.session,
        e.seq,
        e.started_at,
        e.ended_at,
        e.duration_ms,
        e.command,
      );
    }
  });
}

/** How long a process takes from start to end, in milliseconds: the median of some runs. */
async function startUp(args: readonly string[], env: Record<string, string> = {}): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 15; i++) {
    const start = performance.now();
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", ...args],
      env,
      stdout: "null",
      stderr: "null",
    }).output();
    if (!success) throw new Error(`${args.join(" ")} failed`);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[7]!;
}

/** One measured process. */
interface StartRow {
  what: string;
  milliseconds: number;
  /** More than bare Deno. */
  more: number;
}

async function startUps(dir: string, history: Database): Promise<StartRow[]> {
  const empty = `${dir}/empty.ts`;
  await Deno.writeTextFile(empty, "");
  const cli = new URL("../../cli.ts", import.meta.url).pathname;
  const hx = (...args: string[]) => ["-A", cli, ...args];
  const env = { HX_DATA_DIR: `${dir}/home` };
  await Deno.mkdir(env.HX_DATA_DIR);
  history.run("VACUUM INTO ?", `${env.HX_DATA_DIR}/hx.db`);
  await startUp(hx("--help"), env);
  const bare = await startUp([empty]);
  const row = async (what: string, args: string[]) => {
    const milliseconds = await startUp(args, env);
    return { what, milliseconds, more: milliseconds - bare };
  };
  return [
    { what: "bare Deno", milliseconds: bare, more: 0 },
    await row("hx --version", hx("--version")),
    await row("hx --help", hx("--help")),
    await row("hx last", hx("last")),
    await row("hx search, common", hx("search", "kubectl")),
    await row("hx search, rare", hx("search", "project-777/")),
    await row("hx search, nothing", hx("search", "not-in-there")),
  ];
}

const minio = await startMinio();
let starts: StartRow[] = [];
const fetch = createS3Fetch();
const dir = await Deno.makeTempDir({ prefix: "hx-bench-" });
try {
  const bucket = await minio.newBucket();
  const open = s3Opener(minio, bucket, "hx", fetch);
  const world = await makeWorld({ store: open(), open, folder: dir });
  const [a, b]: [Device, Device] = [world.addDevice("a"), world.addDevice("b")];
  const importAll = async (db: Database) => {
    await importHistory(db, world.keys, await sessionOf(SOURCE), eventsOf(EVENTS));
  };
  const model = openDatabase(`${dir}/model.db`);
  await importAll(model);
  const bare = openDatabase(`${dir}/bare.db`);
  await measure("bare inserts", () => Promise.resolve(bareInserts(model, bare)));
  bare.close();
  model.close();
  await measure("import", () => importAll(a.db));
  await measure("import again", () => importAll(a.db));
  await measure("push", () => push(a.context));
  await measure("fresh pull", () => pull(b.context));
  await measure("pull, nothing new", () => pull(b.context));
  await measure("push, nothing new", () => push(b.context));
  record(b.db, testEvent(1));
  await measure("push of one command", () => push(b.context));
  await measure("pull of one command", () => pull(a.context));
  if (countEvents(b.db) !== EVENTS + 1) throw new Error("events are missing");
  starts = await startUps(dir, a.db);
  world.close();
} finally {
  await minio.stop();
  fetch.close();
  await Deno.remove(dir, { recursive: true });
}

const text = values.json ? JSON.stringify({ events: EVENTS, rows, starts }, null, 2) : [
  `${EVENTS} events; the floor is the same rows inserted and nothing else`,
  "",
  "".padEnd(22) + ["seconds", "× floor", "requests", "bytes", "MiB rss"]
    .map((title) => title.padStart(11)).join(""),
  ...rows.map((row) =>
    row.what.padEnd(22) + [
      row.seconds.toFixed(3),
      row.ratio.toFixed(2),
      row.requests ?? "",
      row.bytes ?? "",
      row.rss,
    ].map((cell) => String(cell).padStart(11)).join("")
  ),
  "",
  ...starts.map(({ what, milliseconds, more }) =>
    `${what.padEnd(22)}${milliseconds.toFixed(0).padStart(8)} ms${
      more > 0 ? ` (+${more.toFixed(0)})` : ""
    }`
  ),
].join("\n");
Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
