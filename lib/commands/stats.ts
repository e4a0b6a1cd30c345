/**
 * `hx stats`: what the history adds up to.
 *
 * @module
 */
import { type Counted, historyStats } from "../db/mod.ts";
import { heatMap } from "../ui/heat_map.ts";
import { fit, table, terminalColumns } from "../ui/table.ts";
import { count, localTime, printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { readDevice } from "./device.ts";
import { parseTime } from "./time.ts";

/** What `hx stats` takes. */
export interface StatsOptions extends GlobalOptions {
  since?: string;
  until?: string;
}

/** Prints totals, the most frequent commands, failures, hosts, and the last year day by day. */
export async function runStats(app: App, ui: Ui, options: StatsOptions): Promise<number> {
  const now = app.clock();
  const time = (text?: string) => text === undefined ? undefined : parseTime(text, now);
  const [since, until] = [time(options.since), time(options.until)];
  using device = readDevice(app);
  const stats = historyStats(device.db, since, until);
  if (options.json) {
    await ui.json(stats);
    return 0;
  }
  const columns = app.stdout.isTerminal ? terminalColumns() : 80;
  const { bold, green } = ui.style;
  const span = stats.first === null || stats.last === null
    ? "no times"
    : `${localTime(stats.first * 1000)} to ${localTime(stats.last * 1000)}`;
  const { known, failed } = stats.exits;
  const share = known === 0 ? "not known" : `${count(failed)} of ${count(known)} failed`;
  const days = new Map(stats.days.map(({ name, events }) => [name, events]));
  const today = localTime(until === undefined ? now : until * 1000).slice(0, 10);
  const lines = [
    ...table([
      [bold("events"), `${count(stats.events)}, ${count(stats.commands)} different`],
      [bold("sessions"), count(stats.sessions)],
      [bold("from"), span],
      [bold("exit codes"), share],
    ]),
    ...section(bold("programs"), stats.programs, columns),
    ...section(bold("commands"), stats.lines, columns),
    ...section(bold("failures"), stats.failures, columns),
    ...section(bold("hosts"), stats.hosts, columns),
    "",
    ...heatMap(days, today, columns).map((line, i) => i === 0 ? line : green(line)),
  ];
  await ui.result(`${lines.join("\n")}\n`);
  return 0;
}

function section(title: string, list: readonly Counted[], columns: number): string[] {
  if (list.length === 0) return [];
  const rows = table(
    list.map((
      { name, events },
    ) => [count(events), fit(printable(name), Math.max(10, columns - 14))]),
    ["right"],
  );
  return ["", title, ...rows.map((row) => `  ${row}`)];
}
