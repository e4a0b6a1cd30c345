/**
 * `hx key show`: prints the recovery words.
 *
 * @module
 */
import { wordsFromMaster } from "../crypto/words.ts";
import type { Ui } from "../ui/ui.ts";
import type { App } from "./app.ts";
import { requireKey } from "./key_file.ts";
import { mayReveal, type RevealOptions } from "./reveal.ts";

/** Prints the 24 words to standard output, and nothing else there. */
export async function runKeyShow(app: App, ui: Ui, options: RevealOptions): Promise<number> {
  const key = await requireKey(app, ui);
  if (!await mayReveal(app, "the 24 recovery words", options)) {
    ui.note("nothing was shown");
    return 0;
  }
  await ui.result(`${wordsFromMaster(key.master)}\n`);
  if (app.stdout.isTerminal) {
    ui.note("Whoever has these words can read and write the history. Keep them on paper.");
  }
  return 0;
}
