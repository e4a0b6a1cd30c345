/** A device that plays its part of a random schedule, and what has to be true at the end of all. */
import {
  type Database,
  insertEvent,
  Interner,
  matchEvents,
  mergeSession,
  openDatabase,
  PENDING,
  setOwnNode,
} from "../lib/db/mod.ts";
import { isCategory } from "../lib/errors.ts";
import type { EventRecord } from "../lib/format/types.ts";
import { importNodeId } from "../lib/history/mod.ts";
import { forget, importHistory, pull, push, repair } from "../lib/sync/mod.ts";
import type { MemoryStore } from "../lib/store/mod.ts";
import { type Op, type Plan, takes } from "./convergence_plan.ts";
import { Crash, type Scheduler } from "./scheduler.ts";
import { damage } from "./vault_kit.ts";
import { type Device, START, testEvent, testNode, type World } from "./world.ts";

const TEXTS = ["ls", "cd /tmp", "make", "login --password x", "git push", "ssh host"];

/** The host that all commands ran on, and whose history file all devices import. */
const HOST = "host";
const IMPORTER = await importNodeId(HOST);

/** The number of an event, which is its key's last part. */
export const keyText = (e: { node_id: string; session_id: string; seq: number }): string =>
  `${e.node_id}/${e.session_id}/${e.seq}`;

/** What has happened, to check the end against. */
export class Truth {
  /** What some device held for good. */
  readonly #events = new Map<string, EventRecord>();
  readonly #deadKeys = new Set<string>();
  readonly #windows: { node: string | undefined; start: number; end: number }[] = [];
  /** Lines of the file that were forgotten with the live command they are the same as. */
  readonly #lines: { cmd: string; started_at: number }[] = [];

  /** An event is on a device. */
  add(event: EventRecord): void {
    this.#events.set(keyText(event), event);
  }

  /** Events are forgotten, by who knows of what host they are. */
  forget(events: ReturnType<typeof matchEvents>): void {
    for (const event of events) {
      this.#deadKeys.add(keyText(event));
      if (event.host !== null && event.node_id !== IMPORTER) this.#lines.push(event);
    }
  }

  /** A time is forgotten, of one node or of all. */
  forgetWindow(node: string | undefined, start: number, end: number): void {
    this.#windows.push({ node, start, end });
  }

  /** The keys that every device has to show, in order. */
  expected(): string[] {
    return [...this.#events].filter(([key, event]) => !this.#isDead(key, event))
      .map(([key]) => key).sort();
  }

  #isDead(key: string, { node_id, started_at, cmd }: EventRecord): boolean {
    return this.#deadKeys.has(key) ||
      this.#windows.some(({ node, start, end }) =>
        (node === undefined || node === node_id) && started_at !== 0 &&
        started_at >= start && started_at <= end
      ) ||
      (node_id === IMPORTER &&
        this.#lines.some((line) =>
          line.cmd === cmd && (started_at === 0 || Math.abs(started_at - line.started_at) <= 2)
        ));
  }
}

/** Whoever runs the store: takes it back to what it once was. */
export class Operator {
  readonly #store: MemoryStore;
  readonly #next: () => number;
  #kept: Map<string, { bytes: Uint8Array<ArrayBuffer>; etag: string }> | undefined;

  /** @param next seeded numbers in [0, 1) */
  constructor(store: MemoryStore, next: () => number) {
    this.#store = store;
    this.#next = next;
  }

  /** Keeps a copy of all; the next time goes back to it, with all objects or with manifests alone. */
  rollBack(): void {
    const { objects } = this.#store;
    if (!this.#kept) {
      this.#kept = new Map(objects);
      return;
    }
    const isWhole = this.#next() < 0.5;
    for (const key of isWhole ? [...objects.keys()] : []) {
      if (!this.#kept.has(key)) objects.delete(key);
    }
    for (const [key, object] of this.#kept) {
      if (isWhole || key.includes("manifests/")) objects.set(key, object);
    }
    this.#kept = undefined;
  }
}

/** What the players of one schedule share. */
export interface Stage {
  plan: Plan;
  world: World;
  store: MemoryStore;
  truth: Truth;
  operator: Operator;
  scheduler: Scheduler;
  players: Player[];
  /** Where databases lie that are copied. */
  dir: string;
  /** Told of each step that was done. */
  count: (kind: string) => void;
}

/** One device. */
export class Player {
  readonly #stage: Stage;
  /** The device. */
  readonly device: Device;
  readonly #index: number;
  #seq = 0;
  #backup: string | undefined;

  /** @param index from 1 on */
  constructor(stage: Stage, device: Device, index: number) {
    this.#stage = stage;
    this.device = device;
    this.#index = index;
  }

