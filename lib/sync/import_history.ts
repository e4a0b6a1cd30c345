/** Importing a shell's own history file into the database. */
import type { VaultKeys } from "../crypto/mod.ts";
import {
  type Database,
  indexTexts,
  insertEvent,
  Interner,
  mergeSession,
  PENDING,
  setOwnNode,
} from "../db/mod.ts";
import type { EventRecord, SessionRecord } from "../format/types.ts";
import { forgottenNodes, incomingTexts, withDigests } from "../importer/mod.ts";

/** What an import did. */
export interface ImportCounts {
  /** Events that are new. */
  added: number;
  /** Events that were here already. */
  known: number;
  /** Events that were forgotten and stay away. */
  forgotten: number;
}

/**
 * Puts the events of one history file in. Idempotent: what is here is not changed, what was forgotten
 * does not come back. A failure keeps what was put in before it; running it again completes it.
 *
 * @param keys of the vault, if this device is enrolled
 * @param session what is said of the file's session
 * @param batches the file's events, some thousands at a time
 * @param progress told how many events were read so far
 */
export async function importHistory(
  db: Database,
  keys: VaultKeys | undefined,
  session: SessionRecord,
  batches: AsyncIterable<readonly EventRecord[]>,
  progress: (events: number) => void = () => {},
): Promise<ImportCounts> {
  const counts: ImportCounts = { added: 0, known: 0, forgotten: 0 };
  let read = 0;
  for await (const events of joined(batches)) {
    await withDigests(
      db,
      keys,
      () => incomingTexts(events, forgottenNodes(db)),
      (digests) => putBatch(db, session, events, digests, counts),
    );
    progress(read += events.length);
  }
  indexTexts(db);
  return counts;
}

/** Events in one transaction: keys are spread over the whole index, so few large ones are faster. */
const TRANSACTION_EVENTS = 10_000;

/** Joins small batches to large ones. */
async function* joined(
  batches: AsyncIterable<readonly EventRecord[]>,
): AsyncGenerator<readonly EventRecord[]> {
  let events: EventRecord[] = [];
  for await (const batch of batches) {
    events = events.concat(batch);
    if (events.length < TRANSACTION_EVENTS) continue;
    yield events;
    events = [];
  }
  if (events.length > 0) yield events;
}

function putBatch(
  db: Database,
  session: SessionRecord,
  events: readonly EventRecord[],
  digests: ReadonlyMap<string, string>,
  counts: ImportCounts,
): void {
  const ids = new Interner(db);
  const before = counts.added;
  for (const event of events) {
    switch (insertEvent(db, ids, event, PENDING, digests.get(event.cmd))) {
      case "added":
        counts.added++;
        break;
      case "blocked":
        counts.forgotten++;
        break;
      default:
        counts.known++;
    }
  }
  if (counts.added === before) return;
  // The session is told of only where something of it is: a file that brings nothing publishes nothing.
  mergeSession(db, ids, session, true);
  for (const node of new Set(events.map((event) => event.node_id))) setOwnNode(db, node);
}
