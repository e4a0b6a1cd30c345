/**
 * Credentials from a program of the user's: `credential_process` in a profile.
 *
 * @module
 */
import { HxError, isCategory } from "../../errors.ts";
import { collect, orAbort } from "../../store/mod.ts";
import type { Credentials } from "../credentials.ts";
import { credentialsIn, fieldsOf, MAX_ANSWER_BYTES } from "./answer.ts";
import { within } from "./within.ts";
import { splitWords } from "./words.ts";

/** A second factor may have to be typed meanwhile. */
const TIMEOUT_MS = 60_000;

/**
 * Runs the command, without a shell, and reads credentials from its standard output. Its standard
 * error is ours, so that it can say what it wants; its standard input is empty, since ours may hold
 * recovery words. No error holds the command, which may have secrets in it, or its output.
 *
 * @param name the profile's name, for error texts
 * @throws {HxError} `auth` where it ends with another exit code than 0, `timeout`, and `config` where
 * it can't be run or does not answer with credentials
 */
export async function runCredentialProcess(
  command: string,
  name: string,
  timeoutMs: number = TIMEOUT_MS,
): Promise<Credentials> {
  const where = `the credential_process of the AWS profile "${name}"`;
  const child = start(command, where);
  const { code, text } = await outcome(child, where, timeoutMs);
  if (code !== 0) {
    throw new HxError("auth", `${where} ended with exit code ${code}`, {
      hint: "run it by hand to see why; perhaps a login has ended",
    });
  }
  const fields = fieldsOf(text);
  return credentialsIn(fields?.Version === 1 ? fields : undefined, where, "SessionToken");
}

function start(command: string, where: string): Deno.ChildProcess {
  const [program, ...args] = splitWords(command) ?? [];
  if (!program) {
    throw new HxError("config", `${where} is no command`, { hint: "close its quotes" });
  }
  try {
    return new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "inherit" })
      .spawn();
  } catch (error) {
    const hint = error instanceof Deno.errors.NotCapable
      ? "let the runtime start programs: --allow-run"
      : "check its path, which is not expanded, and that the file may be executed";
    throw new HxError("config", `${where} can't be started`, { hint });
  }
}

async function outcome(
  child: Deno.ChildProcess,
  where: string,
  timeoutMs: number,
): Promise<{ code: number; text: string }> {
  try {
    return await within(timeoutMs, async (signal) => {
      const output = await collect(child.stdout, { maxBytes: MAX_ANSWER_BYTES, signal });
      const { code } = await orAbort(child.status, signal);
      return { code, text: new TextDecoder().decode(output) };
    });
  } catch (error) {
    end(child);
    await child.status;
    if (isCategory(error, "corrupt")) throw new HxError("config", `${where} wrote too much`);
    throw new HxError("timeout", `${where} took longer than ${timeoutMs / 1000} s`, {
      hint: "run it by hand to see why",
    });
  }
}

function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended, and left its output to a program that it had started.
  }
}
