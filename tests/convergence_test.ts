/**
 * Random devices, imports, forgets, pushes, pulls, repairs, crashes, lost and repeated requests, lost
 * responses, listings and ETags of yesterday; clones, reinstalls and restored backups, or a store that
 * loses, damages and rolls back objects; in random orders: all devices end equal, nothing forgotten is
 * visible, nothing else is lost.
 *
 * `HX_SCHEDULES=N` plays N of them, `HX_SEED=S` others. A failure names its seed and path: `HX_PATH` plays
 * that one alone, `HX_SHRINK=1` looks for a smaller one.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readIdentity } from "../lib/db/mod.ts";
import { pull, push, repair } from "../lib/sync/mod.ts";
import { MemoryStore } from "../lib/store/mod.ts";
import { type Plan, plans } from "./convergence_plan.ts";
import { keyText, Operator, Player, type Stage, Truth } from "./convergence_player.ts";
import { Crash, type Fate, FATES, Network, scheduledStore, Scheduler } from "./scheduler.ts";
import { seeded } from "./seeded.ts";
import { tell } from "./tell.ts";
import { makeWorld, visible } from "./world.ts";

type Count = (kind: string) => void;

/** Plays one schedule; gives the order in which it went. */
async function play(plan: Plan, count: Count = () => {}): Promise<string[]> {
  const next = seeded(plan.seed);
  const store = new MemoryStore({ ignoreConditions: !plan.conditional });
  const world = await makeWorld({ seed: plan.seed, store, conditionalWrites: plan.conditional });
  const dir = Deno.makeTempDirSync();
  const stage: Stage = {
    plan,
    world,
    store,
    truth: new Truth(),
    operator: new Operator(store, next),
    scheduler: new Scheduler(next),
    players: [],
    dir,
    count,
  };
  const network = new Network(next);
  const faults = makeFaults(plan, next, count);
  try {
    for (const index of plan.scripts.keys()) addPlayer(stage, network, faults, index + 1);
    const { players, scheduler } = stage;
    await scheduler.run(players.map((player, index) => () => player.play(plan.scripts[index]!)));
    faults.end();
    await network.deliver(true);
    await settle(stage);
    check(stage);
    return scheduler.trace;
  } finally {
    world.close();
    Deno.removeSync(dir, { recursive: true });
  }
}

/** What goes wrong, as the seed has it. */
interface Faults {
  /** What becomes of a call. */
  fate: (call: string) => Fate;
  /** Between two steps of an operation. */
  step: () => void;
  /** From now on all goes well. */
  end: () => void;
}

function makeFaults(plan: Plan, next: () => number, count: Count): Faults {
  let likely = plan.faults;
  return {
    fate(call) {
      if (next() >= likely) return "done";
      const fates = FATES.filter((fate) => isPossible(plan, fate, call));
      const fate = fates[Math.floor(next() * fates.length)]!;
      count(fate);
      return fate;
    },
    step() {
      if (next() >= likely / 3) return;
      count("crash between");
      throw new Crash();
    },
    end() {
      likely = 0;
    },
  };
}

/**
 * Without conditions a PUT that comes late takes a manifest back to what it was, as an operator does; so
 * it comes where no identity is given up, as there.
 */
function isPossible(plan: Plan, fate: Fate, call: string): boolean {
  if (fate === "again later") return plan.conditional || plan.losses || call !== "put";
  return fate !== "stale" || call === "list";
}

function addPlayer(stage: Stage, network: Network, faults: Faults, index: number): void {
  const name = `d${index}`;
  const { store, scheduler } = stage;
  const device = stage.world.addDevice(name, {
    store: scheduledStore(store, name, scheduler, network, faults.fate),
    concurrency: 1,
    step: faults.step,
  });
  stage.players.push(new Player(stage, device, index));
}

/** Lets all devices sync until nothing is left to be said. */
async function settle({ plan, world, scheduler, players }: Stage): Promise<void> {
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
}

function check({ truth, players }: Stage): void {
  const expected = truth.expected();
  const first = visible(players[0]!.device.db);
  for (const { device } of players) {
    const shown = visible(device.db);
    const keys = shown.map((row) => keyText(JSON.parse(row))).sort();
    assert.deepEqual(keys, expected, `${device.name} ${readIdentity(device.db)!.nodeId}`);
    assert.deepEqual(shown, first);
  }
}

const RUNS = Number(Deno.env.get("HX_SCHEDULES") ?? 2000);

/** Every kind of step and fault there is. */
const KINDS = [
  ...["record", "import", "forget", "window", "push", "pull", "repair", "lose", "rollback"],
  ...["clone", "reinstall", "backup", "restore", ...FATES, "crash between"],
];

Deno.test(`devices converge over ${RUNS} random schedules`, async () => {
  const counts = new Map<string, number>();
  const count = (kind: string) => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
  await fc.assert(fc.asyncProperty(plans, async (plan) => void await play(plan, count)), {
    numRuns: RUNS,
    seed: Number(Deno.env.get("HX_SEED") ?? 20260101),
    ...(Deno.env.get("HX_PATH") && { path: Deno.env.get("HX_PATH")! }),
    endOnFailure: !Deno.env.has("HX_SHRINK"),
  });
  const list = [...counts].map(([kind, n]) => `${n} ${kind}`).join(", ");
  tell(`${RUNS} schedules: ${list}`);
  if (RUNS >= 300) assert.deepEqual([...counts.keys()].sort(), KINDS.sort());
});

Deno.test("a seed replays: the same schedule in the same order", async () => {
  const [sample] = fc.sample(plans, { seed: 7, numRuns: 1 });
  const traces = [await play(sample!), await play(sample!), await play(sample!)];
  assert.deepEqual(traces[1], traces[0]);
  assert.deepEqual(traces[2], traces[0]);
  assert.ok(traces[0]!.length > 10);
});
