/**
 * The man page, made from the definitions of the verbs and from the topics (man(7)).
 *
 * @module
 */
import { optionsOf, shown } from "./parse.ts";
import { TOPICS } from "./topics.ts";
import type { ArgumentSpec, OptionSpec, VerbSpec } from "./verb.ts";

/** What a man page says of itself. */
export interface ManOptions {
  /** Of hx. */
  version: string;
  /** Of the page, `YYYY-MM-DD`. */
  date: string;
}

/** The page of the program and all that is below it, as roff source. */
export function manPage(program: VerbSpec, { version, date }: ManOptions): string {
  return [
    `.TH HX 1 ${date} "hx ${version}" "hx manual"`,
    ".SH NAME",
    `hx \\- ${escaped(plain(program.about))}`,
    ".SH SYNOPSIS",
    ".B hx",
    "[options] \\fIverb\\fR [options] [arguments]",
    ".SH DESCRIPTION",
    ...blocks(program.notes ?? ""),
    ".SH OPTIONS",
    ...(program.options ?? []).flatMap(optionLines),
    ".SH COMMANDS",
    ...(program.verbs ?? []).flatMap((verb) => verbLines([program, verb])),
    ...TOPICS.flatMap(({ name, text }) => [
      `.SH ${escaped(name.toUpperCase())}`,
      ...blocks(text),
    ]),
    "",
  ].join("\n").replaceAll(/^(\.S[HS] .*)\n\.PP$/gm, "$1"); // a heading begins a paragraph anyway
}

function verbLines(path: readonly VerbSpec[]): string[] {
  const verb = path.at(-1)!;
  const inherited = optionsOf(path.slice(1, -1));
  const words = [
    ...path.map(({ name }) => name),
    ...(verb.options ?? []).filter(({ required }) => required).map(shown),
    ...(verb.arguments ?? []).map(argumentWord),
  ];
  return [
    `.SS "${escaped(words.join(" "))}"`,
    escaped(sentence(verb.about)),
    ...(verb.arguments ?? []).flatMap(argumentLines),
    ...[...verb.options ?? [], ...inherited].flatMap(optionLines),
    ...verb.examples ? [".PP", "Examples:", ...literal(verb.examples)] : [],
    ...verb.notes ? blocks(verb.notes) : [],
    ...(verb.verbs ?? []).flatMap((below) => verbLines([...path, below])),
  ];
}

function argumentWord({ name, optional, many }: ArgumentSpec): string {
  const word = many ? `${name}...` : name;
  return optional ? `[${word}]` : `<${word}>`;
}

function argumentLines({ name, about, choices }: ArgumentSpec): string[] {
  return [".TP", `\\fI${escaped(name)}\\fR`, escaped(withFacts(about, choices))];
}

function optionLines(option: OptionSpec): string[] {
  const short = option.short === undefined ? "" : `-${option.short}, `;
  const about = withFacts(option.about, option.choices, option.default);
  return [".TP", `\\fB${escaped(short + shown(option))}\\fR`, escaped(about)];
}

function withFacts(about: string, choices?: readonly string[], value?: unknown): string {
  const facts = [
    ...choices === undefined ? [] : [choices.join(", ")],
    ...value === undefined ? [] : [`default: ${value}`],
  ];
  return facts.length === 0 ? about : `${about} (${facts.join("; ")})`;
}

/** Paragraphs; those with indented lines stay as they are, the others flow. */
function blocks(text: string): string[] {
  return text.replace(/^\n+/, "").trimEnd().split(/\n\n+/).flatMap((block) => {
    const rows = block.split("\n");
    const isLiteral = rows.some((row) => row.startsWith(" "));
    return isLiteral ? literal(rows) : [".PP", ...rows.map(escaped)];
  });
}

function literal(rows: readonly string[]): string[] {
  return [".PP", ".nf", ".RS 2", ...rows.map(escaped), ".RE", ".fi"];
}

/** For roff a backslash escapes, a dot or quote at a line's beginning commands, and - is a hyphen. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll('"', "\\(dq")
    .replace(/^(?=[.'])/, "\\&");
}

function plain(about: string): string {
  return about.replace(/\.$/, "").replace(/^./, (first) => first.toLowerCase());
}

function sentence(about: string): string {
  return `${about[0]!.toUpperCase()}${about.slice(1)}${about.endsWith(".") ? "" : "."}`;
}
