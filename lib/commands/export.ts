/**
 * `hx export`: the history in time order, as a stream.
 *
 * @module
 */
import { exportEvents } from "../db/mod.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { readDevice } from "./device.ts";
import { EXPORT_FORMATS, type ExportFormatName } from "./export_formats.ts";

/** What `hx export` takes. */
export interface ExportOptions extends GlobalOptions {
  /** How to write an event. */
  format: ExportFormatName;
}

/** Written at once: UTF-16 units. */
const PIECE = 64 * 1024;

/** Writes all events; memory does not grow with the history. */
export async function runExport(app: App, ui: Ui, { format }: ExportOptions): Promise<number> {
  using device = readDevice(app);
  const { head, line } = EXPORT_FORMATS[format];
  let piece = head;
  for (const row of exportEvents(device.db)) {
    piece += line(row);
    if (piece.length < PIECE) continue;
    app.signal.throwIfAborted();
    await ui.result(piece);
    piece = "";
  }
  await ui.result(piece);
  return 0;
}
