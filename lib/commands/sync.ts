/**
 * `hx sync`, `hx sync push` and `hx sync pull`.
 *
 * @module
 */
import { countEvents, readVault } from "../db/mod.ts";
import { type Operation, runSync, type SyncContext } from "../sync/mod.ts";
import type { Ui } from "../ui/ui.ts";
import { type App, EXIT_REJECTED, type StoreOptions } from "./app.ts";
import { type Device, openDevice, readDevice, requireVaultRow } from "./device.ts";
import { withSync } from "./session.ts";
import { rejectedBy, rejections, summaryLine } from "./summary.ts";

/** Pulls, then pushes; makes a vault on this machine first where this device is in none. */
export async function runFullSync(app: App, ui: Ui, options: StoreOptions): Promise<number> {
  using device = openDevice(app);
  const isFirst = !readVault(device.db);
  if (!isFirst) return await runOperations(app, ui, device, options, ["pull", "push"]);
  const { firstRun, showNextSteps } = await import("./first_run.ts");
  await firstRun(app, ui, device, options);
  const code = await runOperations(app, ui, device, options, ["pull", "push"]);
  await showNextSteps(app, ui, options);
  return code;
}

/** Publishes what waits. */
export async function runPush(app: App, ui: Ui, options: StoreOptions): Promise<number> {
  using device = readDevice(app);
  requireVaultRow(device.db);
  return await runOperations(app, ui, device, options, ["push"]);
}

/** Takes in what other devices have published. */
export async function runPull(
  app: App,
  ui: Ui,
  { blobs, acceptDeletes, ...options }: StoreOptions & {
    blobs?: true | number;
    acceptDeletes?: boolean;
  },
): Promise<number> {
  using device = readDevice(app);
  requireVaultRow(device.db);
  return await runOperations(app, ui, device, options, ["pull"], {
    ...(blobs !== undefined && { fetchBlobs: blobs === true ? Infinity : blobs }),
    ...(acceptDeletes && { confirmDeletes: () => Promise.resolve(true) }),
  });
}

async function runOperations(
  app: App,
  ui: Ui,
  device: Device,
  options: StoreOptions,
  operations: readonly Operation[],
  more: Partial<SyncContext> = {},
): Promise<number> {
  const before = countEvents(device.db);
  const reports = await withSync(
    app,
    ui,
    device,
    options,
    (context) => runSync({ ...context, ...more }, device.lockPath, operations),
  );
  if (options.json) await ui.json({ pull: reports.pull ?? null, push: reports.push ?? null });
  else await ui.summary(summaryLine(reports, countEvents(device.db) - before));
  if (rejectedBy(reports) === 0) return 0;
  for (const report of Object.values(reports)) {
    const what = rejections(report.rejected);
    if (what) {
      ui.warn(`rejected ${what}`, "`hx sync status` keeps the counts; they are tried again");
    }
  }
  return EXIT_REJECTED;
}
