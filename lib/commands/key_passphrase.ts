/**
 * `hx key passphrase`: passphrases that open the vault as the recovery words do.
 *
 * @module
 */
import { makeSlot, measureIterations } from "../crypto/mod.ts";
import { HxError } from "../errors.ts";
import type { KeySlot } from "../format/mod.ts";
import { changeSlots, type SlotContext, slotsOpenedBy } from "../sync/mod.ts";
import { counted } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, StoreOptions } from "./app.ts";
import { askPassphrases } from "./ask_passphrase.ts";
import { openDevice, requireVaultRow } from "./device.ts";
import { requireKey } from "./key_file.ts";
import { withSync } from "./session.ts";

/** What `hx key passphrase remove` takes. */
export interface RemoveOptions extends StoreOptions {
  /** Every one that the vault has; none is asked for. */
  all?: boolean;
}

/** Gives the vault one more passphrase. */
export async function runPassphraseAdd(app: App, ui: Ui, options: StoreOptions): Promise<number> {
  const { fresh } = await askPassphrases(app, ui, { fresh: true });
  return await change(app, ui, options, async (context, master) => {
    const { length } = await addPassphrase(app, context, master, fresh);
    return { said: `added; the vault has ${counted(length, "passphrase")}`, passphrases: length };
  });
}

/** Puts a new passphrase in the place of one that the vault has. */
export async function runPassphraseChange(
  app: App,
  ui: Ui,
  options: StoreOptions,
): Promise<number> {
  const { old, fresh } = await askPassphrases(app, ui, { old: true, fresh: true });
  return await change(app, ui, options, async (context, master) => {
    const slot = await newSlot(app, master, fresh);
    const { length } = await changeSlots(
      context,
      async (slots) => [...await without(slots, old), slot],
    );
    sayOldCopies(ui);
    return { said: "the passphrase was changed", passphrases: length };
  });
}

/** Takes a passphrase away. */
export async function runPassphraseRemove(
  app: App,
  ui: Ui,
  options: RemoveOptions,
): Promise<number> {
  const { old } = options.all ? { old: "" } : await askPassphrases(app, ui, { old: true });
  return await change(app, ui, options, async (context) => {
    const { length } = await changeSlots(
      context,
      async (slots) => options.all ? slots.length > 0 ? [] : slots : await without(slots, old),
    );
    sayOldCopies(ui);
    const left = length > 0 ? `${counted(length, "passphrase")} left` : "none any more";
    return { said: `removed; the vault has ${left}`, passphrases: length };
  });
}

/** Gives a vault a passphrase. */
export async function addPassphrase(
  app: App,
  context: SlotContext,
  master: Uint8Array<ArrayBuffer>,
  passphrase: string,
): Promise<readonly KeySlot[]> {
  const slot = await newSlot(app, master, passphrase);
  return await changeSlots(context, (slots) => Promise.resolve([...slots, slot]));
}

async function newSlot(
  app: App,
  master: Uint8Array<ArrayBuffer>,
  passphrase: string,
): Promise<KeySlot> {
  return await makeSlot(master, passphrase, await measureIterations(app.clock), app.random);
}

/** @throws {HxError} `auth` where none of the slots is that of the passphrase */
async function without(slots: readonly KeySlot[], passphrase: string): Promise<KeySlot[]> {
  const opened = await slotsOpenedBy(slots, passphrase);
  if (opened.size > 0) return slots.filter((slot) => !opened.has(slot));
  throw new HxError("auth", "this is no passphrase of the vault", {
    hint: "nothing was changed; `hx key passphrase remove --all` needs none",
  });
}

function sayOldCopies(ui: Ui): void {
  ui.note(
    "An old copy of the vault's file (a version that the bucket keeps, a backup) still opens with the\n" +
      "old passphrase. If it leaked, only a new vault with a new key keeps others out.",
  );
}

/** What is told at the end. */
interface Done {
  said: string;
  /** How many the vault has now. */
  passphrases: number;
}

async function change(
  app: App,
  ui: Ui,
  options: StoreOptions,
  work: (context: SlotContext, master: Uint8Array<ArrayBuffer>) => Promise<Done>,
): Promise<number> {
  using device = openDevice(app);
  const { vaultId } = requireVaultRow(device.db);
  const { master } = await requireKey(app, ui, vaultId);
  const { said, passphrases } = await withSync(
    app,
    ui,
    device,
    options,
    (context) => work(context, master),
  );
  if (options.json) await ui.json({ passphrases });
  else await ui.summary(said);
  return 0;
}
