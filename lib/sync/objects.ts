/** Fetching and applying the segments and tombstones that are published and not here. */
import { asHxError } from "../errors.ts";
import { indexTexts, type NumberedKind, readIdentity, readRanges } from "../db/mod.ts";
import { applyBatch, type NumberedObject, type OpenedObject } from "../importer/mod.ts";
import { countMissing, missingNumbers } from "../manifest/mod.ts";
import { CONCURRENCY, type SyncContext } from "./context.ts";
import { DeleteGuard } from "./delete_guard.ts";
import { fetchAhead } from "./fetch_ahead.ts";
import { type Fetched, fetchNumbered, isObjectFailure, openFetched } from "./numbered.ts";
import type { Recorder } from "./report.ts";

/** After this many objects in a row that are not there, the rest of a node waits for the next pull. */
const MAX_ABSENT = 100;

/** Objects, and events, in one transaction. */
const BATCH_OBJECTS = 16;
const BATCH_EVENTS = 20_000;

/** After this many failures in a row that are the store's rather than an object's, the pull ends. */
const MAX_STORE_FAILURES = 5;

/** So many rejected objects of one kind are warned of one by one. */
const MAX_WARNINGS = 5;

/**
 * Fetches and applies all that is missing of one kind. Tombstones that would remove much of the history
 * are asked for first.
 *
 * @param isNamed whether manifests name all of it: see {@link applyBatch}
 */
export async function importMissing(
  context: SyncContext,
  recorder: Recorder,
  kind: NumberedKind,
  isNamed = true,
): Promise<void> {
  const guard = kind === "tombstone" ? DeleteGuard.forHistory(context) : undefined;
  const run = new ImportRun(context, recorder, isNamed);
  const results = fetchAhead(run.missing(kind), {
    limit: context.concurrency ?? CONCURRENCY,
    signal: context.signal,
    call: (object, signal) => fetchNumbered({ ...context, signal }, object),
    sizeOf: (fetched) => "bytes" in fetched ? fetched.bytes?.length ?? 0 : 0,
  });
  try {
    for await (const fetched of results) await run.take(fetched, guard);
    if (guard) { for await (const fetched of guard.released(recorder)) await run.take(fetched); }
  } finally {
    // Also after a failure: what has been fetched is worth keeping.
    await run.flush();
    indexTexts(context.db);
  }
}

/** How many published objects of both kinds are not here. */
export function countHoles(context: Pick<SyncContext, "db">): number {
  return missingTotal(context, "tombstone") + missingTotal(context, "segment");
}

function missingTotal({ db }: Pick<SyncContext, "db">, kind: NumberedKind): number {
  const self = readIdentity(db)?.nodeId;
  const imported = readRanges(db, "imported", kind);
  let total = 0;
  for (const [nodeId, known] of readRanges(db, "known", kind)) {
    if (nodeId !== self) total += countMissing(known, imported.get(nodeId) ?? []);
  }
  return total;
}

class ImportRun {
  readonly #context: SyncContext;
  readonly #recorder: Recorder;
  readonly #isNamed: boolean;
  readonly #absentInARow = new Map<string, number>();
  #storeFailures = 0;
  #warnings = 0;
  #batch: OpenedObject[] = [];
  #events = 0;
  #done = 0;
  #total = 0;

  constructor(context: SyncContext, recorder: Recorder, isNamed: boolean) {
    this.#context = context;
    this.#recorder = recorder;
    this.#isNamed = isNamed;
  }

  /** The numbers that are published and not here, node by node. */
  *missing(kind: NumberedKind): Generator<NumberedObject> {
    const { db } = this.#context;
    const self = readIdentity(db)!.nodeId;
    const imported = readRanges(db, "imported", kind);
    this.#total = missingTotal(this.#context, kind);
    for (const [nodeId, known] of readRanges(db, "known", kind)) {
      if (nodeId === self) continue;
      for (const number of missingNumbers(known, imported.get(nodeId) ?? [])) {
        if ((this.#absentInARow.get(nodeId) ?? 0) >= MAX_ABSENT) break;
        yield { kind, nodeId, number };
      }
    }
  }

  /** Takes one result in; with a guard, only as far as to weigh it. */
  async take(fetched: Fetched, guard?: DeleteGuard): Promise<void> {
    const { object } = fetched;
    const opened = await this.#open(fetched);
    const absent = this.#absentInARow.get(object.nodeId) ?? 0;
    this.#absentInARow.set(object.nodeId, opened === "absent" ? absent + 1 : 0);
    if (opened === "absent" || opened === "future") this.#recorder.skipped[object.kind]++;
    else if (opened?.kind === "tombstone" && guard) return await guard.weigh(opened, fetched);
    else if (opened) await this.#add(opened);
    const { notify } = this.#context;
    notify({ type: "progress", phase: "pull", done: ++this.#done, total: this.#total });
  }

  /** Opens an object; undefined where it was rejected. */
  async #open(fetched: Fetched): Promise<OpenedObject | "absent" | "future" | undefined> {
    try {
      return await openFetched(this.#context, fetched);
    } catch (error) {
      if (!isObjectFailure(error)) throw error;
      this.#reject(fetched.object, error);
    }
  }

  async #add(opened: OpenedObject): Promise<void> {
    this.#storeFailures = 0;
    this.#batch.push(opened);
    if (opened.kind === "segment") this.#events += opened.payload.events.length;
    if (this.#batch.length >= BATCH_OBJECTS || this.#events >= BATCH_EVENTS) await this.flush();
  }

  /** Applies what was taken in. */
  async flush(): Promise<void> {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#events = 0;
    await this.#context.step?.("apply");
    const { db, keys } = this.#context;
    const results = await applyBatch(db, keys, batch, this.#isNamed);
    for (const [index, object] of batch.entries()) {
      if (results[index] === undefined) this.#recorder.imported[object.kind]++;
      else this.#reject(object, results[index]);
    }
  }

  #reject(object: NumberedObject, error: unknown): void {
    const { category, message } = asHxError(error);
    this.#recorder.reject(object.kind, category);
    // The report counts them all; a screen full of them would say no more.
    if (++this.#warnings <= MAX_WARNINGS) this.#context.notify({ type: "warning", message });
    if (category === "corrupt" || category === "hash-mismatch") return;
    if (++this.#storeFailures >= MAX_STORE_FAILURES) throw error;
  }
}
