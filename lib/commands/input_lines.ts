/**
 * Lines of standard input, where secrets are read that nobody is asked for.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import type { App } from "./app.ts";

/** More input than this is no secret, in characters. */
const MAX_INPUT = 64 * 1024;

/** Reads whole lines until `isEnough` says so, or to the end. */
export async function readInput(app: App, isEnough: (lines: string) => boolean): Promise<string> {
  let text = "";
  for await (const chunk of app.stdin.chunks()) {
    text += chunk;
    if (text.length > MAX_INPUT) break;
    if (isEnough(text.slice(0, text.lastIndexOf("\n") + 1))) break;
  }
  return text;
}

/**
 * Reads so many lines of standard input, without their ends.
 *
 * @param what they are, one by one, for the error
 * @throws {HxError} `usage` where there are fewer
 */
export async function inputLines(app: App, what: readonly string[]): Promise<string[]> {
  const text = await readInput(app, (lines) => lines.split("\n").length > what.length);
  const lines = text.split(/\r?\n/).slice(0, what.length);
  if (lines.length === what.length && lines.every((line) => line !== "")) return lines;
  throw new HxError("usage", `standard input has to bring, in lines: ${what.join(", ")}`, {
    hint: "run the command on a terminal to be asked",
  });
}
