import { HxError } from "../errors.ts";

/** The error of an object that breaks the format: what was being read, and what was found. */
export function corrupt(what: string, found: string, cause?: unknown): HxError {
  return new HxError("corrupt", `${what}: ${found}`, {
    hint: "the other objects are not affected; it is read again at the next sync",
    cause,
  });
}
