/**
 * `hx sync move --new-key`: seals everything anew, in a new vault with a new key.
 *
 * @module
 */
import { deriveForgetKey, generateMaster } from "../crypto/mod.ts";
import { readIdentity, type VaultRow } from "../db/mod.ts";
import { uuid4 } from "../format/mod.ts";
import { createVault, type OpenedVault, openVault, pull, push, verify } from "../sync/mod.ts";
import type { Ui } from "../ui/ui.ts";
import { type App, EXIT_REJECTED, type OpenStore, type StoreOptions } from "./app.ts";
import { type Device, requireVaultRow } from "./device.ts";
import { vaultContext } from "./enrol.ts";
import { showWordsOnce } from "./enrolled.ts";
import { goOver } from "./go_over.ts";
import { readNextKey, requireKey, type VaultKey, writeNextKey } from "./key_file.ts";
import { withSync } from "./session.ts";
import { objectCounts, rejectedBy, rejections } from "./summary.ts";
import { inspectionLines } from "./sync_verify.ts";

/** Where the vault goes from, and to. */
export interface Places {
  /** Their URIs. */
  from: string;
  to: string;
  /** They are one place: both vaults will lie there. */
  isSame: boolean;
}

/**
 * Brings this device up to date, makes the new vault, goes over, publishes all that is here, and reads
 * it back. Until it has gone over nothing has changed but that an empty vault may be there; after that
 * every `hx sync` goes on.
 */
export async function moveToNewKey(
  app: App,
  ui: Ui,
  device: Device,
  options: StoreOptions,
  { opened, places }: { opened: OpenStore; places: Places },
): Promise<number> {
  const old = requireVaultRow(device.db);
  const before = await bringUpToDate(app, ui, device, options, old);
  const key = await nextKey(app, ui, before);
  const vault = await createVault(
    vaultContext(app, opened.store),
    {
      vaultId: key.vaultId,
      master: key.master,
      name: old.name,
      nodeId: readIdentity(device.db)!.nodeId,
      movedFrom: [...before.movedFrom, old.vaultId],
      forgetKey: key.forgetKey!,
    },
    { beside: places.isSame },
  );
  await goOver(app, ui, device, { vault, master: key.master }, opened.location());
  ui.note("This device is in the new vault now. If it is stopped from here on, `hx sync` goes on.");
  return await publish(app, ui, device, options, { vault, places, old });
}

/** Fetches what others have published, contents too, and publishes what waits here. */
async function bringUpToDate(
  app: App,
  ui: Ui,
  device: Device,
  options: StoreOptions,
  { vaultId }: VaultRow,
): Promise<OpenedVault & { master: Uint8Array<ArrayBuffer> }> {
  const { master } = await requireKey(app, ui, vaultId);
  return await withSync(app, ui, device, options, async (context) => {
    const pulled = await pull({ ...context, fetchBlobs: Infinity });
    const pushed = await push(context);
    const left = rejections(pulled.rejected);
    if (left) ui.warn(`not taken along: ${left}`, "the old vault keeps it; see `hx sync verify`");
    if (rejectedBy({ push: pushed }) > 0) ui.warn("not all that waits here could be published");
    return { ...await openVault(vaultContext(app, context.store), vaultId, master), master };
  });
}

/** The key of the new vault: that of a run that was stopped, or a new one. */
async function nextKey(
  app: App,
  ui: Ui,
  old: OpenedVault & { master: Uint8Array<ArrayBuffer> },
): Promise<VaultKey> {
  const found = await readNextKey(app, ui);
  if (found?.forgetKey) return found;
  const key = {
    vaultId: uuid4(app.random),
    master: generateMaster(app.random),
    forgetKey: old.forgetKey ?? await deriveForgetKey(old.master, old.vaultId),
  };
  await writeNextKey(app, key);
  return key;
}

async function publish(
  app: App,
  ui: Ui,
  device: Device,
  options: StoreOptions,
  { vault, places, old }: { vault: OpenedVault; places: Places; old: VaultRow },
): Promise<number> {
  const { pushed, seen } = await withSync(app, ui, device, options, async (context) => ({
    pushed: await push(context),
    seen: await verify(context),
  }));
  const isWhole = seen.ok && rejectedBy({ push: pushed }) === 0;
  const { vaultId: id, name } = vault;
  const { from, to } = places;
  if (options.json) {
    await ui.json({ vault: { id, name }, store: to, from, old_vault: old.vaultId, push: pushed });
  } else {
    const what = objectCounts(pushed.imported) ?? "nothing";
    const checked = isWhole ? "read back and whole" : "not all of it";
    await ui.summary(`sealed the vault "${name}" anew at ${to}, ${checked}: ${what}`);
  }
  if (!isWhole) {
    for (const line of inspectionLines(seen, ui.style)) ui.note(line);
    ui.warn("not everything is in the new vault", "run `hx sync`, then `hx sync verify`");
  }
  await showWordsOnce(app, ui, options);
  sayWhatIsLeft(ui, from, old.vaultId);
  return isWhole ? 0 : EXIT_REJECTED;
}

function sayWhatIsLeft(ui: Ui, from: string, oldVault: string): void {
  ui.note(
    "Every other device goes over with a code from here, and brings along what only it has:\n\n" +
      "  hx sync invite     on this device\n" +
      "  hx sync join       on the other one\n\n" +
      "Passphrases were those of the old key: `hx key passphrase add` makes new ones.\n" +
      `The old vault at ${from} was not touched, and whoever has its key can read it. Once all\n` +
      `devices have gone over, remove everything under vaults/${oldVault}/ there, old versions too.`,
  );
}
