/**
 * `hx completions`: a script for the shell, made from the definitions of the verbs.
 *
 * @module
 */
import type { Ui } from "../ui/ui.ts";
import type { App } from "./app.ts";
import { bashScript } from "./completions/bash.ts";
import { fishScript } from "./completions/fish.ts";
import { nodesOf } from "./completions/nodes.ts";
import { zshScript } from "./completions/zsh.ts";
import { PROGRAM } from "./program/mod.ts";

/** By shell, what makes its script. */
export const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** Prints the script. */
export async function runCompletions(
  _app: App,
  ui: Ui,
  { shell }: { shell: keyof typeof SCRIPTS },
): Promise<number> {
  await ui.result(SCRIPTS[shell](nodesOf(PROGRAM)));
  return 0;
}
