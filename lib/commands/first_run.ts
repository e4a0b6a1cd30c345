/**
 * `hx sync` on a device without a vault: makes one on this machine, and takes the history in.
 *
 * @module
 */
import { join } from "node:path";
import { HxError } from "../errors.ts";
import { findHistoryFiles } from "../history/mod.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, StoreOptions } from "./app.ts";
import { type Device, deviceLabel } from "./device.ts";
import { makeVault } from "./enrol.ts";
import { showWordsOnce } from "./enrolled.ts";
import { fileLine, importFiles } from "./import_files.ts";
import { readKey } from "./key_file.ts";
import { storeOptions } from "./session.ts";

/** The name of a vault where none was given. */
export const DEFAULT_NAME = "history";

function folderOf(app: App): string {
  return join(app.dataDir, "store");
}

/**
 * Imports the history that is found and makes a vault in the embedded store. The vault comes last: a
 * run that dies before is a first run again.
 */
export async function firstRun(
  app: App,
  ui: Ui,
  device: Device,
  options: StoreOptions,
): Promise<void> {
  await refuseHalfEnrolled(app, ui);
  const path = folderOf(app);
  ui.note(`This device is in no vault yet: making one on this machine, in ${path}`);
  const files = await findHistoryFiles(app.env, app.home);
  const label = deviceLabel(app, device.db);
  const { reports } = await importFiles(app, ui, device, files, label);
  if (files.length === 0) ui.note("no shell history was found");
  for (const report of reports) ui.note(fileLine(report));
  const location = await app.parseStore(`folder:${path}`, {});
  const made = { location, name: DEFAULT_NAME, beside: false };
  await makeVault(app, ui, device, made, storeOptions(ui, options));
}

/** A key without a vault belongs to an enrolment at some other store, which a local vault would hide. */
async function refuseHalfEnrolled(app: App, ui: Ui): Promise<void> {
  if (!await readKey(app, ui) || await isThere(folderOf(app))) return;
  throw new HxError("config", "this device has a key, and a vault that it was not yet taken into", {
    hint: "run the `hx sync init` or `hx sync join` again that did not finish",
  });
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

/** Says how other devices get at the history; only after the first sync went well. */
export async function showNextSteps(app: App, ui: Ui, options: StoreOptions): Promise<void> {
  await showWordsOnce(app, ui, options);
  ui.note(
    `This vault is on this machine only. To share it with other devices, move it into a bucket of\n` +
      `your own, where it stays encrypted, and give each device a code that takes it in:\n\n` +
      `  hx sync move --store s3://BUCKET/hx --region REGION\n` +
      `  hx sync invite\n`,
  );
}
