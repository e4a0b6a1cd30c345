/**
 * Sends signed requests: counts them, repeats what may be repeated, and says what went wrong.
 *
 * @module
 */
import { orAbort } from "../store/mod.ts";
import { readAnswer, readFailure, readRefusal } from "./answer.ts";
import type { Answer, Call, Live, TransportOptions } from "./call.ts";
import { type Bearings, corrected, correctionOf, regionOf, skewOf } from "./correction.ts";
import type { Credentials } from "./credentials.ts";
import { saysExpired } from "./conditions.ts";
import { bodyMs, Deadline, systemTimer, type Timer, Watchdog } from "./deadline.ts";
import { Failure, failureOf, type Purpose, Refusal, wordsOf } from "./errors.ts";
import { Limiter, type Slot } from "./limiter.ts";
import { networkFailureOf } from "./network_errors.ts";
import { retrying } from "./retry.ts";
import { sign } from "./signing.ts";
import type { S3Location } from "./uri.ts";

const CONCURRENCY = 16;
const STALL_MS = 30_000;

/** One call, over all its tries. */
interface Run {
  call: Call;
  purpose: Purpose;
  deadline: Deadline;
  /** The caller's, or the deadline's. */
  signal: AbortSignal;
  /** The slot of the first try. */
  slot: Slot;
  /** What was put right so far; each of it once. */
  mended: Set<"skew" | "region" | "credentials">;
}

/** Makes something of an answer with a status of success. */
type Use<T> = (response: Response, live: Live) => Promise<T>;

