/**
 * Asking before a pull removes much of the history.
 *
 * @module
 */
import { type DeleteQuestion, deletionText } from "../sync/mod.ts";
import type { Ui } from "../ui/ui.ts";
import type { App } from "./app.ts";

/** Asks on the terminal; without one the answer is no, and the warning that follows says how to agree. */
export async function confirmDeletes(
  app: App,
  ui: Ui,
  question: DeleteQuestion,
): Promise<boolean> {
  if (!app.stdin.isTerminal || !app.stderr.isTerminal) return false;
  ui.done();
  const { printable } = await import("../ui/text.ts");
  const { confirm } = await import("../ui/prompts.ts");
  const text = printable(deletionText(question));
  return await confirm(`${text.charAt(0).toUpperCase()}${text.slice(1)}. Remove them?`, app.signal);
}
