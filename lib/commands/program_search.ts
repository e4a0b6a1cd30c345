/**
 * The verbs that look at the history.
 *
 * @module
 */
import { type Command, InvalidArgumentError } from "commander";
import { examples, type Runner } from "./verb.ts";

/** Adds `search`, `last`, `show`, `pin` and `stats`. */
export function addSearchVerbs(program: Command, run: Runner): void {
  program.command("search")
    .description("find commands that hold all the words; the newest comes last")
    .argument("[query...]", "words, anywhere in the command; a capital letter makes a word strict")
    .option("--cwd <dir>", "only of this directory (. for the present one)")
    .option("--host <host>", "only of this host")
    .option("--exit <code>", "only with this exit code; `fail` for all but 0")
    .option("--since <time>", "from then on (15m, 2h, 3d, a date)")
    .option("--until <time>", "up to then")
    .option("--limit <n>", "at most so many", positive, 100)
    .option("--format <format>", "a line each, such as '{time} {cmd}'")
    .option("--json", "print them as JSON, one a line")
    .addHelpText(
      "after",
      examples(
        "hx search docker run",
        "hx search --cwd . --since 1d",
        "hx search --exit fail --format '{time} {exit} {cmd}'",
      ) + `

Parts of a format: {id} {time} {relative} {duration} {exit} {cwd} {host} {user} {shell} {session}
{node} {cmd}. In a pipe a line is number, time, exit code and command, with tabs between.`,
    )
    .action(
      run(
        async () => (await import("./search.ts")).runSearch,
        (args) => ({ query: args }),
      ),
    );
  program.command("last")
    .description("show the newest command with all that is known of it")
    .option("--json", "print it as JSON")
    .addHelpText("after", examples("hx last"))
    .action(run(async () => (await import("./show.ts")).runLast));
  program.command("show")
    .description("show a command with all that is known of it")
    .argument("<id>", "its number, as `hx search` shows it")
    .option("--json", "print it as JSON")
    .addHelpText("after", examples("hx show 1204"))
    .action(run(async () => (await import("./show.ts")).runShow, ([id = ""]) => ({ id })));
  program.command("pin")
    .description("mark the session of a command, on all devices and for good")
    .argument("[id]", "the command's number, as `hx search` shows it")
    .option("--last", "the newest command's")
    .addHelpText("after", examples("hx pin 1204", "hx pin --last"))
    .action(
      run(
        async () => (await import("./show.ts")).runPin,
        ([id]) => (id === undefined ? {} : { id }),
      ),
    );
  program.command("stats")
    .description("what the history adds up to, and the last year day by day")
    .option("--since <time>", "from then on (15m, 2h, 3d, a date)")
    .option("--until <time>", "up to then")
    .option("--json", "print it as JSON")
    .addHelpText("after", examples("hx stats", "hx stats --since 2026-01-01 --json"))
    .action(run(async () => (await import("./stats.ts")).runStats));
}

function positive(text: string): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (number === 0) throw new InvalidArgumentError("It is not a number from 1 on.");
  return number;
}
