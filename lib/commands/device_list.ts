/**
 * `hx device list | rename | retire`: the devices of the vault.
 *
 * @module
 */
import { readIdentity, renameDevice, retireNode, seenManifests } from "../db/mod.ts";
import { HxError } from "../errors.ts";
import { type DeviceStatus, readStatus } from "../sync/mod.ts";
import { table } from "../ui/table.ts";
import { count, localTime, printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { type Device, openDevice, readDevice, requireVaultRow } from "./device.ts";

/** Longest label, in UTF-16 units: it stands in every manifest. */
const MAX_LABEL = 200;

/** Lists the devices, this one first. */
export async function runDeviceList(app: App, ui: Ui, options: GlobalOptions): Promise<number> {
  using device = readDevice(app);
  requireVaultRow(device.db);
  const { devices } = await readStatus(device.db, undefined, app.platform);
  const retired = retiredNodes(device);
  const self = readIdentity(device.db)!.nodeId;
  if (options.json) {
    await ui.json(devices.map((d) => ({ ...d, retired: retired.has(d.node_id) })));
    return 0;
  }
  const note = (d: DeviceStatus) =>
    d.node_id === self ? " (this)" : retired.has(d.node_id) ? " (retired)" : "";
  const rows = devices.map((d) => [
    printable(d.label, 40) + note(d),
    count(d.events),
    d.last_publish === null ? "never" : localTime(Date.parse(d.last_publish)),
    printable(d.platform ?? "-", 40),
    d.node_id,
  ]);
  const titles = ["device", "events", "last publish", "platform", "id"].map(ui.style.bold);
  await ui.result(`${table([titles, ...rows], ["left", "right"]).join("\n")}\n`);
  return 0;
}

/** Gives this device another label. */
export async function runDeviceRename(
  app: App,
  ui: Ui,
  { name }: GlobalOptions & { name: string },
): Promise<number> {
  const label = name.trim();
  if (label === "" || label.length > MAX_LABEL || /\p{C}/u.test(label)) {
    throw new HxError("usage", "a device's name is 1 to 200 visible characters", {
      hint: "hx device rename work-laptop",
    });
  }
  using device = openDevice(app);
  requireVaultRow(device.db);
  renameDevice(device.db, label);
  await ui.summary(`this device is now "${label}"`);
  ui.note("The next `hx sync` tells the other devices.");
  return 0;
}

/** Says that a device is not expected back. */
export async function runDeviceRetire(
  app: App,
  ui: Ui,
  { id }: GlobalOptions & { id: string },
): Promise<number> {
  using device = openDevice(app);
  requireVaultRow(device.db);
  const { nodeId, label } = findDevice(device, id);
  retireNode(device.db, nodeId);
  await ui.summary(`"${printable(label)}" is retired: it is no longer missed, its history stays`);
  return 0;
}

function retiredNodes(device: Device): Set<string> {
  const seen = [...seenManifests(device.db).values()];
  return new Set(seen.filter(({ retired }) => retired).map(({ nodeId }) => nodeId));
}

/** The other device that an id, the beginning of one, or a label names. */
function findDevice(device: Device, id: string): { nodeId: string; label: string } {
  const self = readIdentity(device.db)!.nodeId;
  const found = [...seenManifests(device.db).values()]
    .filter(({ nodeId, label }) => nodeId.startsWith(id) || label === id);
  const others = found.filter(({ nodeId }) => nodeId !== self);
  if (others.length === 1) return others[0]!;
  if (others.length > 1) {
    throw new HxError("usage", `${others.length} devices are named so`, {
      hint: "take more of the id that `hx device list` shows",
    });
  }
  if (self.startsWith(id)) {
    throw new HxError("usage", "this device can't retire itself", {
      hint: "run it on another device, once this one is out of use",
    });
  }
  throw new HxError("not-found", "there is no such device in this vault", {
    hint: "`hx device list` shows them",
  });
}
