/**
 * `hx import`: takes the shells' own history files in.
 *
 * @module
 */
import { findHistoryFiles, type Shell } from "../history/mod.ts";
import type { PeerName } from "../history/peers/types.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { deviceLabel, openDevice } from "./device.ts";
import { fileLine, type FileToImport, importFiles } from "./import_files.ts";

/** What `hx import` takes. */
export interface ImportOptions extends GlobalOptions {
  /** The file; without one, the shells' own. */
  file?: string;
  /** Whose format it is; "auto": told by the file. */
  shell: Shell | "auto";
  /** The host that the history is of. */
  host?: string;
  /** The other tool whose history it is. */
  from?: PeerName;
}

/** Imports one file, or those that are found. */
export async function runImport(app: App, ui: Ui, options: ImportOptions): Promise<number> {
  const { from } = options;
  if (from !== undefined) {
    return await (await import("./import_peer.ts")).runImportPeer(app, ui, { ...options, from });
  }
  const files = await filesOf(app, options);
  using device = openDevice(app);
  // The shells' own files are this device's: the first name given for them stays. A file may be anyone's.
  const own = options.file === undefined ? deviceLabel(app, device.db, options.host) : undefined;
  const label = options.host ?? own ?? deviceLabel(app, device.db);
  const { reports, problem } = await importFiles(app, ui, device, files, label);
  if (options.json) await ui.json({ host: label, files: reports });
  else if (files.length === 0) await ui.summary("no shell history was found");
  else for (const report of reports) await ui.summary(fileLine(report));
  if (problem) throw problem;
  return 0;
}

async function filesOf(app: App, { file, shell }: ImportOptions): Promise<FileToImport[]> {
  if (file !== undefined) return [shell === "auto" ? { path: file } : { path: file, shell }];
  const found = await findHistoryFiles(app.env, app.home);
  return found.filter((one) => shell === "auto" || one.shell === shell);
}
