/**
 * Reads answers, and says what is wrong with one that began well.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { abortError, collect, guard } from "../store/mod.ts";
import type { Answer, Call, Live } from "./call.ts";
import { StallError, type Watchdog } from "./deadline.ts";
import { Failure } from "./errors.ts";

const REFUSAL_BYTES = 64 * 1024;
/** A page of 1,000 keys of 1,024 bytes, every one of them percent-encoded, and more. */
const ANSWER_BYTES = 16 * 1024 * 1024;

/** The answer whole; its body is read or dropped. */
export async function readAnswer(
  call: Call,
  { status, headers, body }: Response,
  { watchdog, signal }: Live,
  onBytes: (bytes: number) => void,
): Promise<Answer> {
  if (body === null) return { status, headers, text: "" };
  if (!call.answers) {
    await body.cancel().catch(() => {});
    return { status, headers, text: "" };
  }
  watchdog.expect();
  const heard = (bytes: number) => {
    watchdog.expect();
    onBytes(bytes);
  };
  const what = "the storage's answer";
  const guarded = guard(body, { what, onBytes: heard, signal, maxBytes: ANSWER_BYTES });
  return { status, headers, text: new TextDecoder().decode(await collect(guarded)) };
}

/** What a refusal says; nothing where that cannot be read: its status says enough. */
export async function readRefusal({ body }: Response, { signal, watchdog }: Live): Promise<string> {
  if (body === null) return "";
  watchdog.expect();
  try {
    return new TextDecoder().decode(await collect(body, { maxBytes: REFUSAL_BYTES, signal }));
  } catch {
    return "";
  } finally {
    watchdog.rest();
  }
}

/**
 * What to throw for an error of a try; undefined where it is the network's. The caller's signal and
 * the deadline end the call, all other failures the try.
 */
export function readFailure(
  error: unknown,
  signal: AbortSignal,
  watchdog: Watchdog,
): HxError | Failure | undefined {
  if (signal.aborted) return abortError(signal);
  const stall: unknown = watchdog.signal.reason;
  if (stall instanceof StallError) return new Failure(stall, { attempts: 8 });
  if (error instanceof Failure) return error;
  if (!(error instanceof HxError)) return undefined;
  const passing = error.category === "network" || error.category === "server";
  return passing ? new Failure(error, { attempts: 3 }) : error;
}
