/**
 * How a command talks: results to one stream, everything else to the other.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import type { MessageStream, ResultStream } from "./output.ts";
import { Progress, type ProgressUnit } from "./progress.ts";
import { type Style, styleFor, wantsColour } from "./style.ts";

/** What {@link Ui} takes. */
export interface UiOptions {
  /** Results. */
  stdout: ResultStream;
  /** Everything else. */
  stderr: MessageStream;
  /** Reads an environment variable. */
  env: (name: string) => string | undefined;
  /** Unix milliseconds. */
  clock: () => number;
  /** No notes, no summaries, no progress. */
  quiet: boolean;
  /** Stacks, and a line per request. */
  verbose: boolean;
}

/** The voice of one command. */
export class Ui {
  /** Colour for results. */
  readonly style: Style;
  readonly #options: UiOptions;
  readonly #errorStyle: Style;
  readonly #progress: Progress | undefined;

  /** Says nothing yet. */
  constructor(options: UiOptions) {
    const { stdout, stderr, env, clock, quiet } = options;
    this.#options = options;
    this.style = styleFor(wantsColour(stdout.isTerminal, env));
    this.#errorStyle = styleFor(wantsColour(stderr.isTerminal, env));
    const draws = stderr.isTerminal && !quiet && env("TERM") !== "dumb";
    this.#progress = draws ? new Progress(stderr, clock) : undefined;
  }

  /** Results that were asked for: always written. */
  async result(text: string): Promise<void> {
    this.done();
    await this.#options.stdout.write(text);
  }

  /** A line that sums up what was done; not with `--quiet`. */
  async summary(line: string): Promise<void> {
    if (!this.#options.quiet) await this.result(`${line}\n`);
  }

  /** Results as one JSON text. */
  async json(value: unknown): Promise<void> {
    await this.result(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** A line to know; not with `--quiet`. */
  note(line: string): void {
    if (!this.#options.quiet) this.#say(line);
  }

  /** A line that only `--verbose` shows. */
  detail(line: string): void {
    if (this.#options.verbose) this.#say(this.#errorStyle.dim(line));
  }

  /** Something that is wrong and did not stop the work. */
  warn(message: string, hint?: string): void {
    const { yellow, dim } = this.#errorStyle;
    this.#say(`hx: ${yellow("warning")}: ${message}`);
    if (hint !== undefined) this.#say(dim(`    ${hint}`));
  }

  /** What stopped the work: one line what, one line hint, and with `--verbose` the stacks. */
  error(error: HxError): void {
    const { red, dim } = this.#errorStyle;
    this.#say(`hx: ${red(error.message)}`);
    if (error.hint !== undefined) this.#say(`    ${error.hint}`);
    for (const line of this.#options.verbose ? stacks(error) : []) this.#say(dim(line));
  }

  /** How far the work is; drawn where it takes over a second. */
  progress(label: string, done: number, total?: number, unit?: ProgressUnit): void {
    this.#progress?.update(label, done, total, unit);
  }

  /** Takes the progress bar away. */
  done(): void {
    this.#progress?.clear();
  }

  #say(line: string): void {
    this.done();
    this.#options.stderr.write(`${line}\n`);
  }
}

/** The stack of an error and of those that led to it. */
function stacks(error: unknown): string[] {
  const lines: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    const name = at instanceof HxError ? `HxError ${at.category}` : at.name;
    const frames = (at.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
    lines.push(`${name}: ${at.message}`, ...frames);
  }
  return lines;
}
