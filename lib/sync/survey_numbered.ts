/** Looking at segments and tombstones: those that manifests name, and those that none does. */
import { asHxError } from "../errors.ts";
import { LIMITS, MAX_CURSOR_END, segmentId, tombstoneId } from "../format/mod.ts";
import type { Cursor } from "../format/types.ts";
import { type NumberedKind, readIdentity, readOutbox, readRanges } from "../db/mod.ts";
import { readHeader } from "../crypto/mod.ts";
import type { NumberedObject } from "../importer/mod.ts";
import { countMissing, missingNumbers, unionOf } from "../manifest/mod.ts";
import { CONCURRENCY, type SyncContext } from "./context.ts";
import { fetchAhead } from "./fetch_ahead.ts";
import type { Inventory, NumberedName } from "./inventory.ts";
import { keyOfNumber } from "./names.ts";
import { type Fetched, fetchNumbered, isObjectFailure, openFetched } from "./numbered.ts";
import { readObject } from "./read.ts";
import type { Finding } from "./survey.ts";
import type { Cursors } from "./survey_manifests.ts";

/** After so many of a node in a row that are not there, the listing is believed without asking. */
const MAX_ASKED = 100;

/** After so many, the rest of the node counts as missing: a manifest can name ten million. */
const MAX_MISSING = 10_000;

/** Past what a node is known to have numbered, its next numbers are looked for so far. */
const SEARCH_AHEAD = 1000;

/** After this many failures in a row that are the store's rather than an object's, the survey ends. */
const MAX_STORE_FAILURES = 5;

/** Yields a finding for each object of one kind, and takes them out of the inventory. */
export async function* surveyNumbered(
  context: SyncContext,
  kind: NumberedKind,
  inventory: Inventory,
  cursors: Cursors,
): AsyncGenerator<Finding> {
  const named = namedNumbers(context, kind, cursors);
  const walk = new Walk(context, inventory.numbered);
  yield* walk.findings(walk.named(kind, named), true);
  for (const [nodeId, last] of walk.cutOff) {
    const object = { kind, nodeId, number: last };
    const count = countMissing(named.get(nodeId)!, [{ start: 1, end: last }]);
    const key = await keyOfNumber(object, context.keys.vaultId);
    if (count > 0) yield { kind, key, nodeId, named: true, problem: "missing", object, count };
  }
  const names = [...inventory.numbered].filter(([, { type }]) => type === kind);
  const numbers = new Numbers(named, names.length);
  const unnamed: NumberedObject[] = [];
  for (const [key, name] of names) {
    context.signal.throwIfAborted();
    inventory.numbered.delete(key);
    const object = await numbers.objectOf(context, key, name);
    if (object === "unreadable") yield { kind, key, named: false, problem: "corrupt" };
    else if (object) unnamed.push(object);
    else yield { kind: "unknown", key, named: false };
  }
  yield* walk.findings(unnamed, false);
}

/** The numbers that exist as far as manifests have ever said, by node. */
function namedNumbers(
  { db }: SyncContext,
  kind: NumberedKind,
  cursors: Cursors,
): Map<string, Cursor[]> {
  const named = readRanges(db, "known", kind);
  const add = (nodeId: string, range: Cursor) =>
    named.set(nodeId, unionOf([...named.get(nodeId) ?? [], range]));
  for (const [nodeId, cursor] of cursors) add(nodeId, cursor[kind]);
  const { nodeId, segments, tombstones } = readIdentity(db)!;
  const taken = kind === "segment" ? segments : tombstones;
  const unsent = readOutbox(db).filter((entry) => entry.kind === kind).length;
  add(nodeId, { start: 1, end: taken - unsent });
  return named;
}

/** Reads and opens objects one after the other. */
class Walk {
  readonly #context: SyncContext;
  readonly #listed: Map<string, NumberedName>;
  readonly #absentInARow = new Map<string, number>();
  #storeFailures = 0;
  /** Nodes of which no more was looked for, with the last number that was. */
  readonly cutOff = new Map<string, number>();

  constructor(context: SyncContext, listed: Map<string, NumberedName>) {
    this.#context = context;
    this.#listed = listed;
  }

