/** What a run did, as `hx sync status` shows it. Names are those of its JSON. */
import { asHxError, type Category } from "../errors.ts";
import type { Counts, Meter } from "../store/mod.ts";

/** Kinds of objects in a vault. */
export type ObjectKind = "manifest" | "segment" | "tombstone" | "blob";

/**
 * Why an object was rejected: an error's category, what is wrong with a manifest's freshness, or `held`:
 * a deletion of much of the history that nobody here agreed to.
 */
export type Rejection = Category | "rollback" | "equivocation" | "stale" | "missing" | "held";

/** Report of one push or pull. */
export interface RunReport extends Counts {
  /** Start, RFC 3339. */
  at: string;
  /** Whether it went through to its end. */
  ok: boolean;
  /** How long it took, in milliseconds. */
  duration_ms: number;
  /** Objects taken in by a pull, or sent by a push. */
  imported: Record<ObjectKind, number>;
  /** Objects passed over: unchanged, or not there yet. */
  skipped: Record<ObjectKind, number>;
  /** Objects that are there and were not taken in, by kind and reason. */
  rejected: Partial<Record<ObjectKind, Partial<Record<Rejection, number>>>>;
}

/** The last error of a run. */
export interface ErrorReport {
  at: string;
  operation: string;
  category: Category;
  message: string;
  hint: string | null;
}

/** Counts of one kind each, all zero. */
function zeros(): Record<ObjectKind, number> {
  return { manifest: 0, segment: 0, tombstone: 0, blob: 0 };
}

/** Collects what a run does. */
export class Recorder {
  readonly #meter: Meter;
  readonly #before: Counts;
  readonly #clock: () => number;
  readonly #start: number;
  /** Objects taken in by a pull, or sent by a push. */
  readonly imported: Record<ObjectKind, number> = zeros();
  /** Objects passed over: unchanged, not there yet, or with a name that is none. */
  readonly skipped: Record<ObjectKind, number> = zeros();
  /** Objects that are there and can't be taken in. */
  readonly rejected: RunReport["rejected"] = {};

  /** Begins to record, from the meter's present counts on. */
  constructor(context: { meter: Meter; clock: () => number }) {
    this.#meter = context.meter;
    this.#before = context.meter.counts;
    this.#clock = context.clock;
    this.#start = context.clock();
  }

  /** Counts an object that was rejected. */
  reject(kind: ObjectKind, why: Rejection): void {
    const counts = this.rejected[kind] ??= {};
    counts[why] = (counts[why] ?? 0) + 1;
  }

  /** The report so far. */
  report(ok: boolean): RunReport {
    return {
      at: new Date(this.#start).toISOString(),
      ok,
      duration_ms: Math.max(0, this.#clock() - this.#start),
      ...this.#meter.since(this.#before),
      imported: this.imported,
      skipped: this.skipped,
      rejected: this.rejected,
    };
  }
}

/** How many objects a report says were rejected. */
export function countRejections(rejected: RunReport["rejected"]): number {
  return Object.values(rejected)
    .flatMap((counts) => Object.values(counts))
    .reduce((sum, count) => sum + count, 0);
}

/** An error as status shows it. */
export function errorReport(error: unknown, operation: string, now: number): ErrorReport {
  const { category, message, hint } = asHxError(error);
  return { at: new Date(now).toISOString(), operation, category, message, hint: hint ?? null };
}
