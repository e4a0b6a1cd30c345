/**
 * The completion script for zsh: to be sourced, or to lie in `$fpath` as `_hx`.
 *
 * @module
 */
import { type Completion, type Node, quoted, type Word } from "./nodes.ts";

const BEGIN = `#compdef hx
# Completion of hx in zsh; made by: hx completions zsh
_hx() {
  local at=hx option='' plain='' ended='' i word
  local -a list
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $option ]]; then option=''; continue; fi
    if [[ -n $ended ]]; then plain=1; continue; fi
    case $word in
      (--) ended=1; continue ;;
      (--*=*) continue ;;
      (-*)
        case "$at $word" in
          (@VALUES@) option=$word ;;
        esac
        continue ;;
    esac
    [[ -n $plain ]] && continue
    case "$at $word" in
      (@PATHS@) at="$at $word" ;;
      (*) plain=1 ;;
    esac
  done
  if [[ -z $option$ended && $PREFIX == --*=* ]]; then
    option=\${PREFIX%%=*}
    compset -P '*='
  fi
`;

const END = `}
if [[ $funcstack[1] == _hx ]]; then _hx "$@"; else compdef _hx hx; fi
`;

/** The script. */
export function zshScript(nodes: readonly Node[]): string {
  const options = nodes.flatMap(({ path, options }) =>
    options.flatMap((option) => option.forms.map((form) => ({ at: `${path} ${form}`, option })))
  );
  const needing = options.filter(({ option }) => option.takesValue).map(({ at }) => quoted(at));
  const paths = nodes.slice(1).map(({ path }) => quoted(path));
  return [
    BEGIN.replace("@VALUES@", needing.join(" | ")).replace("@PATHS@", paths.join(" | ")),
    '  if [[ -n $option ]]; then\n    case "$at $option" in\n',
    ...options.filter(({ option }) => option.value !== undefined)
      .map(({ at, option }) => branch(at, completed(option.value))),
    "    esac\n  elif [[ $PREFIX == -* && -z $ended ]]; then\n    case $at in\n",
    ...nodes.map(({ path, options }) => {
      const words = options.flatMap(({ forms, about }) => forms.map((form): Word => [form, about]));
      return branch(path, described(words, "-o -t options option"));
    }),
    "    esac\n  else\n    case $at$plain in\n",
    ...nodes.flatMap(({ path, verbs, argument }) => {
      if (verbs.length > 0) return [branch(path, described(verbs, "-t commands command"))];
      if (argument === undefined) return [];
      return [branch(path, completed(argument)), branch(`${path}1`, completed(argument))];
    }),
    "    esac\n  fi\n",
    END,
  ].join("");
}

function completed(completion: Completion): string {
  if (completion === "files") return "_files";
  if (completion === "folders") return "_files -/";
  return `compadd -- ${(completion ?? []).map(quoted).join(" ")}`;
}

function described(words: readonly Word[], how: string): string {
  const list = words.map(([word, about]) => quoted(`${word}:${about}`)).join(" ");
  return `list=(${list}); _describe ${how} list`;
}

function branch(at: string, what: string): string {
  return `      (${quoted(at)}) ${what} ;;\n`;
}
