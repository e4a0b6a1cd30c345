/** A history imported, pushed, and pulled by a fresh device, through MinIO. */
import { countEvents, type Database, openDatabase } from "../../lib/db/mod.ts";
import { importEvents, parseHistory, sessionOf } from "../../lib/history/mod.ts";
import { createS3Fetch } from "../../lib/s3/mod.ts";
import { importHistory, pull, push, type RunReport } from "../../lib/sync/mod.ts";
import type { VaultKeys } from "../../lib/crypto/mod.ts";
import type { Minio } from "../minio.ts";
import { s3Opener } from "../s3_kit.ts";
import { makeWorld, record, testEvent } from "../world.ts";
import { historyFile } from "./history_file.ts";
import { columns, secondsOf } from "./table.ts";

const SOURCE = { label: "bench", shell: "zsh" } as const;

/** One measured step. */
export interface SyncRow {
  what: string;
  seconds: number;
  /** Times the floor: the same rows inserted and nothing else. */
  ratio: number;
  requests: number | null;
  bytes: number | null;
  /** Resident memory after it, in MiB. */
  rss: number;
}

/** Imports the history file of so many lines. */
export async function importAll(db: Database, keys: VaultKeys, events: number): Promise<void> {
  const parsed = importEvents(parseHistory("zsh", historyFile(events)), SOURCE);
  await importHistory(db, keys, await sessionOf(SOURCE), parsed);
}

/** Runs all steps with databases in `dir`. */
export async function benchSync(minio: Minio, dir: string, events: number): Promise<SyncRow[]> {
  const rows: SyncRow[] = [];
  const measure = async (what: string, work: () => Promise<RunReport | void>) => {
    let report: RunReport | void = undefined;
    const seconds = await secondsOf(async () => report = await work());
    rows.push(rowOf(what, seconds, rows[0]?.seconds ?? seconds, report));
  };
  const fetch = createS3Fetch();
  const open = s3Opener(minio, await minio.newBucket(), "hx", fetch);
  const world = await makeWorld({ store: open(), open, folder: dir });
  try {
    const [a, b] = [world.addDevice("a"), world.addDevice("b")];
    using model = openDatabase(`${dir}/model.db`);
    await importAll(model, world.keys, events);
    using bare = openDatabase(`${dir}/bare.db`);
    await measure("bare inserts", () => Promise.resolve(bareInserts(model, bare)));
    await measure("import", () => importAll(a.db, world.keys, events));
    await measure("import again", () => importAll(a.db, world.keys, events));
    await measure("push", () => push(a.context));
    await measure("fresh pull", () => pull(b.context));
    await measure("pull, nothing new", () => pull(b.context));
    await measure("push, nothing new", () => push(b.context));
    record(b.db, testEvent(1));
    await measure("push of one command", () => push(b.context));
    await measure("pull of one command", () => pull(a.context));
    if (countEvents(b.db) !== events + 1) throw new Error("events are missing");
    return rows;
  } finally {
    world.close();
    fetch.close();
  }
}

/** The rows as lines of text. */
export function syncLines(rows: readonly SyncRow[]): string[] {
  return columns([
    ["", "seconds", "× floor", "requests", "bytes", "MiB rss"],
    ...rows.map(({ what, seconds, ratio, requests, bytes, rss }) => [
      what,
      seconds.toFixed(3),
      ratio.toFixed(2),
      requests ?? "",
      bytes ?? "",
      rss,
    ]),
  ]);
}

function rowOf(what: string, seconds: number, floor: number, report: RunReport | void): SyncRow {
  return {
    what,
    seconds,
    ratio: seconds / floor,
    requests: report ? Object.values(report.requests).reduce((a, b) => a + b) : null,
    bytes: report ? report.bytes_in + report.bytes_out : null,
    rss: Math.round(Deno.memoryUsage().rss / 2 ** 20),
  };
}

type Columns = Record<string, number | string>;

/** The rows of a database put into another one of the same schema, with its indexes and nothing else. */
function bareInserts(from: Database, to: Database): void {
  to.transaction(() => {
    for (const c of from.rows<Columns>("SELECT id, hash, cmd FROM command")) {
      to.run("INSERT INTO command (id, hash, cmd) VALUES (?, ?, ?)", c.id, c.hash, c.cmd);
    }
    for (const e of from.rows<Columns>("SELECT * FROM event")) {
      to.run(
        `INSERT INTO event (id, node, session, seq, started_at, duration_ms, command)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        e.id,
        e.node,
        e.session,
        e.seq,
        e.started_at,
        e.duration_ms,
        e.command,
      );
    }
  });
}
