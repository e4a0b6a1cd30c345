/**
 * What can stand where on hx's command line, as completion scripts need it: one node a verb.
 *
 * @module
 */
import { optionsOf } from "../parse.ts";
import { TOPICS } from "../topics.ts";
import type { OptionSpec, VerbSpec } from "../verb.ts";

/** What a value is completed with: these words, names of files or folders, or nothing. */
export type Completion = readonly string[] | "files" | "folders" | undefined;

/** A word and what it is. */
export type Word = readonly [word: string, about: string];

/** An option at a place. */
export interface OptionNode {
  /** As it is typed: `--limit`, and `-n` where it is short too. */
  forms: readonly string[];
  about: string;
  /** A value has to follow. */
  takesValue: boolean;
  value: Completion;
}

/** A verb, or a group of them. */
export interface Node {
  /** From the program on: `hx sync init`. */
  path: string;
  verbs: readonly Word[];
  /** Its own. */
  own: readonly OptionNode[];
  /** Its own, and those of the groups it is in. */
  options: readonly OptionNode[];
  /** What its arguments are completed with. */
  argument: Completion;
}

const HELP: OptionSpec = { name: "help", short: "h", about: "show help" };

/** All nodes, the program first; the way below it is the order of the definitions. */
export function nodesOf(program: VerbSpec): Node[] {
  const visit = (path: readonly VerbSpec[]): Node[] => {
    const verb = path.at(-1)!;
    const inherited = [...optionsOf(path), HELP].map(optionNode);
    return [{
      path: path.map(({ name }) => name).join(" "),
      verbs: (verb.verbs ?? []).map(({ name, about }) => [name, about]),
      own: [...verb.options ?? [], ...path.length === 1 ? [HELP] : []].map(optionNode),
      options: inherited,
      argument: argumentOf(path),
    }, ...(verb.verbs ?? []).flatMap((below) => visit([...path, below]))];
  };
  return visit([program]);
}

function optionNode({ name, short, about, value, optionalValue, choices }: OptionSpec): OptionNode {
  return {
    forms: [`--${name}`, ...short === undefined ? [] : [`-${short}`]],
    about,
    takesValue: value !== undefined && !optionalValue,
    value: choices ?? named(value),
  };
}

function argumentOf([program, verb, ...below]: readonly VerbSpec[]): Completion {
  // Its words are those of the program, and the topics.
  if (verb?.name === "help" && below.length === 0) {
    return [...(program!.verbs ?? []).map(({ name }) => name), ...TOPICS.map(({ name }) => name)];
  }
  const argument = (below.at(-1) ?? verb)?.arguments?.[0];
  return argument && (argument.choices ?? named(argument.name));
}

/** What help calls a value tells what it is. */
function named(value: string | undefined): Completion {
  return value === "file" ? "files" : value === "dir" ? "folders" : undefined;
}

/** A text as bash, zsh and POSIX shells read it back. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
