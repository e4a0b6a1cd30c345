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
    return await runHelp(app, values.verb as string[], values.man === true);
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

/** Help by its own verb: of another one, of a topic, or of everything. */
async function runHelp(app: App, words: readonly string[], man: boolean): Promise<number> {
  if (man) {
    const { manPage } = await import("./man.ts");
    const date = new Date(app.clock()).toISOString().slice(0, 10);
    await app.stdout.write(manPage(PROGRAM, { version: app.version, date }));
    return 0;
  }
  const { topicPage, TOPICS } = await import("./topics.ts");
  const topic = words.length === 1 ? TOPICS.find(({ name }) => name === words[0]) : undefined;
  if (topic === undefined) return await showHelp(app, pathTo(words));
  await app.stdout.write(topicPage(topic));
  return 0;
}

/** Help that was asked for is a result; help for want of a verb is not. */
async function showHelp(app: App, path: readonly VerbSpec[], code = 0): Promise<number> {
  const { helpPage } = await import("./help.ts");
  const { topicList } = await import("./topics.ts");
  const page = path.length === 1 ? `${helpPage(path)}\n${topicList()}` : helpPage(path);
  if (code === 0) await app.stdout.write(page);
  else app.stderr.write(page);
  return code;
}

function pathTo(words: readonly string[]): VerbSpec[] {
  const { path } = parseArguments(PROGRAM, [...words, "--help"]);
  if (path.length <= words.length) {
    throw usage(`there is no verb or topic '${words.join(" ")}'`, "`hx help` lists them");
  }
  return path;
}
