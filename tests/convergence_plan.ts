/** What random schedules are made of: the steps of each device, and how the store behaves. */
import fc from "fast-check";

/** One step of a device's script. */
export type Op =
  | { do: "record"; n: number; time: number; text: number }
  | { do: "import"; from: number; count: number }
  | { do: "forget"; text: number }
  | { do: "window"; start: number; length: number; all: boolean }
  | { do: "lose"; object: number; whole: boolean }
  | { do: "clone"; from: number }
  | { do: "push" | "pull" | "repair" | "rollback" | "backup" | "restore" | "reinstall" };

/** A schedule, but for what {@link Plan.seed} decides as it runs. */
export interface Plan {
  seed: number;
  scripts: Op[][];
  /** How likely a call meets with a fault. */
  faults: number;
  conditional: boolean;
  /**
   * The store loses objects, and no identity is given up: what was published under one that nobody has
   * any more, nobody can put back.
   */
  losses: boolean;
}

/** Steps that a store which keeps what it has does not take. */
const OF_LOSSES: readonly Op["do"][] = ["lose", "rollback"];

/** Steps that give an identity up. */
const OF_IDENTITIES: readonly Op["do"][] = ["restore", "clone", "reinstall"];

/** Whether a step makes sense in this plan. */
export function takes(plan: Plan, step: Op): boolean {
  return !(plan.losses ? OF_IDENTITIES : OF_LOSSES).includes(step.do);
}

const text = fc.nat(5);

function step<Kind extends Op["do"], More extends object>(
  kind: Kind,
  weight: number,
  more: { [Name in keyof More]: fc.Arbitrary<More[Name]> },
): fc.WeightedArbitrary<{ do: Kind } & More> {
  const arbitrary = fc.record({ do: fc.constant(kind), ...more }) as unknown;
  return { weight, arbitrary: arbitrary as fc.Arbitrary<{ do: Kind } & More> };
}

const op: fc.Arbitrary<Op> = fc.oneof(
  step("record", 4, { n: fc.nat(3), time: fc.nat(40), text }),
  step("import", 3, { from: fc.nat(8), count: fc.integer({ min: 1, max: 4 }) }),
  step("forget", 1, { text }),
  step("window", 1, { start: fc.nat(40), length: fc.nat(6), all: fc.boolean() }),
  step("push", 5, {}),
  step("pull", 5, {}),
  step("repair", 1, {}),
  step("lose", 1, { object: fc.nat(50), whole: fc.boolean() }),
  step("rollback", 1, {}),
  step("clone", 1, { from: fc.nat(3) }),
  step("reinstall", 1, {}),
  step("backup", 1, {}),
  step("restore", 1, {}),
);

/** Any schedule. */
export const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.integer(),
  scripts: fc.array(fc.array(op, { minLength: 3, maxLength: 14 }), { minLength: 2, maxLength: 4 }),
  faults: fc.constantFrom(0, 0.05, 0.15),
  conditional: fc.constantFrom(true, true, true, false),
  losses: fc.constantFrom(true, false, false),
});