/** The owned transport: aws4fetch signs, this sends. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #timer: Timer;
  readonly #stallMs: number;
  readonly #limiter: Limiter;
  readonly #signingKeys = new Map<string, ArrayBuffer>();
  #bearings: Bearings;
  #skewMs: number | undefined;
  #proven = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#timer = options.timer ?? systemTimer;
    // A short patience with requests is one with silence too; half of it leaves time to try again.
    this.#stallMs = options.stallMs ?? Math.min(STALL_MS, options.timeoutMs / 2);
    this.#limiter = new Limiter(options.concurrency ?? CONCURRENCY);
    this.#bearings = { location: options.location, skewMs: 0 };
  }

  /** Where requests go now: the location given, or the bucket's own region. */
  get location(): S3Location {
    return this.#bearings.location;
  }

  /** The server's clock less ours, in milliseconds, by its last answer; undefined before one. */
  get skewMs(): number | undefined {
    return this.#skewMs;
  }

  /** Whether an answer has shown that the storage takes the credentials. */
  get proven(): boolean {
    return this.#proven;
  }

  /**
   * Sends a request until it is answered, or repeating it is no use. It holds a slot of the limiter
   * while it is under way; not while it waits for its next try.
   *
   * @param read makes something of an answer with a status of success
   * @throws {HxError} of every category but `usage`, `busy` and `unexpected`
   */
  async send<T>(call: Call, read: (answer: Answer) => T, signal?: AbortSignal): Promise<T> {
    const { observer } = this.#options;
    const onBytes = (bytes: number) => observer?.received(bytes);
    return await this.#run(call, signal, false, async (response, live) => {
      return read(await readAnswer(call, response, live, onBytes));
    });
  }

  /**
   * The same for an answer whose body is read later. Its slot ends where the body begins: a caller
   * may hold any number of bodies open and still ask for more. What `use` is given is its own from
   * then on: it clears the deadline when the body is over.
   *
   * @throws {HxError} as {@link Transport.send}
   */
  async open<T>(call: Call, use: Use<T>, signal?: AbortSignal): Promise<T> {
    return await this.#run(call, signal, true, use);
  }

  /** What a call is about, for error texts. */
  purposeOf(call: Pick<Call, "action" | "key" | "target">): Purpose {
    const { bucket } = this.#options.location;
    const folder = call.key?.replace(/[^/]*$/, "*");
    return {
      action: call.action,
      target: call.target ?? (folder === undefined ? bucket : `${bucket}/${folder}`),
    };
  }

  async #run<T>(
    call: Call,
    signal: AbortSignal | undefined,
    handsOn: boolean,
    use: Use<T>,
  ): Promise<T> {
    const { clock, random, sleep, timeoutMs } = this.#options;
    // Before the deadline begins: waiting for one's turn is not slowness of the storage.
    const slot = await this.#limiter.acquire(signal);
    const purpose = this.purposeOf(call);
    const milliseconds = (call.timeoutMs ?? timeoutMs) + sendMs(call);
    const deadline = new Deadline(this.#timer, wordsOf(purpose), milliseconds);
    const either = signal === undefined
      ? deadline.signal
      : AbortSignal.any([signal, deadline.signal]);
    const run: Run = { call, purpose, deadline, signal: either, slot, mended: new Set() };
    let last: Failure | undefined;
    const classify = (error: unknown) => last = error instanceof Failure ? error : undefined;
    let handedOn = false;
    try {
      const end = clock() + deadline.milliseconds;
      const retry = { clock, random, sleep, deadline: end, signal: either, classify };
      const result = await retrying(retry, (attempt) => this.#try(run, attempt, use));
      handedOn = handsOn;
      return result;
    } catch (error) {
      if (error instanceof Failure) throw error.error;
      if (deadline.signal.aborted && !signal?.aborted && last !== undefined) throw last.error;
      throw error;
    } finally {
      slot.release();
      if (!handedOn) deadline.clear();
    }
  }

  /** One try in its slot, with its own watch for silence. */
  async #try<T>(run: Run, attempt: number, use: Use<T>): Promise<T> {
    const slot = attempt === 1 ? run.slot : await this.#limiter.acquire(run.signal, true);
    const watchdog = new Watchdog(this.#timer, wordsOf(run.purpose), this.#stallMs);
    const signal = AbortSignal.any([run.signal, watchdog.signal]);
    try {
      const result = await this.#exchange(run, attempt, use, {
        deadline: run.deadline,
        watchdog,
        signal,
      });
      slot.served();
      return result;
    } catch (error) {
      if (error instanceof Failure && error.retry.crowded) slot.crowded();
      else if (error instanceof Failure && isOrderly(error)) slot.served();
      throw error;
    } finally {
      watchdog.rest();
      slot.release();
    }
  }

  async #exchange<T>(run: Run, attempt: number, use: Use<T>, live: Live): Promise<T> {
    const { call, purpose } = run;
    const { signal, watchdog } = live;
    const { clock, credentials } = this.#options;
    const keys = await orAbort(credentials(), signal);
    // As they are now: another request may have them corrected while this one is under way.
    const bearings = this.#bearings;
    const note = this.#noteOf(run, attempt);
    let response: Response;
    try {
      response = await this.#fetch(call, attempt, { ...bearings, credentials: keys }, live);
    } catch (error) {
      const failure = readFailure(error, run.signal, watchdog) ?? networkFailureOf(purpose, error);
      note(failure instanceof Failure ? failure.error.category : failure.category);
      throw failure;
    }
    watchdog.rest();
    note(String(response.status));
    this.#skewMs = skewOf(response, clock()) ?? this.#skewMs;
    if (!response.ok) throw await this.#refused(run, response, bearings, keys, live);
    this.#proven = true;
    try {
      return await use(response, live);
    } catch (error) {
      throw readFailure(error, run.signal, watchdog) ?? networkFailureOf(purpose, error);
    }
  }

  async #fetch(
    call: Call,
    attempt: number,
    { location, skewMs, credentials }: Bearings & { credentials: Credentials },
    { signal, watchdog }: Live,
  ): Promise<Response> {
    const { clock, fetch, observer } = this.#options;
    const { url, headers } = await sign(call, {
      location,
      credentials,
      now: clock() + skewMs,
      cache: this.#signingKeys,
    });
    call.onTry?.();
    observer?.request(call.operation);
    if (attempt > 1) observer?.retry();
    if (call.body !== undefined) observer?.sent(call.body.length);
    const init: RequestInit = {
      method: call.method,
      headers,
      redirect: "manual",
      signal,
      ...(call.body === undefined ? {} : { body: call.body }),
    };
    watchdog.expect(sendMs(call));
    return await (call.fresh ? fetch.fresh(url, init) : fetch.pooled(url, init));
  }

  /** The failure that a refusal is; to be tried again at once where it could be mended. */
  async #refused(
    { purpose, mended }: Run,
    response: Response,
    bearings: Bearings,
    keys: Credentials,
    live: Live,
  ): Promise<Failure> {
    const { status } = response;
    const retryAfter = response.headers.get("retry-after");
    const body = await readRefusal(response, live);
    const region = regionOf(response, body);
    const failure = failureOf(purpose, { status, body, retryAfter, region });
    const code = failure.error instanceof Refusal ? failure.error.code : undefined;
    if (code === "NoSuchKey") this.#proven = true;
    const again = () => new Failure(failure.error, { attempts: Infinity });
    const correction = correctionOf(bearings, response, body, this.#options.clock());
    if (correction !== undefined && !mended.has(correction.kind)) {
      mended.add(correction.kind);
      this.#bearings = corrected(this.#bearings, correction);
      return again();
    }
    if (!saysExpired(code) || mended.has("credentials")) return failure;
    mended.add("credentials");
    return await this.#renewed(keys, live.signal) ? again() : failure;
  }

  /** Whether there are other credentials now than those that have run out. */
  async #renewed(old: Credentials, signal: AbortSignal): Promise<boolean> {
    const { credentials } = this.#options;
    const isOther = ({ accessKeyId, sessionToken }: Credentials) =>
      accessKeyId !== old.accessKeyId || sessionToken !== old.sessionToken;
    // Another request may have had them renewed while this one was under way.
    if (isOther(await orAbort(credentials(), signal))) return true;
    if (credentials.refresh === undefined) return false;
    return isOther(await orAbort(credentials.refresh(), signal));
  }

  #noteOf({ call, purpose }: Run, attempt: number): (outcome: string) => void {
    const { observer, clock } = this.#options;
    const started = clock();
    return (outcome) =>
      observer?.note?.({
        operation: call.operation,
        key: call.key ?? purpose.target,
        attempt,
        outcome,
        milliseconds: clock() - started,
      });
  }
}

/** Whether the storage has served the request well, if not as was wished. */
function isOrderly({ error }: Failure): boolean {
  return error instanceof Refusal && error.status < 500;
}

/** What a slow link and the storage's own work add to a request's time, in milliseconds. */
function sendMs({ body, workBytes = 0 }: Call): number {
  return bodyMs((body?.length ?? 0) + workBytes);
}
