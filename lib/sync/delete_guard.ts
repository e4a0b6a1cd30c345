/**
 * Asks before a pull removes much of the history: a key that leaked, or a device gone wrong, should not
 * be able to empty the others unseen. All tombstones of the pull are weighed before the first of them
 * is applied, so that many small ones count as much as a large one.
 */
import { countEvents, eventsUnder, lastEventId, seenManifests } from "../db/mod.ts";
import type { TombstonePayload } from "../format/types.ts";
import {
  nodesForgottenBy,
  type NumberedObject,
  type OpenedObject,
  storedTexts,
  withDigests,
} from "../importer/mod.ts";
import type { DeleteQuestion, SyncContext } from "./context.ts";
import { type Fetched, fetchNumbered } from "./numbered.ts";
import type { Recorder } from "./report.ts";

/** Fewer events than this go unasked. */
const MIN_EVENTS = 1000;

/** So does less than this part of the history. */
const MIN_SHARE = 0.1;

/** So many bytes of sealed tombstones are kept while they are weighed; others are fetched again. */
const KEPT_BYTES = 64 * 1024 * 1024;

/** A tombstone that has been weighed. */
interface Weighed {
  object: NumberedObject;
  bytes: Uint8Array<ArrayBuffer> | undefined;
  /** It would remove something that is here. */
  removes: boolean;
}

/** Weighs the tombstones of one pull. */
export class DeleteGuard {
  readonly #context: SyncContext;
  readonly #history: number;
  /** By row number of an event: 1 where it would be removed. */
  readonly #doomed: Uint8Array;
  readonly #byNode = new Map<string, number>();
  readonly #weighed: Weighed[] = [];
  #events = 0;
  #bytes = 0;

  /** A guard for the pull that begins; undefined where there is too little to guard. */
  static forHistory(context: SyncContext): DeleteGuard | undefined {
    const history = countEvents(context.db);
    return history > MIN_EVENTS ? new DeleteGuard(context, history) : undefined;
  }

  private constructor(context: SyncContext, history: number) {
    this.#context = context;
    this.#history = history;
    this.#doomed = new Uint8Array(lastEventId(context.db) + 1);
  }

  /** Takes a tombstone in, and counts what it would remove that no other one did. */
  async weigh(tombstone: OpenedObject & { kind: "tombstone" }, fetched: Fetched): Promise<void> {
    const { nodeId, payload } = tombstone;
    let bytes = "bytes" in fetched ? fetched.bytes : undefined;
    if (this.#bytes + (bytes?.length ?? 0) > KEPT_BYTES) bytes = undefined;
    this.#bytes += bytes?.length ?? 0;
    const removes = await this.#count(nodeId, payload);
    this.#weighed.push({ object: fetched.object, bytes, removes });
  }

  async #count(nodeId: string, payload: TombstonePayload): Promise<boolean> {
    const { db, keys } = this.#context;
    const importers = nodesForgottenBy(payload);
    if (importers.length === 0) return this.#mark(nodeId, payload);
    return await withDigests(
      db,
      keys,
      () => storedTexts(db, new Set(importers)),
      () => this.#mark(nodeId, payload),
    );
  }

  #mark(nodeId: string, payload: TombstonePayload): boolean {
    let removes = false;
    for (const id of eventsUnder(this.#context.db, payload)) {
      removes = true;
      if (this.#doomed[id] !== 0) continue; // counted, or recorded since the pull began
      this.#doomed[id] = 1;
      this.#events++;
      this.#byNode.set(nodeId, (this.#byNode.get(nodeId) ?? 0) + 1);
    }
    return removes;
  }

  /**
   * The tombstones to apply: all of them, or only those that remove nothing where the user does not
   * want so much to go. The others stay where they are, and are asked for again at the next pull.
   */
  async *released(recorder: Recorder): AsyncGenerator<Fetched> {
    const isLarge = this.#events > MIN_EVENTS && this.#events > this.#history * MIN_SHARE;
    const allowed = !isLarge || await this.#ask();
    for (const { object, bytes, removes } of this.#weighed) {
      if (allowed || !removes) {
        yield bytes ? { object, bytes } : await fetchNumbered(this.#context, object);
      } else {
        recorder.reject("tombstone", "held");
      }
    }
  }

  async #ask(): Promise<boolean> {
    const { confirmDeletes, notify } = this.#context;
    const question = this.#question();
    if (await confirmDeletes?.(question)) return true;
    notify({
      type: "warning",
      message: `${deletionText(question)}; it was not done`,
      hint: "`hx sync pull --accept-deletes` does it; if nobody asked for it, `hx sync verify` " +
        "and look at that device first",
    });
    return false;
  }

  #question(): DeleteQuestion {
    const labels = seenManifests(this.#context.db);
    const devices = [...this.#byNode].map(([nodeId, events]) => ({
      nodeId,
      label: labels.get(nodeId)?.label ?? nodeId,
      events,
    })).sort((a, b) => b.events - a.events);
    return { events: this.#events, history: this.#history, devices };
  }
}

/** What is asked: how much would go, and who wants it. */
export function deletionText({ events, history, devices }: DeleteQuestion): string {
  const count = (n: number) => n.toLocaleString("en-US");
  const who = devices.map((device) => `${device.label} (${count(device.events)})`).join(", ");
  return `this pull would remove ${count(events)} of ${count(history)} events, deleted on ${who}`;
}
