/** Importing another tool's history into the database. */
import type { VaultKeys } from "../crypto/mod.ts";
import {
  type Database,
  indexTexts,
  insertEvent,
  Interner,
  mergePin,
  mergeSession,
  PENDING,
  removeTwin,
  setOwnNode,
} from "../db/mod.ts";
import type { PeerBatch } from "../history/peers/types.ts";
import { forgottenNodes, incomingTexts, withDigests } from "../importer/mod.ts";
import type { ImportCounts } from "./import_history.ts";

/** What an import from another tool did. */
export interface PeerCounts extends ImportCounts {
  /** Commands that another source told of before: a shell's file, another tool, hx itself. */
  elsewhere: number;
  /** Rows that a later import will take: their commands may still be running. */
  unfinished: number;
  /** Rows of which no event could be made. */
  unreadable: number;
}

/** What {@link importPeer} takes beside the database and the batches. */
export interface PeerImport {
  /** Of the vault, if this device is enrolled. */
  keys: VaultKeys | undefined;
  /** The host names of this device: what is of them counts as recorded here. */
  own: ReadonlySet<string>;
  /** Told how many rows were read so far. */
  progress?: (rows: number) => void;
}

/**
 * Puts the events of one database in. Idempotent: what is here is not changed, what was forgotten does
 * not come back. A failure keeps what was put in before it; running it again completes it.
 */
export async function importPeer(
  db: Database,
  batches: AsyncIterable<PeerBatch>,
  { keys, own, progress = () => {} }: PeerImport,
): Promise<PeerCounts> {
  const counts: PeerCounts = {
    added: 0,
    known: 0,
    forgotten: 0,
    elsewhere: 0,
    unfinished: 0,
    unreadable: 0,
  };
  const sessions = new Set<string>();
  for await (const batch of batches) {
    await withDigests(
      db,
      keys,
      () => incomingTexts(batch.events, forgottenNodes(db)),
      (digests) => putBatch(db, batch, { own, sessions, digests, counts }),
    );
    counts.unfinished = batch.unfinished;
    counts.unreadable = batch.unreadable;
    progress(batch.read);
  }
  indexTexts(db);
  return counts;
}

interface Putting {
  own: ReadonlySet<string>;
  /** Every session of this tool so far: what they repeat was run twice. */
  sessions: Set<string>;
  digests: ReadonlyMap<string, string>;
  counts: PeerCounts;
}

function putBatch(
  db: Database,
  batch: PeerBatch,
  { own, sessions, digests, counts }: Putting,
): void {
  const ids = new Interner(db);
  const hosts = new Map(batch.sessions.map((session) => [session.session_id, session.host]));
  const pinned = new Set(batch.pinned);
  const fed = new Map<string, string>();
  for (const id of hosts.keys()) sessions.add(id);
  for (const event of batch.events) {
    const put = insertEvent(db, ids, event, PENDING, digests.get(event.cmd));
    const host = hosts.get(event.session_id)!;
    const twin = put === "added" && removeTwin(db, ids, event, host, sessions);
    const became = twin ? "elsewhere" : RESULTS[put];
    counts[became]++;
    if (became === "added") fed.set(event.session_id, event.node_id);
  }
  // A session is told of only where something of it is new: what brings nothing publishes nothing.
  for (const session of batch.sessions) {
    const node = fed.get(session.session_id);
    if (node === undefined) continue;
    mergeSession(db, ids, session, true);
    if (pinned.has(session.session_id)) {
      mergePin(db, ids, { session_id: session.session_id, pinned: true }, true);
    }
    if (own.has(session.host)) setOwnNode(db, node);
  }
}

const RESULTS = {
  added: "added",
  blocked: "forgotten",
  kept: "known",
  replaced: "known",
} as const;
