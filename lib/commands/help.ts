/**
 * Help pages, made from the definitions of the verbs.
 *
 * @module
 */
import { optionsOf, shown } from "./parse.ts";
import type { ArgumentSpec, OptionSpec, VerbSpec } from "./verb.ts";

/** Help is read on terminals of any width; longer lines are hard to read on all of them. */
const COLUMNS = 100;

/** The help page of the last verb of a path. */
export function helpPage(path: readonly VerbSpec[]): string {
  const verb = path.at(-1)!;
  const name = path.map((one) => one.name).join(" ");
  const inherited = optionsOf(path.slice(0, -1));
  const sections: [string, [string, string][]][] = [
    ["Arguments", (verb.arguments ?? []).map(argumentRow)],
    ["Options", (verb.options ?? []).map(optionRow)],
    ["Options of every verb", path.length === 1 ? [] : inherited.map(optionRow)],
    ["Commands", (verb.verbs ?? []).map((one) => [`${one.name}${usageOf(one)}`, one.about])],
  ];
  const rows = sections.flatMap(([, lines]) => lines);
  const left = Math.min(32, Math.max(0, ...rows.map(([term]) => term.length)));
  const parts = [
    `Usage: ${name}${usageOf(verb)}`,
    sentence(verb.about),
    ...sections.filter(([, lines]) => lines.length > 0)
      .map(([title, lines]) => `${title}:\n${lines.map((row) => line(row, left)).join("\n")}`),
    ...verb.examples === undefined
      ? []
      : [`Examples:\n${verb.examples.map((example) => `  ${example}`).join("\n")}`],
    ...verb.notes === undefined ? [] : [verb.notes.trim()],
  ];
  return `${parts.join("\n\n")}\n`;
}

function usageOf({ options = [], arguments: args = [], verbs, load }: VerbSpec): string {
  const needed = options.filter((option) => option.required).map(shown);
  return [
    ...needed,
    ...options.length > needed.length ? ["[options]"] : [],
    ...verbs === undefined ? [] : [load ? "[command]" : "<command>"],
    ...args.map(argumentShown),
  ].map((word) => ` ${word}`).join("");
}

function argumentShown({ name, optional, many }: ArgumentSpec): string {
  const word = many ? `${name}...` : name;
  return optional ? `[${word}]` : `<${word}>`;
}

function argumentRow({ name, about, choices }: ArgumentSpec): [string, string] {
  return [name, choices === undefined ? about : `${about} (${choices.join(", ")})`];
}

function optionRow(option: OptionSpec): [string, string] {
  const term = option.short === undefined ? shown(option) : `-${option.short}, ${shown(option)}`;
  const facts = [
    ...option.choices === undefined ? [] : [option.choices.join(", ")],
    ...option.default === undefined ? [] : [`default: ${option.default}`],
  ];
  return [term, facts.length === 0 ? option.about : `${option.about} (${facts.join("; ")})`];
}

/** A term and its explanation beside it, or below where the term is long. */
function line([term, about]: [string, string], left: number): string {
  const indent = " ".repeat(left + 4);
  const text = wrap(about, COLUMNS - indent.length).join(`\n${indent}`);
  return term.length > left ? `  ${term}\n${indent}${text}` : `  ${term.padEnd(left)}  ${text}`;
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

function sentence(about: string): string {
  return `${about[0]!.toUpperCase()}${about.slice(1)}${about.endsWith(".") ? "" : "."}`;
}
