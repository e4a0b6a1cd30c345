/**
 * Counting what a store is asked: one meter a run, whatever the store.
 *
 * @module
 */

/** The kinds of request that `status` counts. Multipart requests are puts, their abort a delete. */
export type StoreOperation = "list" | "get" | "put" | "head" | "delete";

/** One request that was answered, or failed: what `--verbose` shows. */
export interface RequestNote {
  /** What kind of request. */
  operation: StoreOperation;
  /** The key or listing prefix it was about. */
  key: string;
  /** Which try this was, from 1. */
  attempt: number;
  /** HTTP status (in a folder `ok`), or the category of the failure. */
  outcome: string;
  /** How long the answer took to begin, in milliseconds. */
  milliseconds: number;
}

/**
 * What a transport reports to. The S3 transport calls it once for every HTTP request it sends, tries
 * included; {@link CountingStore} calls it once a call for stores without a transport.
 */
export interface StoreObserver {
  /** A request goes out. */
  request(operation: StoreOperation): void;
  /** The request that goes out next repeats one that failed. */
  retry(): void;
  /** Body bytes were received. */
  received(bytes: number): void;
  /** Body bytes were sent. */
  sent(bytes: number): void;
  /** A request was answered, or failed. */
  note?(note: RequestNote): void;
}

/** What a {@link Meter} has counted; the names are those of `hx sync status --json`. */
export interface Counts {
  /** Requests sent, by operation; for S3 these are HTTP requests. */
  requests: Record<StoreOperation, number>;
  /** Body bytes received. */
  bytes_in: number;
  /** Body bytes sent. */
  bytes_out: number;
  /** Requests that repeated a failed one. */
  retries: number;
}

/** An observer that adds up. */
export class Meter implements StoreObserver {
  #counts: Counts = emptyCounts();
  readonly #note: ((note: RequestNote) => void) | undefined;

  /**
   * A meter at zero.
   *
   * @param note called for every request that ends, for `--verbose`
   */
  constructor(note?: (note: RequestNote) => void) {
    this.#note = note;
  }

  /** What has been counted so far: a copy. */
  get counts(): Counts {
    return structuredClone(this.#counts);
  }

  /** What has been counted since `before` was taken from {@link Meter.counts}. */
  since(before: Counts): Counts {
    const now = this.counts;
    for (const name of OPERATIONS) now.requests[name] -= before.requests[name];
    now.bytes_in -= before.bytes_in;
    now.bytes_out -= before.bytes_out;
    now.retries -= before.retries;
    return now;
  }

  /** Counts one request. */
  request(operation: StoreOperation): void {
    this.#counts.requests[operation]++;
  }

  /** Counts one retry. */
  retry(): void {
    this.#counts.retries++;
  }

  /** Counts bytes received. */
  received(bytes: number): void {
    this.#counts.bytes_in += bytes;
  }

  /** Counts bytes sent. */
  sent(bytes: number): void {
    this.#counts.bytes_out += bytes;
  }

  /** Passes a note on. */
  note(note: RequestNote): void {
    this.#note?.(note);
  }
}

const OPERATIONS: readonly StoreOperation[] = ["list", "get", "put", "head", "delete"];

/** Counts of nothing. */
export function emptyCounts(): Counts {
  return {
    requests: { list: 0, get: 0, put: 0, head: 0, delete: 0 },
    bytes_in: 0,
    bytes_out: 0,
    retries: 0,
  };
}
