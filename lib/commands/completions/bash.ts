/**
 * The completion script for bash, 3.2 and newer.
 *
 * @module
 */
import { type Completion, type Node, quoted } from "./nodes.ts";

/** Finds out where on the command line one is: `at` the verb, behind the `option` that waits. */
const BEGIN = `# Completion of hx in bash; made by: hx completions bash
_hx() {
  local cur=\${COMP_WORDS[COMP_CWORD]} at=hx option='' plain='' ended='' words='' kind='' i word
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # bash takes --name=value apart.
    if [[ $word == = ]]; then option=\${COMP_WORDS[i - 1]}; continue; fi
    if [[ -n $option ]]; then option=''; continue; fi
    if [[ -n $ended ]]; then plain=1; continue; fi
    case $word in
      --) ended=1; continue ;;
      -*)
        case "$at $word" in
          @VALUES@) option=$word ;;
        esac
        continue ;;
    esac
    [[ -n $plain ]] && continue
    case "$at $word" in
      @PATHS@) at="$at $word" ;;
      *) plain=1 ;;
    esac
  done
  if [[ $cur == = ]]; then option=\${COMP_WORDS[COMP_CWORD - 1]} cur=''; fi
`;

const END = `  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(
    case $kind in
      files) compgen -f -- "$cur" ;;
      folders) compgen -d -- "$cur" ;;
      *) compgen -W "$words" -- "$cur" ;;
    esac
  )
  [[ -n $kind ]] && compopt -o filenames 2>/dev/null
  return 0
}
complete -F _hx hx
`;

/** The script. */
export function bashScript(nodes: readonly Node[]): string {
  const options = nodes.flatMap(({ path, options }) =>
    options.flatMap((option) => option.forms.map((form) => ({ at: `${path} ${form}`, option })))
  );
  const needing = options.filter(({ option }) => option.takesValue).map(({ at }) => quoted(at));
  const paths = nodes.slice(1).map(({ path }) => quoted(path));
  const values = options.filter(({ option }) => option.value !== undefined)
    .map(({ at, option }) => branch(at, option.value));
  return [
    BEGIN.replace("@VALUES@", needing.join(" | ")).replace("@PATHS@", paths.join(" | ")),
    `  if [[ -n $option ]]; then\n    case "$at $option" in\n${values.join("")}    esac\n`,
    "  elif [[ $cur == -* && -z $ended ]]; then\n    case $at in\n",
    ...nodes.map(({ path, options }) => branch(path, options.flatMap(({ forms }) => forms))),
    "    esac\n  else\n    case $at$plain in\n",
    ...nodes.flatMap(atRest),
    "    esac\n  fi\n",
    END,
  ].join("");
}

/** Verbs are taken as long as no argument came before them. */
function atRest({ path, verbs, argument }: Node): string[] {
  if (verbs.length > 0) return [branch(path, verbs.map(([name]) => name))];
  return argument === undefined ? [] : [branch(path, argument), branch(`${path}1`, argument)];
}

function branch(at: string, completion: Completion): string {
  const what = typeof completion === "string"
    ? `kind=${completion}`
    : `words=${quoted((completion ?? []).join(" "))}`;
  return `      ${quoted(at)}) ${what} ;;\n`;
}
