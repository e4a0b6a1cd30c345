/** All mutants: one rule of the format or of the sync broken in each. */
import { CRYPTO } from "./crypto.ts";
import { DATABASE } from "./db.ts";
import { FORMAT } from "./format.ts";
import type { Mutant } from "./mutant.ts";
import { SYNCING } from "./sync.ts";

export type { Edit, Mutant } from "./mutant.ts";

export const MUTANTS: readonly Mutant[] = [...FORMAT, ...CRYPTO, ...DATABASE, ...SYNCING];
