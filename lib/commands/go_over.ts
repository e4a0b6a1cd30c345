/**
 * Going over to a vault that goes on from the one that this device is in.
 *
 * @module
 */
import { changeVault, readIdentity } from "../db/mod.ts";
import { uuid4 } from "../format/mod.ts";
import type { Unlocked } from "../sync/mod.ts";
import type { Ui } from "../ui/ui.ts";
import type { App } from "./app.ts";
import { type Device, deviceLabel } from "./device.ts";
import { takeNextKey, type VaultKey, writeNextKey } from "./key_file.ts";

/** The key file's content for a vault that was opened. */
export function keyOf({ vault, master }: Unlocked): VaultKey {
  const { vaultId, forgetKey } = vault;
  return { vaultId, master, ...(forgetKey && { forgetKey }) };
}

/**
 * Takes this device over. The new key lies beside the old one first, and takes its place last: whenever
 * this is stopped, the database and a key file go together.
 */
export async function goOver(
  app: App,
  ui: Ui,
  { db }: Device,
  unlocked: Unlocked,
  location: unknown,
): Promise<void> {
  const key = keyOf(unlocked);
  await writeNextKey(app, key);
  const { vaultId, name, capabilities } = unlocked.vault;
  const label = readIdentity(db)?.label ?? deviceLabel(app, db);
  changeVault(db, { vaultId, name, location, capabilities }, uuid4(app.random), label);
  await takeNextKey(app, ui, key);
}
