/**
 * `hx sync status`: where this device and its vault stand; asks the database only.
 *
 * @module
 */
import { readVault, type StoreCapabilities } from "../db/mod.ts";
import { type DeviceStatus, readStatus, type RunReport, type SyncStatus } from "../sync/mod.ts";
import { table } from "../ui/table.ts";
import { bytes, count, counted, duration, localTime, printable } from "../ui/text.ts";
import type { Style } from "../ui/style.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { readDevice } from "./device.ts";
import { objectCounts, rejections } from "./summary.ts";

/** Prints the status, as a table or as JSON. */
export async function runStatus(app: App, ui: Ui, options: GlobalOptions): Promise<number> {
  using device = readDevice(app);
  const vault = readVault(device.db);
  const store = vault && await app.formatStore(vault.location);
  const status = await readStatus(device.db, store, app.platform);
  if (options.json) await ui.json(status);
  else {
    const lines = statusLines(status, ui.style, vault?.capabilities);
    await ui.result(`${lines.join("\n")}\n`);
  }
  return 0;
}

/**
 * The status as people read it.
 *
 * @param capabilities what the store was seen to do, where this device is enrolled
 */
export function statusLines(
  status: SyncStatus,
  style: Style,
  capabilities?: StoreCapabilities,
): string[] {
  const { vault, node } = status;
  const head: [string, string][] = vault && node
    ? [
      ["vault", `${printable(vault.name)}  ${style.dim(vault.id)}`],
      ["store", printable(status.store ?? "-")],
      ...conditionRows(capabilities),
      ["device", `${printable(node.label)}  ${style.dim(node.id)}`],
    ]
    : [["vault", "none yet: `hx sync`, `hx sync init` or `hx sync join`"]];
  return [
    ...table([
      ...head,
      ["pending", pendingText(status)],
      ["holes", holesText(status)],
      ["last pull", runText(status.last_pull, "taken in", style)],
      ["last push", runText(status.last_push, "sent", style)],
      ...errorRows(status, style),
    ].map(([name = "", text = ""]) => [style.bold(name), text])),
    ...deviceLines(status, style),
  ];
}

/** Nothing where all is as it should be. */
function conditionRows(capabilities: StoreCapabilities | undefined): [string, string][] {
  const support = capabilities?.conditionalPut ?? "yes";
  if (support === "yes") return [];
  const what = support === "ignored" ? "ignores" : "refuses";
  return [["", `${what} conditional writes: what is written is read before and after`]];
}

function deviceLines({ devices, node }: SyncStatus, style: Style): string[] {
  if (devices.length === 0) return [];
  const rows = devices.map((device) => deviceRow(device, device.node_id === node?.id));
  const titles = ["device", "events", "last publish", "publishes", "platform", "id"];
  return [
    "",
    ...table([titles.map(style.bold), ...rows], ["left", "right", "left", "right"]),
  ];
}

function deviceRow(device: DeviceStatus, isSelf: boolean): string[] {
  return [
    printable(device.label, 40) + (isSelf ? " (this)" : ""),
    count(device.events),
    device.last_publish === null ? "never" : localTime(Date.parse(device.last_publish)),
    count(device.manifest_seq),
    printable(device.platform ?? "-", 40),
    device.node_id,
  ];
}

function pendingText({ pending }: SyncStatus): string {
  const { events, segments, tombstones, blobs } = pending;
  const parts = [
    [events, "event"],
    [segments, "segment"],
    [tombstones, "tombstone"],
    [blobs, "blob"],
  ] as const;
  const waiting = parts.filter(([n]) => n > 0).map(([n, noun]) => counted(n, noun));
  return waiting.length > 0 ? `${waiting.join(", ")} to push` : "nothing";
}

function holesText({ holes, last_pull }: SyncStatus): string {
  // Held deletions are published and not taken in, so the count has them too.
  const held = Math.min(holes, last_pull?.rejected.tombstone?.held ?? 0);
  const parts = [
    ...(holes > held ? [`${counted(holes - held, "object")} announced, not in the store yet`] : []),
    ...(held > 0 ? [`${counted(held, "deletion")} held: \`hx sync pull --accept-deletes\``] : []),
  ];
  return parts.join(", ") || "none";
}

function runText(run: RunReport | null, verb: string, style: Style): string {
  if (!run) return "never";
  const outcome = run.ok ? style.green("ok") : style.red("failed");
  const requests = Object.entries(run.requests).filter(([, n]) => n > 0)
    .map(([operation, n]) => `${n} ${operation}`).join(" ");
  const rejected = rejections(run.rejected);
  return [
    `${localTime(Date.parse(run.at))} ${outcome} in ${duration(run.duration_ms)}`,
    `${verb} ${objectCounts(run.imported) ?? "nothing"}`,
    ...(rejected ? [style.red(`rejected ${rejected}`)] : []),
    requests || "no request",
    `${bytes(run.bytes_in)} in, ${bytes(run.bytes_out)} out`,
    ...(run.retries > 0 ? [counted(run.retries, "retry").replace(/retrys$/, "retries")] : []),
  ].join("; ");
}

function errorRows({ last_error }: SyncStatus, style: Style): [string, string][] {
  if (!last_error) return [];
  const { at, operation, category, message, hint } = last_error;
  const what = `${localTime(Date.parse(at))} ${operation}: ${style.red(category)}: ${
    printable(message)
  }`;
  return [["last error", what], ...(hint ? [["", hint] as [string, string]] : [])];
}
