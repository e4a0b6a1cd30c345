/**
 * `hx sync init`: makes a vault at a store.
 *
 * @module
 */
import type { Ui } from "../ui/ui.ts";
import type { App, StoreChoice, StoreOptions } from "./app.ts";
import { askPassphrases } from "./ask_passphrase.ts";
import { openDevice } from "./device.ts";
import { makeVault, requireNotEnrolled } from "./enrol.ts";
import { showWordsOnce } from "./enrolled.ts";
import { requireKey } from "./key_file.ts";
import { addPassphrase } from "./key_passphrase.ts";
import { storeOptions, withSync } from "./session.ts";

/** What `hx sync init` takes. */
export interface InitOptions extends StoreOptions, StoreChoice {
  /** The store's URI. */
  store: string;
  /** The vault's name. */
  name: string;
  /** Make it even where the store holds another one. */
  newVault?: boolean;
  /** Give it a passphrase. */
  passphrase?: boolean;
}

/** Makes the vault and enrols this device. */
export async function runInit(app: App, ui: Ui, options: InitOptions): Promise<number> {
  const location = await app.parseStore(options.store, options);
  using device = openDevice(app);
  requireNotEnrolled(app, device);
  // Asked for first: a passphrase that is refused leaves no vault behind.
  const { fresh } = await askPassphrases(app, ui, { fresh: options.passphrase ?? false });
  const { vaultId, name } = await makeVault(app, ui, device, {
    location,
    name: options.name,
    beside: options.newVault ?? false,
  }, storeOptions(ui, options));
  if (options.passphrase) {
    const { master } = await requireKey(app, ui, vaultId);
    await withSync(
      app,
      ui,
      device,
      options,
      (context) => addPassphrase(app, context, master, fresh),
    );
  }
  const store = await app.formatStore(location);
  if (options.json) await ui.json({ vault: { id: vaultId, name }, store });
  else await ui.summary(`made the vault "${name}" at ${store}`);
  await showWordsOnce(app, ui, options);
  ui.note("`hx import` takes the shells' history in, `hx sync` publishes it.");
  return 0;
}
