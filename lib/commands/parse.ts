/**
 * Reads the arguments of a command line by the definitions of its verbs.
 *
 * Options may stand before, between and behind arguments; `--` ends them. A verb takes the options of
 * the groups that it is in. `--name=value` and `--name value` mean the same, and so do `-qv` and
 * `-q -v`.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { nearest } from "./nearest.ts";
import type { OptionSpec, VerbSpec } from "./verb.ts";

/** What a command line says. */
export interface Parsed {
  /** The program, the group and the verb, as far as it names them. */
  path: VerbSpec[];
  /** Options and arguments by their names, in camel case. */
  values: Record<string, unknown>;
  /** It asks for help. */
  help: boolean;
}

/**
 * Parses the arguments behind the program's name. What nothing asked for is not repeated in an error:
 * it may be a secret that should not have been typed there.
 *
 * @throws {HxError} `usage`
 */
export function parseArguments(program: VerbSpec, args: readonly string[]): Parsed {
  const parsed: Parsed = { path: [program], values: {}, help: false };
  const rest = [...args];
  const words: string[] = [];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") words.push(...rest.splice(0));
    else if (word.startsWith("--")) longOption(parsed, word, rest);
    else if (/^-./.test(word)) shortOptions(parsed, word, rest);
    else if (words.length > 0 || !enter(parsed.path, word)) words.push(word);
  }
  if (parsed.help) return parsed;
  takeArguments(parsed, words);
  for (const option of optionsOf(parsed.path)) {
    const key = camelCase(option.name);
    if (key in parsed.values) continue;
    if (option.required) throw usage(`the option ${shown(option)} is missing`);
    if (option.default !== undefined) parsed.values[key] = option.default;
  }
  return parsed;
}

/** The options that the last verb of a path takes, its own first. */
export function optionsOf(path: readonly VerbSpec[]): OptionSpec[] {
  return path.toReversed().flatMap((verb) => verb.options ?? []);
}

/** An option as help and errors show it: `--limit <n>`. */
export function shown({ name, value, many, optionalValue }: OptionSpec): string {
  if (optionalValue) return `--${name}[=<${value}>]`;
  return value === undefined ? `--${name}` : `--${name} <${value}${many ? "..." : ""}>`;
}

/** A usage error; without a better hint, where help is. */
export function usage(message: string, hint?: string): HxError {
  return new HxError("usage", message, {
    hint: hint ?? "`hx help` lists the verbs, `hx VERB --help` their options",
  });
}

function enter(path: VerbSpec[], word: string): boolean {
  const below = path.at(-1)!.verbs?.find(({ name }) => name === word);
  if (below !== undefined) path.push(below);
  return below !== undefined;
}

function longOption(parsed: Parsed, word: string, rest: string[]): void {
  const [, name = "", given] = /^--([^=]*)(?:=(.*))?$/s.exec(word)!;
  if (name === "help") {
    parsed.help = true;
    return;
  }
  const options = optionsOf(parsed.path);
  const option = options.find((one) => one.name === name);
  if (option === undefined) {
    const meant = nearest(name, options.map((one) => one.name));
    throw usage(`unknown option '--${name}'`, meant && `Did you mean --${meant}?`);
  }
  setOption(parsed, option, given === undefined ? [] : [given], rest);
}

function shortOptions(parsed: Parsed, word: string, rest: string[]): void {
  for (let i = 1; i < word.length; i++) {
    const short = word[i]!;
    if (short === "h") {
      parsed.help = true;
      continue;
    }
    const option = optionsOf(parsed.path).find((one) => one.short === short);
    if (option === undefined) throw usage(`unknown option '-${short}'`);
    const takesRest = option.value !== undefined && i + 1 < word.length;
    setOption(parsed, option, takesRest ? [word.slice(i + 1)] : [], rest);
    if (takesRest) return;
  }
}

function setOption(parsed: Parsed, option: OptionSpec, given: string[], rest: string[]): void {
  const key = camelCase(option.name);
  if (option.value === undefined) {
    if (given.length > 0) throw usage(`the option --${option.name} takes no value`);
    parsed.values[key] = true;
    return;
  }
  if (option.optionalValue && given.length === 0) {
    parsed.values[key] = true;
    return;
  }
  const texts = given.length > 0 ? given : rest.splice(0, 1);
  if (texts.length === 0) throw usage(`the option ${shown(option)} lacks its value`);
  if (!option.many) {
    parsed.values[key] = valueOf(option, texts[0]!);
    return;
  }
  while (rest.length > 0 && !rest[0]!.startsWith("-")) texts.push(rest.shift()!);
  const before = parsed.values[key] as unknown[] | undefined;
  parsed.values[key] = [...before ?? [], ...texts.map((text) => valueOf(option, text))];
}

function valueOf(option: OptionSpec, text: string): unknown {
  const { choices, parse = (same) => same, expects } = option;
  if (choices !== undefined && !choices.includes(text)) {
    throw usage(`--${option.name} takes ${choices.join(", ")}; '${text}' is none of them`);
  }
  const value = parse(text);
  if (value === undefined) throw usage(`--${option.name} takes ${expects}; '${text}' is not`);
  return value;
}

function takeArguments({ path, values }: Parsed, words: string[]): void {
  const verb = path.at(-1)!;
  if (verb.verbs !== undefined && words.length > 0) {
    const meant = nearest(words[0]!, verb.verbs.map(({ name }) => name));
    throw usage(`unknown command '${words[0]}'`, meant && `Did you mean ${meant}?`);
  }
  for (const argument of verb.arguments ?? []) {
    if (words.length === 0 && !argument.optional) {
      throw usage(`the argument <${argument.name}> is missing`);
    }
    const stray = argument.choices && words.find((word) => !argument.choices!.includes(word));
    if (stray !== undefined) {
      throw usage(`<${argument.name}> is one of ${argument.choices!.join(", ")}`);
    }
    if (argument.many) values[argument.name] = words.splice(0);
    else if (words.length > 0) values[argument.name] = words.shift();
  }
  if (words.length > 0) throw usage(`too many arguments for '${verb.name}'`);
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
