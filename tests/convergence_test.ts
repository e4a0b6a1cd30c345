/**
 * Random devices, imports, forgets, pushes, pulls, repairs, crashes, lost requests and responses, clones
 * and restored backups or a store that loses and damages objects, in random orders: all devices end
 * equal, nothing forgotten is visible, nothing else is lost.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { matchEvents, openDatabase, readIdentity } from "../lib/db/mod.ts";
import { isCategory } from "../lib/errors.ts";
import { forget, pull, push, repair } from "../lib/sync/mod.ts";
import { MemoryStore } from "../lib/store/mod.ts";
import { Crash, type Fate, scheduledStore, Scheduler } from "./scheduler.ts";
import {
  type Device,
  makeWorld,
  record,
  START,
  testEvent,
  testNode,
  visible,
  type World,
} from "./world.ts";
import { seeded } from "./seeded.ts";
import { damage } from "./vault_kit.ts";

/** One step of a device's script. */
type Op =
  | { do: "record"; n: number; time: number; text: number }
  | { do: "import"; from: number; count: number }
  | { do: "forget"; text: number }
  | { do: "window"; start: number; length: number; all: boolean }
  | { do: "lose"; object: number; whole: boolean }
  | { do: "push" | "pull" | "repair" | "backup" | "restore" };

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("record" as const),
      n: fc.nat(3),
      time: fc.nat(40),
      text: fc.nat(5),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("import" as const),
      from: fc.nat(8),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), text: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("window" as const),
      start: fc.nat(40),
      length: fc.nat(6),
      all: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.constant({ do: "push" as const }) },
  { weight: 5, arbitrary: fc.constant({ do: "pull" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "repair" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("lose" as const),
      object: fc.nat(50),
      whole: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "backup" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "restore" as const }) },
);

interface Plan {
  seed: number;
  scripts: Op[][];
  faults: number;
  conditional: boolean;
  /**
   * The store loses objects, and no backup is restored: what was published under an identity that nobody
   * has any more, nobody can put back.
   */
  losses: boolean;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  seed: fc.integer(),
  scripts: fc.array(fc.array(op, { minLength: 3, maxLength: 14 }), { minLength: 2, maxLength: 4 }),
  faults: fc.constantFrom(0, 0.05, 0.15),
  conditional: fc.constantFrom(true, true, true, false),
  losses: fc.constantFrom(true, false, false),
});

/** What has happened, to check the end against. */
interface Truth {
  /** Keys that some device held for good, with their start. */
  events: Map<string, { started_at: number; node: string }>;
  deadKeys: Set<string>;
  windows: { node: string | undefined; start: number; end: number }[];
}

const keyText = (e: { node_id: string; session_id: string; seq: number }) =>
  `${e.node_id}/${e.session_id}/${e.seq}`;

const TEXTS = ["ls", "cd /tmp", "make", "login --password x", "git push", "ssh host"];

function isDead(truth: Truth, key: string): boolean {
  const event = truth.events.get(key)!;
  return truth.deadKeys.has(key) ||
    truth.windows.some((w) =>
      (w.node === undefined || w.node === event.node) && event.started_at !== 0 &&
      event.started_at >= w.start && event.started_at <= w.end
    );
}

class Player {
  readonly #world: World;
  readonly #truth: Truth;
  readonly #scheduler: Scheduler;
  readonly device: Device;
  readonly #index: number;
  readonly #losses: boolean;
  #seq = 0;
  #backup: string | undefined;
  readonly #dir: string;

  constructor(
    world: World,
    truth: Truth,
    scheduler: Scheduler,
    device: Device,
    index: number,
    dir: string,
    losses: boolean,
  ) {
    this.#world = world;
    this.#truth = truth;
    this.#scheduler = scheduler;
    this.device = device;
    this.#index = index;
    this.#dir = dir;
    this.#losses = losses;
  }

  async play(script: readonly Op[]): Promise<void> {
    for (const step of script) {
      await this.#scheduler.park(this.device.name, step.do);
      try {
        await this.#do(step);
      } catch (error) {
        // A crash or a lost request ends the operation; the next one finds what the database kept.
        if (!(error instanceof Crash) && !this.#isStores(error)) throw error;
      }
    }
  }

  /** The store's fault; one that loses what was just put there is found out by whoever reads it back. */
  #isStores(error: unknown): boolean {
    return isCategory(error, "network") || (this.#losses && isCategory(error, "server"));
  }

  async #do(step: Op): Promise<void> {
    const { context, db } = this.device;
    if (step.do === (this.#losses ? "restore" : "lose")) return;
    switch (step.do) {
      case "record":
        for (let i = 0; i <= step.n; i++) this.#record(START / 1000 + step.time, step.text);
        return;
      case "import":
        return this.#import(step.from, step.count);
      case "forget": {
        const events = matchEvents(db, { match: TEXTS[step.text]! });
        for (const event of events) this.#truth.deadKeys.add(keyText(event));
        return await forget(db, this.#world.keys, { events, windows: [] });
      }
      case "window": {
        const start = START / 1000 + step.start;
        const node = step.all ? undefined : testNode(this.#index);
        const window = { start_ts: start, end_ts: start + step.length };
        this.#truth.windows.push({ node, start, end: start + step.length });
        return await forget(db, this.#world.keys, {
          events: [],
          windows: [{ ...window, ...(node && { node_id: node }) }],
        });
      }
      case "push":
        return void await push(context);
      case "pull":
        return void await pull(context);
      case "repair":
        return void await repair(context);
      case "lose":
        return await lose(this.#world.store as MemoryStore, step.object, step.whole);
      case "backup":
        this.#backup = `${this.#dir}/${this.device.name}-${this.#seq}-${
          Math.floor(Math.random() * 1e12)
        }.db`;
        return void db.run("VACUUM INTO ?", this.#backup);
      case "restore":
        return this.#restore();
    }
  }

  #record(started_at: number, text: number): void {
    // Microseconds are never the same twice on one device (format, section 6).
    const seq = Math.floor(started_at * 1e6) % 1e9 * 1000 + this.#index * 100_000_000_000_00 +
      ++this.#seq;
    this.#add(
      testEvent(seq, {
        node_id: testNode(this.#index),
        session_id: `live-${this.#index}`,
        started_at,
        cmd: TEXTS[text]!,
      }),
    );
  }

  /** The same file is imported on several devices: equal keys, equal records. */
  #import(from: number, count: number): void {
    for (let i = from; i < from + count; i++) {
      this.#add(
        testEvent(1000 + i, {
          node_id: testNode(99),
          session_id: "file",
          started_at: i % 3 === 0 ? 0 : START / 1000 + i,
          order: i,
          cmd: TEXTS[i % TEXTS.length]!,
        }),
      );
    }
  }

