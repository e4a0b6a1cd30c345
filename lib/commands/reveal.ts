/**
 * Showing what opens the vault.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import type { App, GlobalOptions } from "./app.ts";

/** What a verb that shows such a thing takes. */
export interface RevealOptions extends GlobalOptions {
  /** Don't ask. */
  yes?: boolean;
}

/**
 * Asks before something is shown on a screen, which others may look at; a pipe has nobody at it.
 *
 * @throws {HxError} `usage` where there is a screen, and no keyboard to ask on
 */
export async function mayReveal(app: App, what: string, { yes }: RevealOptions): Promise<boolean> {
  if (yes || !app.stdout.isTerminal) return true;
  if (!app.stdin.isTerminal || !app.stderr.isTerminal) {
    throw new HxError("usage", `showing ${what} asks first, and there is no terminal to ask on`, {
      hint: "--yes answers",
    });
  }
  const { confirm } = await import("../ui/prompts.ts");
  return await confirm(`Show ${what}? Anyone who sees it can read your history`, app.signal);
}
