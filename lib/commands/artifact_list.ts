/**
 * `hx artifact list`: what is attached.
 *
 * @module
 */
import { listArtifacts, type ListedArtifact } from "../db/mod.ts";
import { table } from "../ui/table.ts";
import { bytes, localTime, printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { blobsOf, SHOWN_HASH } from "./artifact_ref.ts";
import { readDevice } from "./device.ts";

/** A name and a command in a list, in characters. */
const NAME_CHARS = 40;
const CMD_CHARS = 80;

/** Lists all artifacts, the newest last. */
export async function runList(app: App, ui: Ui, options: GlobalOptions): Promise<number> {
  using device = readDevice(app);
  const blobs = blobsOf(app);
  const rows = listArtifacts(device.db).map((row) => ({
    ...row,
    here: blobs.size(row.blob_hash) !== undefined,
  }));
  if (options.json) await ui.json(rows);
  else if (rows.length === 0) ui.note("nothing is attached");
  else {
    const titles = ["hash", "size", "", "type", "attached", "device", "name", "command"];
    const lines = table(
      [titles.map(ui.style.bold), ...rows.map(cells)],
      ["left", "right"],
    );
    await ui.result(`${lines.join("\n")}\n`);
  }
  return 0;
}

function cells(row: ListedArtifact & { here: boolean }): string[] {
  return [
    row.blob_hash.slice(0, SHOWN_HASH),
    bytes(row.byte_len),
    row.here ? "here" : "",
    printable(row.media_type ?? "-", NAME_CHARS),
    localTime(row.created_at * 1000),
    printable(row.device ?? "-", NAME_CHARS),
    printable(row.name, NAME_CHARS),
    row.event === null ? "-" : `${row.event.id ?? "?"} ${printable(row.cmd ?? "", CMD_CHARS)}`,
  ];
}
