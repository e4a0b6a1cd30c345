/** Forgetting: tombstones are made and applied at once, and published by the next push. */
import { forgetDigest, type VaultKeys } from "../crypto/mod.ts";
import {
  addOwnTombstone,
  type Database,
  keyBytes,
  keyOfEvent,
  type MatchedEvent,
  tombstoneParts,
} from "../db/mod.ts";
import type { ForgottenImport, TombstonePayload, WindowTombstone } from "../format/types.ts";
import { importNodeId } from "../history/mod.ts";
import { nodesForgottenBy, storedTexts, withDigests } from "../importer/mod.ts";

/** What to forget. */
export interface Forget {
  /** Events by key. */
  events: readonly MatchedEvent[];
  /** Windows: whatever starts within them, also what is not here yet. */
  windows: readonly WindowTombstone[];
}

/**
 * Forgets on this device, and on every other one after the next syncs. The events, what is to come
 * under the windows, and the same commands in the shells' own files stay away for ever.
 *
 * @param keys of the vault, if this device is enrolled
 */
export async function forget(
  db: Database,
  keys: VaultKeys | undefined,
  what: Forget,
): Promise<void> {
  const payloads: TombstonePayload[] = [...what.windows];
  for (const events of tombstoneParts(what.events, keyBytes)) {
    const imports = keys ? await linesOf(keys, events) : [];
    payloads.push({ events: events.map(keyOfEvent), ...(imports.length > 0 && { imports }) });
  }
  const nodes = payloads.flatMap(nodesForgottenBy);
  await withDigests(db, keys, () => nodes.length > 0 ? storedTexts(db, nodes) : [], () => {
    for (const payload of payloads) addOwnTombstone(db, payload);
    db.run("DELETE FROM directory WHERE id NOT IN (SELECT cwd FROM event WHERE cwd IS NOT NULL)");
  });
  db.checkpoint(); // the text must not survive in the write-ahead log
}

/** The lines of the shells' own files that would bring events captured live back. */
async function linesOf(
  keys: VaultKeys,
  events: readonly MatchedEvent[],
): Promise<ForgottenImport[]> {
  const lines: ForgottenImport[] = [];
  for (const event of events) {
    if (event.host === null) continue;
    const importer = await importNodeId(event.host);
    if (event.node_id === importer) continue; // its key alone covers an imported line
    const digest = await forgetDigest(keys, event.cmd);
    lines.push({ node_id: importer, digest, started_at: event.started_at });
  }
  return lines;
}
