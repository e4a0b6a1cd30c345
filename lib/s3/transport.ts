/**
 * Sends signed requests: counts them, repeats what may be repeated, and says what went wrong.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { abortError, collect, guard, orAbort } from "../store/mod.ts";
import type { StoreObserver, StoreOperation } from "../store/mod.ts";
import type { S3Fetch } from "./clients.ts";
import type { CredentialsProvider } from "./credentials.ts";
import { type Bearings, correctionOf } from "./correction.ts";
import { Deadline } from "./deadline.ts";
import { Failure, failureOf, networkFailureOf, type Purpose } from "./errors.ts";
import { retrying, type Sleep } from "./retry.ts";
import { sign, type Unsigned } from "./signing.ts";
import type { S3Location } from "./uri.ts";

/** What {@link Transport} works with. */
export interface TransportOptions {
  /** Where the bucket is. */
  location: S3Location;
  /** Asked before every try, so that renewed credentials count at once. */
  credentials: CredentialsProvider;
  /** How requests are sent. */
  fetch: S3Fetch;
  /** The clock, in milliseconds since 1970. */
  clock: () => number;
  /** From 0 up to, not including, 1. */
  random: () => number;
  /** How to wait between tries. */
  sleep: Sleep;
  /** Told of every HTTP request. */
  observer?: StoreObserver;
  /** How long one request may take with all its retries, in milliseconds, a body not counted. */
  timeoutMs: number;
}

/** One request, and what to make of its answer. */
export interface Call<T> extends Unsigned {
  operation: StoreOperation;
  /** The permission it takes, such as `s3:PutObject`. */
  action: string;
  /** What error texts call the keys, where it is not the key's folder. */
  target?: string;
  /** Send it over a connection of its own (conditional writes, and what starts or ends uploads). */
  fresh?: boolean;
  /**
   * Reads an answer with a status of success. The deadline belongs to the reader where `streams` is
   * set: it ends it with the body.
   */
  read(response: Response, deadline: Deadline): Promise<T>;
  /** The answer's body is handed on and read after `read` has returned. */
  streams?: boolean;
}

const ERROR_BODY_BYTES = 64 * 1024;
/** A page of 1,000 keys of 1,024 bytes, every one of them percent-encoded, and more. */
const ANSWER_BYTES = 16 * 1024 * 1024;

/** The owned transport: aws4fetch signs, this sends. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #signingKeys = new Map<string, ArrayBuffer>();
  #bearings: Bearings;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#bearings = { location: options.location, skewMs: 0 };
  }

  /**
   * Sends a request until it is answered, or repeating it is no use.
   *
   * @throws {HxError} of every category but `usage`, `busy` and `unexpected`
   */
  async send<T>(call: Call<T>, signal?: AbortSignal): Promise<T> {
    const { clock, random, sleep, timeoutMs } = this.#options;
    const deadline = new Deadline(timeoutMs, call.body?.length ?? 0);
    const either = signal === undefined
      ? deadline.signal
      : AbortSignal.any([signal, deadline.signal]);
    let last: Failure | undefined;
    const used = { corrected: false };
    const classify = (error: unknown) => last = error instanceof Failure ? error : undefined;
    let handedOn = false;
    try {
      const end = clock() + deadline.milliseconds;
      const retry = { clock, random, sleep, deadline: end, signal: either, classify };
      const result = await retrying(
        retry,
        (attempt) => this.#attempt(call, attempt, either, deadline, used),
      );
      handedOn = call.streams ?? false;
      return result;
    } catch (error) {
      if (error instanceof Failure) throw error.error;
      if (deadline.signal.aborted && !signal?.aborted && last !== undefined) throw last.error;
      throw error;
    } finally {
      if (!handedOn) deadline.clear();
    }
  }

  /** What a call is about, for error texts. */
  purposeOf(call: { action: string; key?: string; target?: string }): Purpose {
    const { bucket } = this.#options.location;
    const folder = call.key?.replace(/[^/]*$/, "*");
    return {
      action: call.action,
      target: call.target ?? (folder === undefined ? bucket : `${bucket}/${folder}`),
    };
  }

  /** The body of an answer as text, counted. */
  async textOf(response: Response, signal?: AbortSignal): Promise<string> {
    if (response.body === null) return "";
    const onBytes = (bytes: number) => this.#options.observer?.received(bytes);
    const what = "the storage's answer";
    const body = guard(response.body, { what, onBytes, signal, maxBytes: ANSWER_BYTES });
    return new TextDecoder().decode(await collect(body));
  }

  async #attempt<T>(
    call: Call<T>,
    attempt: number,
    signal: AbortSignal,
    deadline: Deadline,
    used: { corrected: boolean },
  ): Promise<T> {
    const { observer, clock } = this.#options;
    const purpose = this.purposeOf(call);
    const started = clock();
    const note = (outcome: string) =>
      observer?.note?.({
        operation: call.operation,
        key: call.key ?? purpose.target,
        attempt,
        outcome,
        milliseconds: clock() - started,
      });
    // As they are now: another request may have them corrected while this one is under way.
    const bearings = this.#bearings;
    let response: Response;
    try {
      response = await this.#fetch(call, attempt, bearings, signal);
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      if (error instanceof HxError) throw error;
      const failure = networkFailureOf(purpose, error);
      note(failure.error.category);
      throw failure;
    }
    note(String(response.status));
    if (!response.ok) {
      const { failure, correction } = await this.#refusal(purpose, response, bearings, signal);
      if (correction === undefined || used.corrected) throw failure;
      // Once a request: signed by the server's clock, for the bucket's own region.
      used.corrected = true;
      this.#bearings = correction;
      throw new Failure(failure.error, { attempts: attempt + 1 }, failure.code);
    }
    try {
      return await call.read(response, deadline);
    } catch (error) {
      throw readFailure(purpose, error, signal);
    }
  }

  async #fetch<T>(
    call: Call<T>,
    attempt: number,
    { location, skewMs }: Bearings,
    signal: AbortSignal,
  ): Promise<Response> {
    const { credentials, clock, fetch, observer } = this.#options;
    const { url, headers } = await sign(call, {
      location,
      credentials: await orAbort(credentials(), signal),
      now: clock() + skewMs,
      cache: this.#signingKeys,
    });
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
    return await (call.fresh ? fetch.fresh(url, init) : fetch.pooled(url, init));
  }

  async #refusal(
    purpose: Purpose,
    response: Response,
    bearings: Bearings,
    signal: AbortSignal,
  ): Promise<{ failure: Failure; correction: Bearings | undefined }> {
    const { status } = response;
    const retryAfter = response.headers.get("retry-after");
    let body = "";
    try {
      if (response.body !== null) {
        const bytes = await collect(response.body, { maxBytes: ERROR_BODY_BYTES, signal });
        body = new TextDecoder().decode(bytes);
      }
    } catch {
      // The status says enough.
    }
    return {
      failure: failureOf(purpose, { status, body, retryAfter }),
      correction: correctionOf(bearings, response, body, this.#options.clock()),
    };
  }
}

/** What is wrong with an answer that began well; its body was cut, or makes no sense. */
function readFailure(purpose: Purpose, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return abortError(signal);
  if (error instanceof Failure) return error;
  if (!(error instanceof HxError)) return networkFailureOf(purpose, error);
  const passing = error.category === "network" || error.category === "server";
  return passing ? new Failure(error, { attempts: 3 }) : error;
}
