/**
 * Repair: takes in all that the store holds, whatever cursors and ETags say, and puts back what it has
 * lost of this device's (docs/decisions/0009).
 */
import {
  addRange,
  type Blob,
  forgetEtags,
  type NumberedKind,
  readIdentity,
  readRanges,
  takeSyncLock,
  writeRun,
} from "../db/mod.ts";
import { applyBatch, type NumberedObject, type OpenedObject } from "../importer/mod.ts";
import { countMissing } from "../manifest/mod.ts";
import type { Counts } from "../store/mod.ts";
import { CONCURRENCY, type SyncContext } from "./context.ts";
import { fetchAhead } from "./fetch_ahead.ts";
import { importMissing } from "./objects.ts";
import { OwnCheck } from "./own_check.ts";
import { pull } from "./pull.ts";
import { push, split } from "./push.ts";
import { putBackBlob, putBackObject } from "./put_back.ts";
import { errorReport, type ObjectKind, Recorder } from "./report.ts";
import { type Finding, survey } from "./survey.ts";
import { type Inspection, Inspector } from "./verify.ts";

/** Report of a repair. Names are those of its JSON. */
export interface RepairReport extends Inspection, Counts {
  /** Start, RFC 3339. */
  at: string;
  /** How long it took, in milliseconds. */
  duration_ms: number;
  /** Objects taken in, by kind. */
  imported: Record<ObjectKind, number>;
  /** Objects put back into the store, by kind. */
  restored: Record<ObjectKind, number>;
  /** Records whose number another copy of this device had used: published under another one. */
  published_again: number;
  /** Objects published by the push at the end, by kind. */
  published: Record<ObjectKind, number>;
}

/**
 * Repairs under the device's sync lock; the last error stays in the database for status. It can be
 * stopped at any point and run again.
 *
 * @param lockPath the lock's file, beside the database
 * @throws {HxError} `busy` where a sync of this device runs; `not-found` or `auth` where the store holds
 * another vault; what the store fails with
 */
export async function runRepair(context: SyncContext, lockPath: string): Promise<RepairReport> {
  const lock = takeSyncLock(lockPath);
  try {
    return await repair(context);
  } catch (error) {
    writeRun(context.db, "last_error", errorReport(error, "repair", context.clock()));
    throw error;
  } finally {
    lock.release();
  }
}

/**
 * Repairs without the lock: pulls, looks at every object, puts back, pushes. What is wrong at the end is
 * in the report.
 */
export async function repair(given: SyncContext): Promise<RepairReport> {
  const context = askingOnce(given);
  const recorder = new Recorder(context);
  forgetEtags(context.db);
  await pull(context, recorder);
  const work = new Repair(context);
  for await (const finding of survey(context)) await work.take(finding);
  await work.flush();
  await work.putBack();
  if (await work.learn()) {
    await importMissing(context, recorder, "tombstone", false);
    await importMissing(context, recorder, "segment", false);
  }
  const { imported: published } = await push(context);
  const { at, duration_ms, imported, requests, ...report } = recorder.report(true);
  return {
    at,
    duration_ms,
    ...work.inspection(),
    imported,
    restored: work.restored,
    published_again: work.publishedAgain,
    published,
    requests,
    bytes_in: report.bytes_in,
    bytes_out: report.bytes_out,
    retries: report.retries,
  };
}

/** Who has said no to a deletion once is not asked again in the same run. */
function askingOnce(context: SyncContext): SyncContext {
  const { confirmDeletes } = context;
  if (!confirmDeletes) return context;
  let refused = false;
  return {
    ...context,
    confirmDeletes: async (question) => {
      if (!refused) refused = !await confirmDeletes(question);
      return !refused;
    },
  };
}

/** Objects being put back at once: a segment is large before it is sealed. */
const MAX_PUTS = 4;

/** Objects, and events, in one transaction. */
const BATCH_OBJECTS = 16;
const BATCH_EVENTS = 20_000;

/** Puts one object back; false where this device does not have what it held. */
function putBack(context: SyncContext, { object, blob, problem }: Finding): Promise<boolean> {
  return object
    ? putBackObject(context, object)
    : putBackBlob(context, blob as Blob, problem === "missing");
}

class Repair {
  readonly #context: SyncContext;
  readonly #inspector: Inspector;
  readonly #own: OwnCheck;
  readonly #self: string;
  readonly #taken: Readonly<Record<NumberedKind, number>>;
  readonly restored: Record<ObjectKind, number> = {
    manifest: 0,
    segment: 0,
    tombstone: 0,
    blob: 0,
  };
  publishedAgain = 0;
  #batch: OpenedObject[] = [];
  #events = 0;
  /** Own objects, and contents, that the store has lost or holds damaged. */
  readonly #lost: Finding[] = [];
  /** Objects that are in the store and not here. */
  readonly #found: Finding[] = [];
  /** There are own objects with numbers that this device has not taken. */
  #isCloned = false;

