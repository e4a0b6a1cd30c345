/**
 * What a verb of the command line is, as data: the parser, the help pages and whatever else speaks
 * of the command line read the same definitions.
 *
 * @module
 */
import type { Ui } from "../ui/ui.ts";
import type { App } from "./app.ts";

/** A verb's work; gives the exit code. */
export type Verb<Options> = (app: App, ui: Ui, options: Options) => Promise<number>;

/** An option, `--name`. */
export interface OptionSpec {
  /** Without the dashes; the verb gets it in camel case. */
  name: string;
  /** One letter, for `-x`. */
  short?: string;
  /** What its value is called in help; absent = it takes none, and is `true`. */
  value?: string;
  /** It takes several values, and the verb gets an array. */
  many?: boolean;
  /** Its value comes behind `=`, or not at all: then it is `true`. */
  optionalValue?: boolean;
  about: string;
  /** The values that it can have. */
  choices?: readonly string[];
  /** What it is where it is not given. */
  default?: unknown;
  required?: boolean;
  /** Makes a value of the text; undefined = it makes no sense. */
  parse?: (text: string) => unknown;
  /** What `parse` understands, for errors: "a number from 1 on". */
  expects?: string;
}

/** An argument. */
export interface ArgumentSpec {
  /** What help calls it, and under what name the verb gets it. */
  name: string;
  about: string;
  optional?: boolean;
  /** The values that it can have. */
  choices?: readonly string[];
  /** The last one only: it takes all that follow, and the verb gets an array. */
  many?: boolean;
}

/** A verb, or a group of them. */
export interface VerbSpec {
  name: string;
  /** One line. */
  about: string;
  arguments?: readonly ArgumentSpec[];
  /** Its own options, which the verbs below it take too. */
  options?: readonly OptionSpec[];
  /** The verbs below it. */
  verbs?: readonly VerbSpec[];
  /** Whole command lines. */
  examples?: readonly string[];
  /** What help says at its end. */
  notes?: string;
  /** Loads what it does, when it runs; absent = it is a group only. */
  load?: () => Promise<Verb<never>>;
}

/** `--json`, for verbs that print results. */
export function json(about = "print what was done as JSON"): OptionSpec {
  return { name: "json", about };
}
