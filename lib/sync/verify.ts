/** Verify: every object of the vault is read and judged; nothing is taken in, nothing is changed. */
import { ownNodes, readIdentity, seenManifests } from "../db/mod.ts";
import type { Counts } from "../store/mod.ts";
import type { SyncContext } from "./context.ts";
import { OwnCheck } from "./own_check.ts";
import type { ObjectKind, Rejection } from "./report.ts";
import { type Finding, survey } from "./survey.ts";

/** So many problems, and unknown keys, are listed one by one. */
const MAX_LISTED = 1000;

/** How the objects of one kind are. Names are those of the JSON. */
export interface Tally {
  /** They open, and are what they should be. */
  ok: number;
  /** They open, and no manifest (of a blob: no record) names them. Harmless. */
  unnamed: number;
  /** They are named, and not there. */
  missing: number;
  /** They are there, and not as they should be: by reason. */
  rejected: Partial<Record<Rejection, number>>;
}

/** Something wrong. */
export interface Problem {
  /** What it is. */
  kind: ObjectKind | "vault";
  /** Its key in the store. */
  key: string;
  /** What is wrong. */
  problem: Rejection;
  /** Who wrote it, where that is known. */
  node_id: string | null;
  /** That device's label. */
  device: string | null;
  /** So many objects: this one, and others that are missing after it. */
  count: number;
  /** What was found. */
  message: string | null;
  /** What to do. */
  hint: string;
}

/** How all objects are. */
export interface Inspection {
  /** Nothing is rejected or missing. */
  ok: boolean;
  /** By kind. */
  objects: Record<ObjectKind | "vault", Tally>;
  /** Keys that are no object's; they are ignored. */
  unknown: number;
  /** At most 1,000 of them. */
  unknown_keys: string[];
  /** At most 1,000 of them; the tallies count all. */
  problems: Problem[];
}

/** Report of a verify. */
export interface VerifyReport extends Inspection, Counts {
  /** Start, RFC 3339. */
  at: string;
  /** How long it took, in milliseconds. */
  duration_ms: number;
}

/**
 * Reads every object of the vault.
 *
 * @throws {HxError} what the store fails with, where that is not an object's own failure
 */
export async function verify(context: SyncContext): Promise<VerifyReport> {
  const { meter, clock, db } = context;
  const before = meter.counts;
  const start = clock();
  const inspector = new Inspector(context);
  const own = new OwnCheck(db);
  const self = readIdentity(db)!.nodeId;
  for await (const finding of survey(context)) {
    const { opened } = finding;
    const isTaken = opened?.nodeId === self && own.compare(opened).lost > 0;
    inspector.note(isTaken ? { ...finding, problem: "conflict" } : finding);
  }
  return {
    at: new Date(start).toISOString(),
    duration_ms: Math.max(0, clock() - start),
    ...inspector.inspection(),
    ...meter.since(before),
  };
}

/** Counts what is found, and says what to do about it. */
export class Inspector {
  readonly #self: string;
  readonly #earlier: ReadonlySet<string>;
  readonly #labels: ReadonlyMap<string, { label: string }>;
  readonly #objects: Inspection["objects"] = {
    vault: tally(),
    manifest: tally(),
    segment: tally(),
    tombstone: tally(),
    blob: tally(),
  };
  readonly #problems: Problem[] = [];
  readonly #unknown: string[] = [];
  #unknownKeys = 0;
  #ok = true;

  /** Begins with nothing. */
  constructor({ db }: Pick<SyncContext, "db">) {
    const { nodeId, label } = readIdentity(db)!;
    this.#self = nodeId;
    this.#earlier = new Set(ownNodes(db).filter((node) => node !== nodeId));
    this.#labels = new Map<string, { label: string }>([...seenManifests(db), [nodeId, { label }]]);
  }

  /** Takes a finding in. */
  note(finding: Finding): void {
    const { kind, key, problem, count = 1, named } = finding;
    if (kind === "unknown") {
      this.#unknownKeys++;
      if (this.#unknown.length < MAX_LISTED) this.#unknown.push(key);
      return;
    }
    const counts = this.#objects[kind];
    if (problem === undefined) counts[named ? "ok" : "unnamed"]++;
    else if (problem === "missing") counts.missing += count;
    else counts.rejected[problem] = (counts.rejected[problem] ?? 0) + count;
    if (problem === undefined) return;
    this.#ok = false;
    if (this.#problems.length < MAX_LISTED) this.#problems.push(this.#problem(finding, problem));
  }

  #problem({ kind, key, nodeId, named, count = 1, message }: Finding, problem: Rejection): Problem {
    return {
      kind: kind as Problem["kind"],
      key,
      problem,
      node_id: nodeId ?? null,
      device: this.#labels.get(nodeId ?? "")?.label ?? null,
      count,
      message: message ?? null,
      hint: named ? this.#hint(kind, problem, nodeId) : UNNAMED,
    };
  }

  #hint(kind: Finding["kind"], problem: Rejection, nodeId: string | undefined): string {
    if (kind === "vault") return "put vault.hxvault back from a copy of the store";
    if (kind === "blob") return "`hx sync repair` on a device that has the content puts it back";
    if (problem === "held") return "`hx sync pull --accept-deletes` lets it remove what it names";
    if (nodeId === this.#self) return ownHint(kind, problem);
    if (nodeId !== undefined && this.#earlier.has(nodeId)) {
      return "this device wrote it under an earlier identity, and can't put it back; what other " +
        "devices have of it stays";
    }
    const label = this.#labels.get(nodeId ?? "")?.label;
    const where = label === undefined ? "on the device that wrote it" : `on ${label}`;
    return kind === "manifest"
      ? `\`hx sync\` ${where} publishes it again`
      : `\`hx sync repair\` ${where} puts it back`;
  }

  /** All that was found so far. */
  inspection(): Inspection {
    return {
      ok: this.#ok,
      objects: this.#objects,
      unknown: this.#unknownKeys,
      unknown_keys: this.#unknown,
      problems: this.#problems,
    };
  }
}

const UNNAMED = "nothing names it, so nobody misses it; nothing has to be done";

function tally(): Tally {
  return { ok: 0, unnamed: 0, missing: 0, rejected: {} };
}

function ownHint(kind: Finding["kind"], problem: Rejection): string {
  if (kind === "manifest") return "`hx sync` publishes it again, if need be under a new identity";
  return problem === "conflict"
    ? "a copy of this device used the number too; `hx sync repair` publishes what was lost anew"
    : "`hx sync repair` puts it back";
}
