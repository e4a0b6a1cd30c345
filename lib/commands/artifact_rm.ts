/**
 * `hx artifact rm`: drops an artifact from this device.
 *
 * @module
 */
import { blobUse } from "../db/mod.ts";
import { HxError } from "../errors.ts";
import { dropArtifact } from "../sync/mod.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { blobsOf, resolveBlob, SHOWN_HASH } from "./artifact_ref.ts";
import { openDevice } from "./device.ts";

/** Drops the copy here, and the records that were not yet published, after asking. */
export async function runRm(
  app: App,
  ui: Ui,
  options: GlobalOptions & { hash: string; yes?: boolean },
): Promise<number> {
  using device = openDevice(app);
  const { db } = device;
  const { hash } = resolveBlob(db, options.hash);
  if (!options.yes && !await agrees(app, hash)) {
    ui.note("nothing was removed");
    return 0;
  }
  const blobs = blobsOf(app);
  const isHere = blobs.size(hash) !== undefined;
  const records = dropArtifact(db, blobs, hash);
  const left = blobUse(db, hash) === "published";
  if (options.json) await ui.json({ blob_hash: hash, dropped: records, published: left });
  else {
    await ui.summary(
      !left
        ? `removed ${hash}, which was not published`
        : isHere
        ? `removed this device's copy of ${hash}`
        : `this device has no copy of ${hash}`,
    );
  }
  if (left) {
    ui.note("It stays in the vault: `hx forget --id ID` forgets its command, and it with that.");
  }
  return 0;
}

async function agrees(app: App, hash: string): Promise<boolean> {
  if (!app.stdin.isTerminal || !app.stderr.isTerminal) {
    throw new HxError("usage", "removing asks first, and there is no terminal to ask on", {
      hint: "--yes answers",
    });
  }
  const { confirm } = await import("../ui/prompts.ts");
  return await confirm(`Remove ${hash.slice(0, SHOWN_HASH)} from this device?`, app.signal);
}
