/**
 * `hx artifact gc`: frees what the store has, too.
 *
 * @module
 */
import { readVault } from "../db/mod.ts";
import { freeBlobs, type FreedBlobs, sweepBlobs } from "../sync/mod.ts";
import { bytes, counted } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, StoreOptions } from "./app.ts";
import { blobsOf } from "./artifact_ref.ts";
import { openDevice } from "./device.ts";
import { withSync } from "./session.ts";

const NOTHING: FreedBlobs = { copies: 0, bytes: 0, kept: 0 };

/** Frees copies, and what runs that died have left. */
export async function runGc(
  app: App,
  ui: Ui,
  options: StoreOptions & { dryRun?: boolean },
): Promise<number> {
  const { dryRun = false } = options;
  using device = openDevice(app);
  const blobs = blobsOf(app);
  if (!dryRun) {
    sweepBlobs(device.db, blobs);
    await blobs.removeAbandoned(app.clock());
  }
  const freed = readVault(device.db)
    ? await withSync(app, ui, device, options, (context) => freeBlobs(context, blobs, dryRun))
    : NOTHING;
  if (options.json) await ui.json(freed);
  else {
    const verb = dryRun ? "would free" : "freed";
    await ui.summary(`${verb} ${bytes(freed.bytes)} (${counted(freed.copies, "artifact")})`);
  }
  if (freed.kept > 0) {
    ui.warn(
      `the store was not seen to hold ${counted(freed.kept, "published artifact")} whole`,
      "the copies on this device stay",
    );
  }
  return 0;
}
