/**
 * The completion script for fish, 3.0 and newer.
 *
 * @module
 */
import type { Completion, Node, OptionNode } from "./nodes.ts";

const BEGIN = `# Completion of hx in fish; made by: hx completions fish
function __hx_at
    set -l at hx
    set -l option ''
    set -l plain
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test -n "$option"
            set option ''
            continue
        end
        switch $word
            case '--*=*'
                continue
            case '-*'
                contains -- "$at $word" @VALUES@
                and set option $word
                continue
        end
        if test -z "$plain"; and contains -- "$at $word" @PATHS@
            set at "$at $word"
        else
            set plain argument
        end
    end
    echo $at $plain
end
# At this verb, with no argument behind it yet.
function __hx_is
    test (__hx_at) = "$argv[1] "
    or test (__hx_at) = $argv[1]
end
# At this verb or one below it.
function __hx_in
    string match -q -- "$argv[1] *" (__hx_at)" "
end
complete -c hx -f
`;

/** The script. */
export function fishScript(nodes: readonly Node[]): string {
  const needing = nodes.flatMap(({ path, options }) =>
    options.filter(({ takesValue }) => takesValue)
      .flatMap(({ forms }) => forms.map((form) => quoted(`${path} ${form}`)))
  );
  const paths = nodes.slice(1).map(({ path }) => quoted(path));
  return [
    BEGIN.replace("@VALUES@", needing.join(" ")).replace("@PATHS@", paths.join(" ")),
    ...nodes.flatMap((node) => [
      ...node.verbs.map(([name, about]) =>
        line(node.path, "is", `-a ${quoted(name)} -d ${quoted(about)}`)
      ),
      ...node.own.map((option) => line(node.path, "in", optionWords(option))),
      ...node.argument === undefined ? [] : [line(node.path, "in", valueWords(node.argument))],
    ]),
  ].join("");
}

function line(path: string, where: "is" | "in", words: string): string {
  return `complete -c hx -n ${quoted(`__hx_${where} ${quoted(path)}`)} ${words}\n`;
}

function optionWords({ forms, about, takesValue, value }: OptionNode): string {
  const named = forms.map((form) =>
    form.startsWith("--") ? `-l ${form.slice(2)}` : `-s ${form.slice(1)}`
  );
  // -x: something has to follow, and no names of files unless they are asked for.
  const needed = takesValue ? [value === "files" ? "-r" : "-x"] : [];
  const values = value === undefined ? [] : [valueWords(value)];
  return [...named, ...needed, ...values, `-d ${quoted(about)}`].join(" ");
}

function valueWords(completion: Completion): string {
  if (completion === "files") return "-F";
  if (completion === "folders") return "-a '(__fish_complete_directories)'";
  return `-a ${quoted((completion ?? []).join(" "))}`;
}

/** Between single quotes fish knows these two escapes. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