  constructor(context: SyncContext) {
    const { nodeId, segments, tombstones } = readIdentity(context.db)!;
    this.#context = context;
    this.#inspector = new Inspector(context);
    this.#own = new OwnCheck(context.db);
    this.#self = nodeId;
    this.#taken = { segment: segments, tombstone: tombstones };
  }

  /** Takes a finding in, and mends here what it shows to be missing. */
  async take(finding: Finding): Promise<void> {
    const { kind, problem, object, opened, nodeId, blob } = finding;
    if (problem !== undefined) {
      if (kind === "manifest" && nodeId === this.#self) {
        this.restored.manifest++; // the pull has seen the same, and the push at the end publishes it
        return this.#inspector.note({ ...finding, problem: undefined });
      }
      if (object?.nodeId === this.#self || blob) this.#lost.push(finding);
      else this.#inspector.note(finding);
      return;
    }
    if (opened && !this.#isKnown(opened)) {
      return void this.#found.push({ ...finding, opened: undefined });
    }
    if (opened?.nodeId === this.#self) await this.#takeOwn(opened);
    else if (opened) await this.#apply(opened);
    this.#inspector.note(finding);
  }

  /** Whether what an object holds has been here. */
  #isKnown(object: NumberedObject): boolean {
    if (object.nodeId !== this.#self) return this.#isImported(object);
    const isTaken = object.number <= this.#taken[object.kind];
    this.#isCloned ||= !isTaken;
    return isTaken;
  }

  async #takeOwn(opened: OpenedObject): Promise<void> {
    const { lost, holdsMore, publishAgain } = this.#own.compare(opened);
    if (lost > 0) {
      this.#context.db.transaction(publishAgain);
      this.publishedAgain += lost;
    }
    if (holdsMore) await this.#apply(opened);
  }

  #isImported({ kind, nodeId, number }: NumberedObject): boolean {
    const imported = readRanges(this.#context.db, "imported", kind).get(nodeId) ?? [];
    return countMissing([{ start: number, end: number }], imported) === 0;
  }

  async #apply(opened: OpenedObject): Promise<void> {
    this.#batch.push(opened);
    if (opened.kind === "segment") this.#events += opened.payload.events.length;
    if (this.#batch.length >= BATCH_OBJECTS || this.#events >= BATCH_EVENTS) await this.flush();
  }

  /** Applies what was taken in; all of it has been applied before, so it changes little. */
  async flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#events = 0;
    if (batch.length === 0) return;
    await this.#context.step?.("apply again");
    const errors = await applyBatch(this.#context.db, this.#context.keys, batch, false);
    const error = errors.find((error) => error !== undefined);
    if (error !== undefined) throw error;
  }

  /** Puts back what the store has lost and this device has. */
  async putBack(): Promise<void> {
    const results = fetchAhead(this.#lost, {
      limit: Math.min(this.#context.concurrency ?? CONCURRENCY, MAX_PUTS),
      signal: this.#context.signal,
      call: async (finding, signal) => ({
        finding,
        isBack: await putBack({ ...this.#context, signal }, finding),
      }),
    });
    for await (const { finding, isBack } of results) {
      const { kind } = finding;
      if (isBack) this.restored[kind as ObjectKind]++;
      this.#inspector.note(isBack ? { ...finding, problem: undefined } : finding);
    }
  }

  /**
   * Learns of objects that no cursor named. Own ones with numbers that were not taken here show that
   * another copy of this device goes on with its identity.
   *
   * @returns whether there is something to import
   */
  async learn(): Promise<boolean> {
    const { db } = this.#context;
    if (this.#isCloned) await split(this.#context);
    const known = this.#found.flatMap(({ object }) => object ?? []).filter(
      ({ kind, nodeId, number }) => {
        const before = readRanges(db, "known", kind).get(nodeId) ?? [];
        return countMissing([{ start: number, end: number }], before) > 0;
      },
    );
    db.transaction(() => {
      for (const { kind, nodeId, number } of known) {
        addRange(db, "known", kind, nodeId, { start: number, end: number });
      }
    });
    return known.length > 0;
  }

  /** How the vault is now. */
  inspection(): Inspection {
    for (const finding of this.#found) {
      const isHere = this.#isImported(finding.object!);
      this.#inspector.note(isHere ? finding : { ...finding, problem: "held" });
    }
    return this.#inspector.inspection();
  }
}
