/** The outbox: sealed bytes on their way to the store, and the splitting of a cloned identity. */
import { addRange, newIdentity, type NumberedKind, readIdentity } from "./sync_state.ts";
import type { Database } from "./open.ts";

/** A sealed object that was not yet seen to have arrived. */
export interface OutboxEntry {
  /** The object's key in the store. */
  key: string;
  kind: NumberedKind | "manifest";
  /** Its segment or tombstone number, or `manifest_seq`. */
  number: number;
  /** What is sent, however often. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** What the outbox holds, in the order it was sealed. */
export function readOutbox(db: Database): OutboxEntry[] {
  return db.all<OutboxEntry>("SELECT key, kind, number, bytes FROM outbox ORDER BY rowid");
}

/** The manifest that is on its way, if there is one. */
export function readOutboxManifest(db: Database): OutboxEntry | undefined {
  return db.get<OutboxEntry>("SELECT key, kind, number, bytes FROM outbox WHERE kind = 'manifest'");
}

/** Puts sealed bytes into the outbox. */
export function addToOutbox(db: Database, entry: OutboxEntry): void {
  db.run(
    "INSERT INTO outbox (key, kind, number, bytes) VALUES (?, ?, ?, ?)",
    entry.key,
    entry.kind,
    entry.number,
    entry.bytes,
  );
}

/** Takes back what has arrived. */
export function clearOutbox(db: Database): void {
  db.run("DELETE FROM outbox");
}

/** How many objects of each kind are on their way. */
export function countOutbox(db: Database, kind: OutboxEntry["kind"]): number {
  return db.get<{ n: number }>("SELECT count(*) AS n FROM outbox WHERE kind = ?", kind)!.n;
}

/**
 * Splits off from an identity that another machine goes on with (format, section 10): a new node
 * whose number space is empty, the unsent objects back to waiting, every event key as it was. What
 * the old identity had published is marked as imported, so nothing of it is fetched again.
 */
export function splitIdentity(db: Database, nodeId: string): void {
  db.transaction(() => {
    const old = readIdentity(db);
    if (!old) return;
    for (const [kind, end] of [["segment", old.segments], ["tombstone", old.tombstones]] as const) {
      const unsent = db.get<{ first: number | null }>(
        "SELECT min(number) AS first FROM outbox WHERE kind = ?",
        kind,
      )!.first;
      const sent = { start: 1, end: unsent === null ? end : unsent - 1 };
      addRange(db, "known", kind, old.nodeId, sent);
      addRange(db, "imported", kind, old.nodeId, sent);
      returnToPending(db, kind, unsent);
    }
    clearOutbox(db);
    newIdentity(db, nodeId, old.label);
  });
}

/** Numbers of an old identity mean nothing in the new one: unsent content waits, the rest is out. */
function returnToPending(db: Database, kind: NumberedKind, firstUnsent: number | null): void {
  const first = firstUnsent ?? Number.MAX_SAFE_INTEGER;
  if (kind === "tombstone") {
    db.run("UPDATE own_tombstone SET number = 0 WHERE number >= ?", first);
    db.run("DELETE FROM own_tombstone WHERE number > 0");
    return;
  }
  for (
    const [table, column] of [
      ["event", "segment"],
      ["session", "segment"],
      ["session", "pin_segment"],
      ["artifact", "segment"],
    ] as const
  ) {
    db.run(`UPDATE ${table} SET ${column} = 0 WHERE ${column} >= ?`, first);
    db.run(`UPDATE ${table} SET ${column} = NULL WHERE ${column} > 0`);
  }
}
