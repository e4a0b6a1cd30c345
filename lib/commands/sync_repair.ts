/**
 * `hx sync repair`: takes in all that the store has, and puts back what it has lost.
 *
 * @module
 */
import { countEvents } from "../db/mod.ts";
import { type RepairReport, runRepair } from "../sync/mod.ts";
import { counted } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import { type App, EXIT_REJECTED, type StoreOptions } from "./app.ts";
import { readDevice, requireVaultRow } from "./device.ts";
import { withSync } from "./session.ts";
import { objectCounts } from "./summary.ts";
import { inspectionLines } from "./sync_verify.ts";

/** Repairs, and prints what was done and what is left to do. */
export async function runSyncRepair(
  app: App,
  ui: Ui,
  { acceptDeletes, ...options }: StoreOptions & { acceptDeletes?: boolean },
): Promise<number> {
  using device = readDevice(app);
  requireVaultRow(device.db);
  const before = countEvents(device.db);
  const report = await withSync(app, ui, device, options, (context) => {
    const confirmed = { confirmDeletes: () => Promise.resolve(true) };
    return runRepair({ ...context, ...(acceptDeletes && confirmed) }, device.lockPath);
  });
  if (options.json) await ui.json(report);
  else {
    await ui.summary(repairLine(report, countEvents(device.db) - before));
    if (!report.ok) await ui.result(`${inspectionLines(report, ui.style).join("\n")}\n`);
  }
  return report.ok ? 0 : EXIT_REJECTED;
}

/**
 * Sums a repair up in one line.
 *
 * @param gained events that are here now and were not before
 */
export function repairLine(report: RepairReport, gained: number): string {
  const { restored, imported, published, published_again: again } = report;
  const back = [
    ...(restored.manifest > 0 ? ["manifest"] : []),
    ...(objectCounts(restored)?.split(", ") ?? []),
  ].join(", ");
  const taken = objectCounts(imported);
  const sent = objectCounts(published);
  const parts = [
    ...(back ? [`put back ${back}`] : []),
    ...(again > 0 ? [`published ${counted(again, "record")} once more`] : []),
    ...(taken ? [`pulled ${taken} (${counted(gained, "new event")})`] : []),
    ...(sent ? [`pushed ${sent}`] : []),
  ];
  return parts.length > 0 ? parts.join("; ") : "nothing to repair";
}
