/** Whole processes on a large history: start-up, search, stats. */
import { makeWorld } from "../world.ts";
import { importAll } from "./sync.ts";
import { columns, median } from "./table.ts";

const RUNS = 15;

/** One measured process. */
export interface ProcessRow {
  what: string;
  milliseconds: number;
  /** More than bare Deno. */
  more: number;
}

/** Measures hx on a history of so many events, beside a Deno that does nothing. */
export async function benchProcesses(dir: string, events: number): Promise<ProcessRow[]> {
  const data = `${dir}/home`;
  await Deno.mkdir(data);
  const world = await makeWorld({ folder: data });
  await importAll(world.addDevice("hx").db, world.keys, events);
  world.close();
  const empty = `${dir}/empty.ts`;
  await Deno.writeTextFile(empty, "");
  const cli = new URL("../../cli.ts", import.meta.url).pathname;
  const hx = (...args: string[]) =>
    milliseconds(Deno.execPath(), ["run", "--no-check", "-A", cli, ...args], {
      HX_DATA_DIR: data,
    });
  await hx("search", "kubectl"); // the compiled modules are kept from the first run on
  const bare = await milliseconds(Deno.execPath(), ["run", "--no-check", empty]);
  const rows: ProcessRow[] = [{ what: "bare Deno", milliseconds: bare, more: 0 }];
  const cases: [string, string[]][] = [
    ["hx --version", ["--version"]],
    ["hx --help", ["--help"]],
    ["hx last", ["last"]],
    ["hx search, common", ["search", "kubectl"]],
    ["hx search, rare", ["search", "project-777/"]],
    ["hx search, nothing", ["search", "not-in-there"]],
    ["hx search --exit fail", ["search", "--exit", "fail"]],
    ["hx stats", ["stats"]],
  ];
  for (const [what, args] of cases) {
    const time = await hx(...args);
    rows.push({ what, milliseconds: time, more: time - bare });
  }
  return rows;
}

/** How long a process takes from start to end: the median of some runs. */
export async function milliseconds(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    const { success } = await new Deno.Command(command, {
      args,
      env,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    if (!success) throw new Error(`${command} ${args.join(" ")} failed`);
    times.push(performance.now() - start);
  }
  return median(times);
}

/** The rows as lines of text. */
export function processLines(rows: readonly ProcessRow[]): string[] {
  return columns(
    rows.map(({ what, milliseconds, more }) => [
      what,
      `${milliseconds.toFixed(0)} ms`,
      more > 0 ? `+${more.toFixed(0)}` : "",
    ]),
  );
}