  #add(event: ReturnType<typeof testEvent>): void {
    record(this.device.db, event);
    const there = this.device.db.get(
      "SELECT 1 FROM event e JOIN node n ON n.id = e.node WHERE n.node_id = ? AND e.seq = ?",
      event.node_id,
      event.seq,
    );
    // An import that is blocked here may be dead only by a key that this device has seen.
    if (there) {
      this.#truth.events.set(keyText(event), { started_at: event.started_at, node: event.node_id });
    }
  }

  /**
   * Goes back to the backup. What was recorded since and not yet published is lost with the disk, as it
   * is for any user, so this first publishes as much as it can, and only then goes back.
   */
  async #restore(): Promise<void> {
    if (this.#backup === undefined) return;
    await push(this.device.context);
    this.device.db.close();
    const copy = `${this.#backup}-restored-${Math.floor(Math.random() * 1e12)}`;
    Deno.copyFileSync(this.#backup, copy);
    this.device.db = openDatabase(copy);
    this.device.context.db = this.device.db;
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

async function play(plan: Plan): Promise<string[]> {
  const next = seeded(plan.seed);
  const store = new MemoryStore({ ignoreConditions: !plan.conditional });
  const world = await makeWorld({ seed: plan.seed, store, conditionalWrites: plan.conditional });
  const scheduler = new Scheduler(next);
  const truth: Truth = { events: new Map(), deadKeys: new Set(), windows: [] };
  const dir = Deno.makeTempDirSync();
  let faults = plan.faults;
  const fate = (): Fate => {
    if (next() >= faults) return "done";
    return (["lost request", "lost response", "crash before", "crash after"] as const)[
      Math.floor(next() * 4)
    ]!;
  };
  try {
    const players = plan.scripts.map((_, index) => {
      const name = `d${index}`;
      const device = world.addDevice(name, {
        store: scheduledStore(store, name, scheduler, fate),
        concurrency: 1,
        step: () => {
          if (next() < faults / 3) throw new Crash();
        },
      });
      return new Player(world, truth, scheduler, device, index + 1, dir, plan.losses);
    });
    await scheduler.run(players.map((player, index) => () => player.play(plan.scripts[index]!)));
    faults = 0;
    world.clock.now += 25 * 60 * 60 * 1000; // ETags are forgotten daily
    for (const { device } of plan.losses ? players : []) {
      await scheduler.run([async () => void await repair(device.context)]);
    }
    for (let round = 0; round < 4; round++) {
      for (const { device } of players) {
        await scheduler.run([async () => {
          await pull(device.context);
          await push(device.context);
        }]);
      }
    }
    const expected = [...truth.events.keys()].filter((key) => !isDead(truth, key)).sort();
    for (const { device } of players) {
      const keys = visible(device.db).map((row) => keyText(JSON.parse(row))).sort();
      assert.deepEqual(keys, expected, `${device.name} ${readIdentity(device.db)!.nodeId}`);
      assert.deepEqual(visible(device.db), visible(players[0]!.device.db));
    }
    return scheduler.trace;
  } finally {
    world.close();
    Deno.removeSync(dir, { recursive: true });
  }
}

const RUNS = Number(Deno.env.get("HX_SCHEDULES") ?? 300);

Deno.test(`devices converge over ${RUNS} random schedules`, async () => {
  await fc.assert(fc.asyncProperty(plan, async (p) => void await play(p)), {
    numRuns: RUNS,
    seed: Number(Deno.env.get("HX_SEED") ?? 20260101),
    ...(Deno.env.get("HX_PATH") && { path: Deno.env.get("HX_PATH")! }),
    endOnFailure: false,
  });
});

Deno.test("a seed replays: the same schedule in the same order", async () => {
  const [sample] = fc.sample(plan, { seed: 7, numRuns: 1 });
  const traces = [await play(sample!), await play(sample!), await play(sample!)];
  assert.deepEqual(traces[1], traces[0]);
  assert.deepEqual(traces[2], traces[0]);
  assert.ok(traces[0]!.length > 10);
});
