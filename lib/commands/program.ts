/**
 * The verbs and their options. What a verb does is loaded only when it runs.
 *
 * @module
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { addDeviceVerbs } from "./program_device.ts";
import { addSearchVerbs } from "./program_search.ts";
import { addSyncVerbs } from "./program_sync.ts";
import { usageError } from "./usage.ts";
import { examples, type Runner } from "./verb.ts";

/**
 * Runs the program.
 *
 * @returns the exit code
 * @throws {HxError} `usage`, and whatever the verb failed with
 */
export async function runProgram(app: App): Promise<number> {
  const { stdout, stderr, env, clock } = app;
  let help = "";
  let code = 0;
  const run: Runner = (load, more) => async (...args) => {
    const command = args.at(-1) as Command;
    const options = { ...command.optsWithGlobals(), ...more?.(command.args) };
    const { quiet = false, verbose = false } = options as GlobalOptions;
    const ui = new Ui({ stdout, stderr, env, clock, quiet, verbose });
    try {
      code = await (await load())(
        app,
        ui,
        options as Parameters<Awaited<ReturnType<typeof load>>>[2],
      );
    } finally {
      ui.done();
    }
  };
  const program = makeProgram(run, (text) => help += text);
  try {
    await program.parseAsync([...app.args], { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (help === "") throw usageError(error);
    if (error.exitCode === 0) await app.stdout.write(help);
    else app.stderr.write(help);
    return error.exitCode === 0 ? 0 : 2;
  }
}

function makeProgram(run: Runner, keep: (text: string) => void): Command {
  const program = new Command("hx")
    .description("Your shell history: yours alone, on all your devices.")
    .exitOverride()
    // Usage errors are told like all others; help is kept until it is known where it goes.
    .configureOutput({ writeOut: keep, writeErr: keep, outputError: () => {} })
    .configureHelp({ showGlobalOptions: true, helpWidth: 100 })
    .option("-q, --quiet", "no notes, summaries or progress")
    .option("-v, --verbose", "a line per request; stacks of errors")
    .helpCommand("help [verb]", "show the help of a verb")
    .addHelpText("after", "\n  hx --version              print the version");
  addHistoryVerbs(program, run);
  addSearchVerbs(program, run);
  addSyncVerbs(program, run);
  addDeviceVerbs(program, run);
  program.command("key").description("the key of the vault")
    .command("show")
    .description("print the 24 recovery words of this device's vault")
    .addHelpText("after", examples("hx key show", "hx key show | lpr"))
    .action(run(async () => (await import("./key_show.ts")).runKeyShow));
  return program;
}

function addHistoryVerbs(program: Command, run: Runner): void {
  program.command("import")
    .description("take shell history in; run it as often as you like")
    .argument("[file]", "a history file (default: the shells' own, as they are found)")
    .addOption(
      new Option("--shell <shell>", "whose format it is").choices(["bash", "zsh", "fish", "auto"])
        .default("auto"),
    )
    .option("--host <label>", "the host that it is the history of (default: this one)")
    .option("--json", "print what was done as JSON")
    .addHelpText(
      "after",
      examples("hx import", "hx import ~/old/.zsh_history --host old-laptop"),
    )
    .action(run(async () => (await import("./import.ts")).runImport, ([file]) => ({ file })));
  program.command("export")
    .description("print the history in time order")
    .addOption(
      new Option("--format <format>", "how").choices(["jsonl", "csv", "md"]).default("jsonl"),
    )
    .addHelpText(
      "after",
      examples("hx export | jq -r .cmd", "hx export --format csv > history.csv"),
    )
    .action(run(async () => (await import("./export.ts")).runExport));
  program.command("forget")
    .description("remove commands here and, with the next syncs, on all devices; asks first")
    .option("--since <time>", "what this device recorded from then on (15m, 2h, 3d, a date)")
    .option("--all-devices", "with --since: what any device recorded")
    .option("--match <text>", "commands that hold this text, of any device")
    .option("--id <numbers...>", "events by their numbers (see --dry-run)", wholeNumber)
    .option("--dry-run", "only list what would go")
    .option("-y, --yes", "don't ask")
    .option("--json", "print what was done as JSON")
    .addHelpText(
      "after",
      examples(
        "hx forget --since 15m",
        'hx forget --match "--password" --dry-run',
        "hx forget --id 1204 1205 --yes",
      ),
    )
    .action(run(async () => (await import("./forget.ts")).runForget));
}

function wholeNumber(text: string, before: number[] = []): number[] {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (number === 0) throw new InvalidArgumentError("It is not a number of an event.");
  return [...before, number];
}
