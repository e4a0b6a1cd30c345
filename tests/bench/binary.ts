/** Start-up of the compiled hx, beside the checkout and beside a Deno that does nothing. */
import { compile } from "../../scripts/compile.ts";
import { makeWorld } from "../world.ts";
import { importAll } from "./sync.ts";
import { columns, median } from "./table.ts";

const RUNS = 25;
const EVENTS = 20_000;

/** One verb, or nothing at all, in milliseconds from start to end. */
export interface BinaryRow {
  what: string;
  /** By `deno run`; for nothing at all, an empty module. */
  checkout: number;
  /** By the compiled program. */
  binary: number;
}

/** What was measured. */
export interface BinaryBench {
  rows: BinaryRow[];
  /** The program's size. */
  bytes: number;
  /** Whose runtime the programs have. */
  runtime: "official" | "borrowed";
}

/** Compiles hx, and starts it and the checkout in turns. */
export async function benchBinary(dir: string): Promise<BinaryBench> {
  const data = `${dir}/home`;
  await Deno.mkdir(data);
  const world = await makeWorld({ folder: data });
  await importAll(world.addDevice("hx").db, world.keys, EVENTS);
  world.close();
  const module = `${dir}/empty.ts`;
  await Deno.writeTextFile(module, "");
  const [hx, empty] = [`${dir}/hx`, `${dir}/empty`];
  const runtime = await compile({ output: hx });
  await compile({ output: empty, entry: module });
  const cli = new URL("../../cli.ts", import.meta.url).pathname;
  const deno = [Deno.execPath(), "run", "--no-check", "-A"];
  const cases = ["--version", "--help", "last", "search kubectl"].map((line) => {
    const args = line.split(" ");
    return { what: `hx ${line}`, checkout: [...deno, cli, ...args], binary: [hx, ...args] };
  });
  const rows = await inTurns(
    [{ what: "nothing", checkout: [...deno, module], binary: [empty] }, ...cases],
    data,
  );
  return { rows, bytes: (await Deno.stat(hx)).size, runtime };
}

/** What to start, on both sides. */
interface Case {
  what: string;
  checkout: string[];
  binary: string[];
}

/** The median times of commands that all take turns; the first turn is not counted. */
async function inTurns(cases: readonly Case[], data: string): Promise<BinaryRow[]> {
  const timed = cases.map((one) => ({ ...one, times: { checkout: [], binary: [] } as Times }));
  for (let turn = 0; turn <= RUNS; turn++) {
    for (const { checkout, binary, times } of timed) {
      const both = { checkout: await run(checkout, data), binary: await run(binary, data) };
      if (turn === 0) continue;
      times.checkout.push(both.checkout);
      times.binary.push(both.binary);
    }
  }
  return timed.map(({ what, times }) => ({
    what,
    checkout: median(times.checkout),
    binary: median(times.binary),
  }));
}

type Times = Record<"checkout" | "binary", number[]>;

async function run([program, ...args]: string[], data: string): Promise<number> {
  const start = performance.now();
  const { success } = await new Deno.Command(program!, {
    args,
    env: { HX_DATA_DIR: data },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed`);
  return performance.now() - start;
}

/** What was measured as lines of text. */
export function binaryLines({ rows, bytes, runtime }: BinaryBench): string[] {
  const bare = rows[0]!.checkout;
  const ms = (time: number) => `${time.toFixed(0)} ms`;
  return [
    ...columns([
      ["", "checkout", "compiled", "to bare Deno"],
      ...rows.map(({ what, checkout, binary }) => [
        what,
        ms(checkout),
        ms(binary),
        (binary / bare).toFixed(2),
      ]),
    ]),
    `size ${(bytes / 2 ** 20).toFixed(1)} MiB; ${runtime} runtime`,
  ];
}
