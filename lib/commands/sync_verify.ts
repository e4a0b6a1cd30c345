/**
 * `hx sync verify`: is everything in the store, and whole?
 *
 * @module
 */
import { type Inspection, type Problem, type Tally, verify } from "../sync/mod.ts";
import type { Style } from "../ui/style.ts";
import { table } from "../ui/table.ts";
import { count, counted, printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import { type App, EXIT_REJECTED, type StoreOptions } from "./app.ts";
import { readDevice, requireVaultRow } from "./device.ts";
import { withSync } from "./session.ts";

/** Reads every object, and prints how they are. */
export async function runVerify(app: App, ui: Ui, options: StoreOptions): Promise<number> {
  using device = readDevice(app);
  requireVaultRow(device.db);
  const report = await withSync(app, ui, device, options, verify);
  if (options.json) await ui.json(report);
  else await ui.result(`${inspectionLines(report, ui.style).join("\n")}\n`);
  return report.ok ? 0 : EXIT_REJECTED;
}

/** How a vault is, as people read it. */
export function inspectionLines(report: Inspection, style: Style): string[] {
  const { objects, unknown, unknown_keys, problems } = report;
  const rows = Object.entries(objects).map(([kind, tally]) => row(kind, tally, style));
  const titles = ["", "ok", "not named", "missing", "rejected"].map(style.bold);
  const total = problems.reduce((sum, problem) => sum + problem.count, 0);
  const verdict = report.ok
    ? style.green("everything is there and whole")
    : style.red(`${counted(total, "object")} missing or not as it should be:`);
  return [
    ...table([titles, ...rows], ["left", "right", "right", "right"]),
    ...(unknown > 0 ? ["", `${counted(unknown, "key")} of no object, ignored:`] : []),
    ...unknown_keys.map((key) => `  ${printable(key)}`),
    "",
    verdict,
    ...problems.flatMap((problem) => problemLines(problem, style)),
  ];
}

function row(kind: string, { ok, unnamed, missing, rejected }: Tally, style: Style): string[] {
  const reasons = Object.entries(rejected).map(([why, n]) => `${count(n)} ${why}`).join(", ");
  const bad = (text: string) => text === "0" || text === "" ? text : style.red(text);
  return [kind, count(ok), count(unnamed), bad(count(missing)), bad(reasons)];
}

function problemLines(found: Problem, style: Style): string[] {
  const { kind, key, problem, device, hint } = found;
  const more = found.count > 1 ? ` and ${count(found.count - 1)} more` : "";
  const whose = device === null ? "" : ` of ${printable(device, 40)}`;
  return [
    `  ${kind}${whose} ${style.red(problem)}: ${key}${more}`,
    style.dim(`    ${printable(hint)}`),
  ];
}
