/**
 * `hx key show`: prints the recovery words.
 *
 * @module
 */
import { wordsFromMaster } from "../crypto/words.ts";
import { HxError } from "../errors.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { readKey } from "./key_file.ts";

/** Prints the 24 words to standard output, and nothing else there. */
export async function runKeyShow(app: App, ui: Ui, _options: GlobalOptions): Promise<number> {
  const key = await readKey(app, ui);
  if (!key) {
    throw new HxError("config", "this device has no key yet", {
      hint: "`hx sync`, `hx sync init` and `hx sync join` make or fetch one",
    });
  }
  await ui.result(`${wordsFromMaster(key.master)}\n`);
  if (app.stdout.isTerminal) {
    ui.note("Whoever has these words can read and write the history. Keep them on paper.");
  }
  return 0;
}
