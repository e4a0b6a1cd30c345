/**
 * Runs a command line. What a verb does is loaded only when it runs.
 *
 * @module
 */
import { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { parseArguments, usage } from "./parse.ts";
import { PROGRAM } from "./program/mod.ts";
import type { VerbSpec } from "./verb.ts";

/**
 * Runs the program.
 *
 * @returns the exit code
 * @throws {HxError} `usage`, and whatever the verb failed with
 */
export async function runProgram(app: App): Promise<number> {
  const { path, values, help } = parseArguments(PROGRAM, app.args);
  const verb = path.at(-1)!;
  if (help) return await showHelp(app, path);
  if (verb.name === "help" && path.length === 2) {
    return await showHelp(app, pathTo(values.verb as string[]));
  }
  if (verb.load === undefined) return await showHelp(app, path, 2);
  const { stdout, stderr, env, clock } = app;
  const { quiet = false, verbose = false } = values as GlobalOptions;
  const ui = new Ui({ stdout, stderr, env, clock, quiet, verbose });
  try {
    return await (await verb.load())(app, ui, values as never);
  } finally {
    ui.done();
  }
}

/** Help that was asked for is a result; help for want of a verb is not. */
async function showHelp(app: App, path: readonly VerbSpec[], code = 0): Promise<number> {
  const { helpPage } = await import("./help.ts");
  if (code === 0) await app.stdout.write(helpPage(path));
  else app.stderr.write(helpPage(path));
  return code;
}

function pathTo(words: readonly string[]): VerbSpec[] {
  const { path } = parseArguments(PROGRAM, [...words, "--help"]);
  if (path.length <= words.length) {
    throw usage(`there is no verb '${words.join(" ")}'`, "`hx help` lists the verbs");
  }
  return path;
}
