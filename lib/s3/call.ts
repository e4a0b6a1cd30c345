/**
 * Requests and answers as the transport sees them.
 *
 * @module
 */
import type { StoreObserver, StoreOperation } from "../store/mod.ts";
import type { S3Fetch } from "./clients.ts";
import type { CredentialsProvider } from "./credentials.ts";
import type { Deadline, Timer, Watchdog } from "./deadline.ts";
import type { Sleep } from "./retry.ts";
import type { Unsigned } from "./signing.ts";
import type { S3Location } from "./uri.ts";

/** What the transport works with. */
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
  /** What deadlines hang on. @default the runtime's own timer */
  timer?: Timer;
  /** Told of every HTTP request. */
  observer?: StoreObserver;
  /** How long one request may take with all its retries, in milliseconds, a body not counted. */
  timeoutMs: number;
  /**
   * How long one try may go on without a byte of an answer, in milliseconds; a body that goes out
   * adds a second for each 16 KiB. @default 30 s, or half of `timeoutMs` where that is less
   */
  stallMs?: number;
  /** Requests in flight at most; the storage's refusals bring it down for a while. @default 16 */
  concurrency?: number;
}

/** One request. */
export interface Call extends Unsigned {
  /** What it counts as. */
  operation: StoreOperation;
  /** The permission it takes, such as `s3:PutObject`. */
  action: string;
  /** What error texts call the keys, where it is not the key's folder. */
  target?: string;
  /** Send it over a connection of its own (conditional writes, and what starts or ends uploads). */
  fresh?: boolean;
  /** The body of its answer matters; else it is dropped unread. */
  answers?: boolean;
  /** What the storage has to do before it answers, as the body bytes that would take as long. */
  workBytes?: number;
  /** Its own limit instead of {@link TransportOptions.timeoutMs}. */
  timeoutMs?: number | undefined;
  /** Called before each try. */
  onTry?: () => void;
}

/** An answer with a status of success. */
export interface Answer {
  /** The HTTP status. */
  status: number;
  /** Its headers. */
  headers: Headers;
  /** Its body; empty unless the call {@link Call.answers}. */
  text: string;
}

/** What watches over an answer while it is read. */
export interface Live {
  /** The whole request's time. */
  deadline: Deadline;
  /** The time without a byte. */
  watchdog: Watchdog;
  /** Fires with either of them, or with the caller's signal. */
  signal: AbortSignal;
}
