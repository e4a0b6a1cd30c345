/**
 * `hx search`: finds commands, the newest last.
 *
 * @module
 */
import { searchEvents, type SearchQuery, type SearchRow } from "../db/mod.ts";
import { HxError } from "../errors.ts";
import { fit, table, terminalColumns } from "../ui/table.ts";
import { printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { readDevice } from "./device.ts";
import { agoOf, durationOf, formatter, timeOf } from "./event_view.ts";
import { parseTime } from "./time.ts";

/** What `hx search` takes. */
export interface SearchOptions extends GlobalOptions {
  /** The words; each argument may hold several. */
  query: string[];
  /** A directory, or `.`. */
  cwd?: string;
  host?: string;
  /** A number, or `fail`. */
  exit?: string;
  since?: string;
  until?: string;
  limit: number;
  format?: string;
}

/** Prints what is found. Nothing found is no error. */
export async function runSearch(app: App, ui: Ui, options: SearchOptions): Promise<number> {
  const format = options.format === undefined ? undefined : formatter(options.format);
  const query = queryOf(app, options);
  using device = readDevice(app);
  const rows = searchEvents(device.db, query).reverse();
  const now = app.clock();
  const lines = options.json
    ? rows.map((row) => JSON.stringify(row))
    : format
    ? rows.map((row) => format(row, now))
    : app.stdout.isTerminal
    ? screen(rows, ui, now)
    : rows.map((row) => [row.id, timeOf(row), row.exit_code ?? "", printable(row.cmd)].join("\t"));
  await ui.result(lines.map((line) => `${line}\n`).join(""));
  return 0;
}

function queryOf(app: App, options: SearchOptions): SearchQuery {
  const now = app.clock();
  const { cwd, host, exit, since, until, limit } = options;
  return {
    words: options.query.flatMap((text) => text.split(/\s+/)).filter((word) => word !== ""),
    limit,
    ...(cwd !== undefined && { cwd: cwd === "." ? Deno.cwd() : cwd }),
    ...(host !== undefined && { host }),
    ...(exit !== undefined && { exit: exitOf(exit) }),
    ...(since !== undefined && { since: parseTime(since, now) }),
    ...(until !== undefined && { until: parseTime(until, now) }),
  };
}

function exitOf(text: string): number | "fail" {
  if (text === "fail") return "fail";
  if (/^-?\d{1,10}$/.test(text)) return Number(text);
  throw new HxError("usage", "--exit takes a number, or `fail` for all but 0");
}

/** A line each for a terminal, no wider than it is. */
function screen(rows: readonly SearchRow[], ui: Ui, now: number): string[] {
  const { dim, red } = ui.style;
  const columns = terminalColumns();
  // A narrow terminal shows the command and how it is called, and no more.
  const isWide = columns >= 60;
  const heads = table(
    rows.map((row) => [
      String(row.id),
      agoOf(row, now),
      ...(isWide ? [durationOf(row), String(row.exit_code ?? "")] : []),
    ]),
    ["right", "right", "right", "right"],
  );
  const widest = Math.max(0, ...heads.map((head) => head.length));
  return rows.map((row, i) => {
    const head = heads[i]!.padEnd(widest);
    const failed = row.exit_code !== null && row.exit_code !== 0;
    const room = Math.max(10, columns - widest - 3);
    return `${failed ? red(head) : dim(head)}  ${fit(printable(row.cmd), room)}`;
  });
}
