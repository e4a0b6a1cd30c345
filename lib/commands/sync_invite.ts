/**
 * `hx sync invite`: all that another device needs to join, in one code.
 *
 * @module
 */
import { encodeInvite } from "../crypto/invite.ts";
import { wantsColour } from "../ui/style.ts";
import type { Ui } from "../ui/ui.ts";
import type { App } from "./app.ts";
import { readDevice, requireVaultRow } from "./device.ts";
import { requireKey } from "./key_file.ts";
import { mayReveal, type RevealOptions } from "./reveal.ts";

/** Prints the code to standard output; on a terminal also as a QR code. */
export async function runInvite(app: App, ui: Ui, options: RevealOptions): Promise<number> {
  using device = readDevice(app);
  const vault = requireVaultRow(device.db);
  const { master } = await requireKey(app, ui, vault.vaultId);
  const store = await app.describeStore(vault.location);
  if (store.uri.startsWith("folder:")) {
    ui.warn(
      `the vault lies in a folder: ${store.uri}`,
      "a device that has it elsewhere adds --store folder:/PATH to its join; " +
        "`hx sync move --store URI` takes it to a bucket",
    );
  }
  if (!await mayReveal(app, "the invite code, which holds the key", options)) {
    ui.note("nothing was shown");
    return 0;
  }
  const code = await encodeInvite({ vaultId: vault.vaultId, master, store });
  if (options.json) await ui.json({ invite: code });
  else await ui.result(`${code}\n`);
  if (!app.stdout.isTerminal || options.json) return 0;
  const { qrCode } = await import("./qr.ts");
  // In capitals it takes the smaller of the codes that QR has.
  await ui.result(`\n${qrCode(code.toUpperCase(), wantsColour(true, app.env))}\n`);
  ui.note(
    "On the other device run `hx sync join` and paste the code. It holds the key, and no credentials\n" +
      "of the storage: that device needs its own.",
  );
  return 0;
}
