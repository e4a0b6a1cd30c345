/**
 * What a check of `hx doctor` finds.
 *
 * @module
 */
import { asHxError, type HxError } from "../../errors.ts";

/** How bad it is: `warn` may be on purpose, `fail` keeps something from working. */
export type Level = "ok" | "warn" | "fail";

/** One line of `hx doctor`. */
export interface Finding {
  /** What was looked at; scripts may rely on it. */
  name: string;
  level: Level;
  message: string;
  /** What to do. */
  hint?: string;
  /** Of a failure; its category gives the exit code. */
  error?: HxError;
}

/** All is well. */
export function ok(name: string, message: string): Finding {
  return { name, level: "ok", message };
}

/** Something to know. */
export function warn(name: string, message: string, hint?: string): Finding {
  return { name, level: "warn", message, ...(hint !== undefined && { hint }) };
}

/** Something does not work. @throws {HxError} the error itself where it is `interrupted` */
export function fail(name: string, thrown: unknown, hint?: string): Finding {
  const error = asHxError(thrown);
  if (error.category === "interrupted") throw error;
  const advice = hint ?? error.hint;
  return {
    name,
    level: "fail",
    message: error.message,
    ...(advice !== undefined && { hint: advice }),
    error,
  };
}

/** What `check` finds; what it throws is a failure of that name. */
export async function checked(
  name: string,
  check: () => Finding[] | Promise<Finding[]>,
): Promise<Finding[]> {
  try {
    return await check();
  } catch (error) {
    return [fail(name, error)];
  }
}