  *named(kind: NumberedKind, named: ReadonlyMap<string, Cursor[]>): Generator<NumberedObject> {
    const self = readIdentity(this.#context.db)!.nodeId;
    for (const [nodeId, ranges] of named) {
      let last = 0;
      for (const number of missingNumbers(ranges, [])) {
        if (nodeId !== self && this.#absent(nodeId) >= MAX_MISSING) {
          this.cutOff.set(nodeId, last);
          break;
        }
        yield { kind, nodeId, number: last = number };
      }
    }
  }

  async *findings(
    objects: Iterable<NumberedObject>,
    isNamed: boolean,
  ): AsyncGenerator<Finding> {
    const { concurrency = CONCURRENCY, signal } = this.#context;
    const results = fetchAhead(objects, {
      limit: concurrency,
      signal,
      call: (object, signal) => this.#fetch(object, signal),
      sizeOf: (fetched) => "bytes" in fetched ? fetched.bytes?.length ?? 0 : 0,
    });
    for await (const fetched of results) yield await this.#judge(fetched, isNamed);
  }

  #absent(nodeId: string): number {
    return this.#absentInARow.get(nodeId) ?? 0;
  }

  async #fetch(object: NumberedObject, signal: AbortSignal): Promise<Fetched & { key: string }> {
    const key = await keyOfNumber(object, this.#context.keys.vaultId);
    const isListed = this.#listed.delete(key);
    // Listings lag, so what is not in it is asked for; but not ten million times.
    if (!isListed && this.#absent(object.nodeId) >= MAX_ASKED) {
      return { key, object, bytes: undefined };
    }
    return { key, ...await fetchNumbered({ ...this.#context, signal }, object) };
  }

  async #judge(fetched: Fetched & { key: string }, named: boolean): Promise<Finding> {
    const { key, object } = fetched;
    const { kind, nodeId } = object;
    const finding: Finding = { kind, key, nodeId, named, object };
    try {
      const opened = await openFetched(this.#context, fetched);
      this.#storeFailures = 0;
      this.#absentInARow.set(nodeId, opened === "absent" ? this.#absent(nodeId) + 1 : 0);
      if (opened === "absent") return { ...finding, problem: "missing" };
      return opened === "future" ? finding : { ...finding, opened };
    } catch (error) {
      if (!isObjectFailure(error)) throw error;
      const { category, message } = asHxError(error);
      const isOwn = category === "corrupt" || category === "hash-mismatch";
      if (!isOwn && ++this.#storeFailures >= MAX_STORE_FAILURES) throw error;
      this.#absentInARow.set(nodeId, 0);
      return { ...finding, problem: category, message };
    }
  }
}

/** Finds the number that gave an object its id, which can't be told from the id alone. */
class Numbers {
  readonly #named: ReadonlyMap<string, readonly Cursor[]>;
  readonly #unnamed: number;
  readonly #byNode = new Map<string, Map<string, number>>();

  /**
   * @param named the numbers that manifests name
   * @param unnamed how many objects are looked for
   */
  constructor(named: ReadonlyMap<string, readonly Cursor[]>, unnamed: number) {
    this.#named = named;
    this.#unnamed = unnamed;
  }

  /** The numbered object under a key; undefined where it is no number's. */
  async objectOf(
    context: SyncContext,
    key: string,
    name: NumberedName,
  ): Promise<NumberedObject | "unreadable" | undefined> {
    const nodeId = name.type === "segment" ? name.nodeId : await writerOf(context, key);
    if (nodeId === undefined) return "unreadable";
    const ids = this.#byNode.get(nodeId) ?? await this.#ids(name.type, nodeId);
    this.#byNode.set(nodeId, ids);
    const number = ids.get(idOf(name));
    return number === undefined ? undefined : { kind: name.type, nodeId, number };
  }

  async #ids(kind: NumberedKind, nodeId: string): Promise<Map<string, number>> {
    const last = this.#named.get(nodeId)?.at(-1)?.end ?? 0;
    const from = Math.max(1, last - this.#unnamed - MAX_MISSING);
    const to = Math.min(MAX_CURSOR_END, last + this.#unnamed + SEARCH_AHEAD);
    const ids = new Map<string, number>();
    for (let number = from; number <= to; number++) {
      ids.set(await (kind === "segment" ? segmentId : tombstoneId)(nodeId, number), number);
    }
    return ids;
  }
}

function idOf(name: NumberedName): string {
  return name.type === "segment" ? name.segmentId : name.tombstoneId;
}

/** Whose tombstone it says that it is; undefined where it does not say, or is gone. */
async function writerOf(
  { store, signal }: SyncContext,
  key: string,
): Promise<string | undefined> {
  try {
    const found = await readObject(store, key, LIMITS.tombstone.stored, signal);
    return found && readHeader(found.bytes).header.node_id;
  } catch (error) {
    if (!isObjectFailure(error)) throw error;
    return undefined;
  }
}
