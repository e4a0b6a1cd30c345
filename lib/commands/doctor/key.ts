/**
 * `hx doctor` on the key file: is it there, and is it that of the vault.
 *
 * @module
 */
import type { VaultKeys } from "../../crypto/mod.ts";
import type { VaultRow } from "../../db/mod.ts";
import type { Ui } from "../../ui/ui.ts";
import type { App } from "../app.ts";
import { readKey, requireKeys } from "../key_file.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** What the key file tells. */
export interface KeyReport {
  findings: Finding[];
  /** The vault's keys, where the file holds them. */
  keys?: VaultKeys;
}

/**
 * Looks at the key file; its mode is looked at with that of the other files.
 *
 * @param vault the one that this device is in, if any; `unknown` where the database did not tell
 */
export async function keyReport(
  app: App,
  ui: Ui,
  vault: VaultRow | "unknown" | undefined,
): Promise<KeyReport> {
  try {
    if (typeof vault === "object") {
      const keys = await requireKeys(app, ui, vault.vaultId);
      return { findings: [ok("key", "the key file is that of the vault")], keys };
    }
    const found = await readKey(app, ui);
    if (!found) return { findings: [ok("key", "there is none yet")] };
    if (vault === "unknown") return { findings: [ok("key", "the key file is whole")] };
    return {
      findings: [
        warn(
          "key",
          "there is a key file of a vault that this device is not in",
          "`hx sync join --store URI` goes into it; `hx sync init` goes on with it",
        ),
      ],
    };
  } catch (error) {
    return { findings: [fail("key", error)] };
  }
}
