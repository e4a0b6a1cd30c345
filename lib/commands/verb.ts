/**
 * How verbs are tied to the command line.
 *
 * @module
 */
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";

/** A verb's work; gives the exit code. */
export type Verb<Options> = (app: App, ui: Ui, options: Options) => Promise<number>;

/** Makes a commander action of a verb that is loaded when it runs. */
export type Runner = <Options extends GlobalOptions>(
  load: () => Promise<Verb<Options>>,
  more?: (args: string[]) => Partial<Options>,
) => (...args: unknown[]) => Promise<void>;

/** Examples for the end of a help page. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
