/**
 * Asking for the passphrases of a vault: on the terminal, or from the lines of standard input.
 *
 * @module
 */
import { checkPassphrase, madePassphrase } from "../crypto/passphrase.ts";
import { HxError } from "../errors.ts";
import type { Ui } from "../ui/ui.ts";
import type { App } from "./app.ts";
import { inputLines } from "./input_lines.ts";

/** So often another one may be tried on the terminal. */
const MAX_TRIES = 5;

/** Which passphrases a verb needs. */
export interface Wanted {
  /** One that the vault has. */
  old?: boolean;
  /** One that it is to have. */
  fresh?: boolean;
}

/** What was given. */
export interface Passphrases {
  old: string;
  fresh: string;
}

/**
 * Asks for the passphrases that are wanted, the old one first; of the others nothing is said. A new one
 * is asked for twice, and just Enter makes one.
 *
 * @throws {HxError} `usage` where one is missing or too weak; never with a passphrase
 */
export async function askPassphrases(app: App, ui: Ui, wanted: Wanted): Promise<Passphrases> {
  if (!wanted.old && !wanted.fresh) return { old: "", fresh: "" };
  if (app.stdin.isTerminal && app.stderr.isTerminal) return await fromTerminal(app, ui, wanted);
  const what = [
    ...wanted.old ? ["the old passphrase"] : [],
    ...wanted.fresh ? ["the new one"] : [],
  ];
  const lines = await inputLines(app, what);
  const old = wanted.old ? lines.shift()! : "";
  const fresh = wanted.fresh ? lines.shift()! : "";
  if (wanted.fresh) checkPassphrase(fresh);
  return { old, fresh };
}

async function fromTerminal(app: App, ui: Ui, wanted: Wanted): Promise<Passphrases> {
  const { askSecret } = await import("../ui/prompts.ts");
  const old = wanted.old ? await askSecret("The passphrase that the vault has", app.signal) : "";
  return { old, fresh: wanted.fresh ? await askFresh(app, ui) : "" };
}

async function askFresh(app: App, ui: Ui): Promise<string> {
  const { askSecret } = await import("../ui/prompts.ts");
  for (let tries = 1;; tries++) {
    const typed = await askSecret(
      "A new passphrase (just Enter makes one of six words)",
      app.signal,
    );
    try {
      const passphrase = typed === "" ? madePassphrase(app.random) : typed;
      checkPassphrase(passphrase);
      if (typed === "") app.stderr.write(`\n  ${passphrase}\n\n`);
      const again = typed === "" ? "Write it down, then type it" : "The same again";
      if (await askSecret(again, app.signal) === passphrase) return passphrase;
      throw new HxError("usage", "the two are not the same", { hint: "run the command again" });
    } catch (error) {
      if (!(error instanceof HxError) || error.category !== "usage" || tries === MAX_TRIES) {
        throw error;
      }
      ui.warn(error.message);
    }
  }
}
