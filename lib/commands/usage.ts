/**
 * What is wrong with the arguments, in this program's words.
 *
 * @module
 */
import type { CommanderError } from "commander";
import { HxError } from "../errors.ts";

/**
 * A complaint of commander as a usage error. Arguments that nothing asked for are not repeated: they
 * may be a secret that should not have been typed there.
 */
export function usageError({ code, message }: CommanderError): HxError {
  const [what = "", more] = message.replace(/^error: /, "").split("\n");
  const suggestion = more?.replace(/^\((.*)\)$/, "$1");
  return new HxError("usage", quietly(code, what), {
    hint: suggestion ?? "`hx help` lists the verbs, `hx VERB --help` their options",
  });
}

function quietly(code: string, what: string): string {
  if (code === "commander.excessArguments") return what.replace(/\. Expected.*$/s, "");
  if (code === "commander.unknownOption") return what.replace(/=.*'$/s, "'");
  return what;
}
