/**
 * Questions on the terminal. They are drawn on standard error, so that results stay clean.
 *
 * @module
 */
import process from "node:process";
import { Writable } from "node:stream";
import { HxError } from "../errors.ts";

/** Asks yes or no; no is the answer to just Enter. */
export async function confirm(message: string, signal: AbortSignal): Promise<boolean> {
  const { confirm } = await import("@clack/prompts");
  return answered(
    await confirm({ message, initialValue: false, output: screen(), signal }),
  );
}

/** Asks for a secret; what is typed is not shown. */
export async function askSecret(message: string, signal: AbortSignal): Promise<string> {
  const { password } = await import("@clack/prompts");
  return answered(await password({ message, output: screen(), signal })) ?? "";
}

/** Where to draw. Some terminals say that they have no columns at all; those get the usual number. */
function screen(): Writable {
  if (process.stderr.columns > 0) return process.stderr;
  return new Writable({
    write: (chunk: Uint8Array, _encoding, done) => void process.stderr.write(chunk, () => done()),
  });
}

/** @throws {HxError} `interrupted` where the user broke off */
function answered<T>(answer: T): Exclude<T, symbol> {
  if (typeof answer === "symbol") {
    throw new HxError("interrupted", "interrupted", { hint: "nothing was changed" });
  }
  return answer as Exclude<T, symbol>;
}
