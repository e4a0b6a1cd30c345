/** What waits to be published, while it is merged with what is not published for good. */
import { PENDING } from "./events.ts";
import type { Database } from "./open.ts";

/** In the place of {@link PENDING}: no segment has this number. */
const ASIDE = -1;

const COLUMNS = [
  ["event", "segment"],
  ["session", "segment"],
  ["session", "pin_segment"],
  ["artifact", "segment"],
] as const;

/**
 * Runs `work` so that nothing stops waiting by it: a segment that no manifest names may never be named
 * by one, so whoever waits with one of its events is not done with it. Run it in a transaction.
 */
export function keepWaiting<T>(db: Database, work: () => T): T {
  move(db, PENDING, ASIDE);
  const result = work();
  move(db, ASIDE, PENDING);
  return result;
}

function move(db: Database, from: number, to: number): void {
  for (const [table, column] of COLUMNS) {
    db.run(`UPDATE ${table} SET ${column} = ? WHERE ${column} = ?`, to, from);
  }
}