  /** Plays a script to its end. */
  async play(script: readonly Op[]): Promise<void> {
    for (const step of script) {
      if (!takes(this.#stage.plan, step)) continue;
      await this.#stage.scheduler.park(this.device.name, step.do);
      this.#stage.count(step.do);
      try {
        await this.#do(step);
      } catch (error) {
        // A crash or a lost request ends the operation; the next one finds what the database kept.
        if (!(error instanceof Crash) && !this.#isStores(error)) throw error;
      }
    }
  }

  /**
   * The store's fault. One that loses what was just put there is found out by whoever reads it back, be
   * it after a conflict with one's own request that came twice.
   */
  #isStores(error: unknown): boolean {
    return isCategory(error, "network") ||
      (this.#stage.plan.losses && (isCategory(error, "server") || isCategory(error, "conflict")));
  }

  async #do(step: Op): Promise<void> {
    const { context } = this.device;
    switch (step.do) {
      case "record":
        for (let i = 0; i <= step.n; i++) this.#record(START / 1000 + step.time, step.text);
        return;
      case "import":
        return await this.#import(step.from, step.count);
      case "forget":
        return await this.#forget(TEXTS[step.text]!);
      case "window":
        return await this.#forgetWindow(step);
      case "push":
        return void await push(context);
      case "pull":
        return void await pull(context);
      case "repair":
        return void await repair(context);
      case "lose":
        return await lose(this.#stage.store, step.object, step.whole);
      case "rollback":
        return this.#stage.operator.rollBack();
      case "backup":
        this.#backup = this.#copy(this.device.db);
        return;
      case "restore":
        return await this.#restore();
      case "reinstall":
        await push(context);
        return this.#goOnWith(this.#stage.world.addDevice(this.device.name).db);
      case "clone":
        return await this.#clone(step.from);
    }
  }

  #record(started_at: number, text: number): void {
    const { db } = this.device;
    const event = testEvent(++this.#seq, {
      node_id: testNode(this.#index),
      session_id: `live-${this.#index}`,
      started_at,
      cmd: TEXTS[text]!,
    });
    db.transaction(() => {
      const ids = new Interner(db);
      const session = { session_id: event.session_id, started_at: START / 1000, host: HOST };
      mergeSession(db, ids, session, true);
      insertEvent(db, ids, event, PENDING);
      setOwnNode(db, event.node_id);
    });
    this.#keep(event);
  }

  /** The same file is imported on several devices: equal keys, equal records. */
  async #import(from: number, count: number): Promise<void> {
    const events = Array.from({ length: count }, (_, n) => {
      const line = from + n;
      return testEvent(line, {
        node_id: IMPORTER,
        session_id: "file",
        started_at: line % 3 === 0 ? 0 : START / 1000 + line,
        order: line,
        cmd: TEXTS[line % TEXTS.length]!,
      });
    });
    async function* batches() {
      yield events;
    }
    const session = { session_id: "file", started_at: 0, host: HOST };
    await importHistory(this.device.db, this.#stage.world.keys, session, batches());
    for (const event of events) this.#keep(event);
  }

  /** What is blocked here may be dead only by a key that this device has seen. */
  #keep(event: EventRecord): void {
    const there = this.device.db.get(
      "SELECT 1 FROM event e JOIN node n ON n.id = e.node WHERE n.node_id = ? AND e.seq = ?",
      event.node_id,
      event.seq,
    );
    if (there) this.#stage.truth.add(event);
  }

  async #forget(match: string): Promise<void> {
    const events = matchEvents(this.device.db, { match });
    this.#stage.truth.forget(events);
    await forget(this.device.db, this.#stage.world.keys, { events, windows: [] });
  }

  async #forgetWindow(step: Op & { do: "window" }): Promise<void> {
    const start_ts = START / 1000 + step.start;
    const end_ts = start_ts + step.length;
    const node = step.all ? undefined : testNode(this.#index);
    this.#stage.truth.forgetWindow(node, start_ts, end_ts);
    await forget(this.device.db, this.#stage.world.keys, {
      events: [],
      windows: [{ start_ts, end_ts, ...(node && { node_id: node }) }],
    });
  }

  /**
   * Goes back to the backup. What was recorded since and not yet published is lost with the disk, as it
   * is for any user, so this first publishes as much as it can, and only then goes back.
   */
  async #restore(): Promise<void> {
    if (this.#backup === undefined) return;
    await push(this.device.context);
    const copy = this.#path();
    Deno.copyFileSync(this.#backup, copy);
    this.#goOnWith(openDatabase(copy));
  }

  /**
   * Becomes a copy of another device, whatever that one is about. Where the store has no conditions, two
   * that push at the same instant can take one number, so there it is not done (format, section 10).
   */
  async #clone(from: number): Promise<void> {
    const { players } = this.#stage;
    const other = players[from % players.length]!;
    if (other === this || !this.device.context.conditionalWrites) return;
    await push(this.device.context);
    this.#goOnWith(openDatabase(this.#copy(other.device.db)));
  }

  #copy(db: Database): string {
    const path = this.#path();
    db.run("VACUUM INTO ?", path);
    return path;
  }

  #path(): string {
    return `${this.#stage.dir}/${this.device.name}-${this.#files++}.db`;
  }

  #files = 0;

  #goOnWith(db: Database): void {
    this.device.db.close();
    this.device.db = db;
    this.device.context.db = db;
  }
}

/** Loses an object, or keeps it damaged; never the vault itself, without which nobody writes. */
async function lose(store: MemoryStore, object: number, whole: boolean): Promise<void> {
  const keys = [...store.objects.keys()].filter((key) => !key.endsWith(".hxvault")).sort();
  const key = keys[object % keys.length];
  if (key === undefined) return;
  if (whole) await store.delete(key);
  else await damage(store, key);
}
