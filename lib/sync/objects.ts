/** Fetching and applying the segments and tombstones that are published and not here. */
import { asHxError, type Category, isCategory } from "../errors.ts";
import { LIMITS } from "../format/mod.ts";
import { indexTexts, type NumberedKind, readIdentity, readRanges } from "../db/mod.ts";
import {
  applyBatch,
  type NumberedObject,
  type OpenedObject,
  openNumbered,
} from "../importer/mod.ts";
import { countMissing, missingNumbers } from "../manifest/mod.ts";
import { CONCURRENCY, type SyncContext } from "./context.ts";
import { fetchAhead } from "./fetch_ahead.ts";
import { keyOfNumber } from "./names.ts";
import { readObject } from "./read.ts";
import type { Recorder } from "./report.ts";

/** After this many objects in a row that are not there, the rest of a node waits for the next pull. */
const MAX_ABSENT = 100;

/** Objects, and events, in one transaction. */
const BATCH_OBJECTS = 16;
const BATCH_EVENTS = 20_000;

/** Failures that are one object's own; the others would meet every object alike. */
const OBJECT_FAILURES: ReadonlySet<Category> = new Set([
  "corrupt",
  "hash-mismatch",
  "auth",
  "server",
  "conflict",
]);

/** After this many failures in a row that are the store's rather than an object's, the pull ends. */
const MAX_STORE_FAILURES = 5;

/** What became of one object. */
type Fetched =
  & { object: NumberedObject }
  & (
    | { state: "opened"; opened: OpenedObject }
    | { state: "absent" | "future" }
    | { state: "failed"; error: unknown }
  );

/** Fetches and applies all that is missing of one kind. */
export async function importMissing(
  context: SyncContext,
  recorder: Recorder,
  kind: NumberedKind,
): Promise<void> {
  const run = new ImportRun(context, recorder);
  const results = fetchAhead(
    run.missing(kind),
    context.concurrency ?? CONCURRENCY,
    context.signal,
    (object, signal) => fetchObject({ ...context, signal }, object),
  );
  try {
    for await (const fetched of results) await run.take(fetched);
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

/** Reads and opens one object; one that does not open is fetched once more. */
async function fetchObject(context: SyncContext, object: NumberedObject): Promise<Fetched> {
  const { store, keys, signal } = context;
  const key = await keyOfNumber(object, keys.vaultId);
  for (let attempt = 1;; attempt++) {
    try {
      const found = await readObject(store, key, LIMITS[object.kind].stored, signal);
      if (!found) return { object, state: "absent" };
      const opened = await openNumbered(object, found.bytes, keys, context.clock());
      return opened ? { object, state: "opened", opened } : { object, state: "future" };
    } catch (error) {
      if (isCategory(error, "corrupt") && attempt === 1) continue;
      if (!OBJECT_FAILURES.has(asHxError(error).category)) throw error;
      return { object, state: "failed", error };
    }
  }
}

class ImportRun {
  readonly #context: SyncContext;
  readonly #recorder: Recorder;
  readonly #absentInARow = new Map<string, number>();
  #storeFailures = 0;
  #batch: OpenedObject[] = [];
  #events = 0;
  #done = 0;
  #total = 0;

  constructor(context: SyncContext, recorder: Recorder) {
    this.#context = context;
    this.#recorder = recorder;
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

  /** Takes one result in. */
  async take(fetched: Fetched): Promise<void> {
    const { object } = fetched;
    this.#done++;
    const absent = this.#absentInARow.get(object.nodeId) ?? 0;
    this.#absentInARow.set(object.nodeId, fetched.state === "absent" ? absent + 1 : 0);
    if (fetched.state === "opened") {
      this.#storeFailures = 0;
      this.#batch.push(fetched.opened);
      if (fetched.opened.kind === "segment") this.#events += fetched.opened.payload.events.length;
      if (this.#batch.length >= BATCH_OBJECTS || this.#events >= BATCH_EVENTS) await this.flush();
    } else if (fetched.state === "failed") {
      this.#reject(object, fetched.error);
    } else {
      this.#recorder.skipped[object.kind]++;
    }
    const { notify } = this.#context;
    notify({ type: "progress", phase: "pull", done: this.#done, total: this.#total });
  }

  /** Applies what was taken in. */
  async flush(): Promise<void> {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#events = 0;
    await this.#context.step?.("apply");
    const results = await applyBatch(this.#context.db, this.#context.keys, batch);
    for (const [index, object] of batch.entries()) {
      if (results[index] === undefined) this.#recorder.imported[object.kind]++;
      else this.#reject(object, results[index]);
    }
  }

  #reject(object: NumberedObject, error: unknown): void {
    const { category, message } = asHxError(error);
    this.#recorder.reject(object.kind, category);
    this.#context.notify({ type: "warning", message });
    if (category === "corrupt" || category === "hash-mismatch") return;
    if (++this.#storeFailures >= MAX_STORE_FAILURES) throw error;
  }
}
