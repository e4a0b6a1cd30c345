/**
 * Asking for the recovery words: on the terminal, or from standard input. Never from the arguments,
 * which every process of the machine can see.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import type { Ui } from "../ui/ui.ts";
import type { App } from "./app.ts";

const WORDS = 24;

/** More input than this is no recovery phrase, in characters. */
const MAX_INPUT = 64 * 1024;

/** The words as they were given; whether they are right is not looked at. */
export async function askWords(app: App, ui: Ui): Promise<string> {
  if (app.stdin.isTerminal) return await fromTerminal(app.signal);
  ui.detail("reading the recovery words from standard input");
  return await fromInput(app);
}

/** Asks until there are enough: pasted words may come in several lines. */
async function fromTerminal(signal: AbortSignal): Promise<string> {
  const { askSecret } = await import("../ui/prompts.ts");
  let text = await askSecret("The 24 recovery words (`hx key show` prints them)", signal);
  while (count(text) > 0 && count(text) < WORDS) {
    text += ` ${await askSecret(`The other ${WORDS - count(text)} words`, signal)}`;
  }
  return text;
}

/** Reads lines until there are enough words, or to the end. */
async function fromInput(app: App): Promise<string> {
  let text = "";
  for await (const chunk of app.stdin.chunks()) {
    text += chunk;
    if (text.length > MAX_INPUT) break;
    if (count(text.slice(0, text.lastIndexOf("\n") + 1)) >= WORDS) break;
  }
  if (count(text) > 0) return text;
  throw new HxError("usage", "the recovery words were expected on standard input", {
    hint: "run the command on a terminal to be asked, or give the words in a line of input",
  });
}

function count(text: string): number {
  return text.match(/\p{L}+/gu)?.length ?? 0;
}
