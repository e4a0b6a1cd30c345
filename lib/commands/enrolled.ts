/**
 * What a device is told once it is in a vault.
 *
 * @module
 */
import { wordsFromMaster } from "../crypto/words.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { readKey } from "./key_file.ts";

/** Shows the recovery words of a new vault, on a terminal only: a pipe could be a log. */
export async function showWordsOnce(
  app: App,
  ui: Ui,
  { json }: GlobalOptions,
): Promise<void> {
  if (!app.stdout.isTerminal || json) {
    ui.note(
      "`hx key show` prints the 24 recovery words: without them the vault can't be recovered.",
    );
    return;
  }
  const key = await readKey(app, ui);
  if (!key) return;
  await ui.result(
    `\nThese 24 words are the key of the vault. Write them down: without them nobody can read it\n` +
      `once this device is lost.\n\n  ${ui.style.bold(wordsFromMaster(key.master))}\n\n`,
  );
}
