/** Searching the history: all words, substrings anywhere, newest first. */
import type { ExportRow } from "./query.ts";
import type { Database } from "./open.ts";
import { indexTexts } from "./text_index.ts";

/** What to look for; all of it has to hold. */
export interface SearchQuery {
  /** Substrings that the command holds, each with smart case: a capital letter makes it strict. */
  words: readonly string[];
  /** Only in this directory. */
  cwd?: string;
  /** Only of this host. */
  host?: string;
  /** Only with this exit code, or with any but 0. */
  exit?: number | "fail";
  /** Started at or after, in Unix seconds; leaves out events with no time. */
  since?: number;
  /** Started at or before, in Unix seconds; leaves out events with no time. */
  until?: number;
  /** Most events wanted. */
  limit: number;
}

/** A found event. */
export interface SearchRow extends ExportRow {
  /** Its number on this device. */
  id: number;
}

type Row = Omit<SearchRow, "pinned"> & { pinned: number };

const COLUMNS = `
  e.id, n.node_id, s.session_id, e.seq, e.started_at, e.ended_at, e.duration_ms, e.exit_code,
  d.path AS cwd, c.cmd, s.host, s.user, s.shell, s.pinned`;

// CROSS: SQLite keeps to this order of the tables, so that events are walked along their index.
const JOINS = `
  CROSS JOIN node n ON n.id = e.node CROSS JOIN session s ON s.id = e.session
  CROSS JOIN command c ON c.id = e.command LEFT JOIN directory d ON d.id = e.cwd`;

/** The index knows nothing shorter. */
const TRIGRAM = 3;

/**
 * How many of the newest events are looked at before the index is asked: a word that is in every
 * fiftieth command fills a screen from them, and for such words the index would have too much to sort.
 */
const RECENT = 5_000;

/**
 * The events that a query names, newest first; those without a time come last, the last of their file
 * first.
 */
export function searchEvents(db: Database, query: SearchQuery): SearchRow[] {
  indexTexts(db);
  const expression = matchExpression(query.words);
  if (expression === undefined) return take(newest(db, query), query);
  const recent = take(newest(db, query, RECENT), query);
  return recent.length >= query.limit ? recent : take(indexed(db, query, expression), query);
}

/** The event with this number on this device. */
export function eventById(db: Database, id: number): SearchRow | undefined {
  const row = db.get<Row>(`SELECT ${COLUMNS} FROM event e ${JOINS} WHERE e.id = ?`, id);
  return row && { ...row, pinned: row.pinned === 1 };
}

/** Events along the index of time, all or about `most` of them. */
function newest(db: Database, query: SearchQuery, most?: number): Iterable<Row> {
  const { where, values } = conditions(query);
  const oldest = most === undefined ? undefined : db.get<{ started_at: number }>(
    "SELECT started_at FROM event ORDER BY started_at DESC LIMIT 1 OFFSET ?",
    most,
  )?.started_at;
  return db.rows<Row>(
    `SELECT ${COLUMNS} FROM event e INDEXED BY event_time ${JOINS}
     WHERE e.started_at >= ? AND ${where} ORDER BY e.started_at DESC, e.id DESC`,
    oldest ?? Number.MIN_SAFE_INTEGER,
    ...values,
  );
}

/** Events of the texts that the index has for the words: their numbers sorted, then one by one. */
function* indexed(db: Database, query: SearchQuery, expression: string): Generator<Row> {
  const { where, values } = conditions(query);
  const hits = db.rows<{ id: number }>(
    `SELECT e.id FROM command_text t CROSS JOIN event e INDEXED BY event_command
     WHERE command_text MATCH ? AND e.command = t.rowid ORDER BY e.started_at DESC, e.id DESC`,
    expression,
  );
  const one = `SELECT ${COLUMNS} FROM event e ${JOINS} WHERE e.id = ? AND ${where}`;
  for (const { id } of hits) {
    const row = db.get<Row>(one, id, ...values);
    if (row) yield row;
  }
}

function take(rows: Iterable<Row>, { words, limit }: SearchQuery): SearchRow[] {
  const matches = matcher(words);
  const found: SearchRow[] = [];
  for (const row of rows) {
    if (!matches(row.cmd)) continue;
    found.push({ ...row, pinned: row.pinned === 1 });
    if (found.length >= limit) break;
  }
  return found;
}

/** Whether a command holds all words. The index only narrows; this decides. */
export function matcher(words: readonly string[]): (cmd: string) => boolean {
  const strict = words.filter((word) => word !== word.toLowerCase());
  const lax = words.filter((word) => word === word.toLowerCase());
  return (cmd) => {
    if (!strict.every((word) => cmd.includes(word))) return false;
    const lower = lax.length > 0 ? cmd.toLowerCase() : "";
    return lax.every((word) => lower.includes(word));
  };
}

/**
 * The trigrams of the words, all of them wanted. (The index keeps no positions, so it can't be asked
 * for a longer text.) ASCII only: for other letters its folding of case may not be that of
 * {@link matcher}.
 */
function matchExpression(words: readonly string[]): string | undefined {
  const trigrams = new Set<string>();
  for (const word of words) {
    for (let at = 0; at + TRIGRAM <= word.length; at++) {
      const part = word.slice(at, at + TRIGRAM).toLowerCase();
      if (/^[\x21-\x7e]+$/.test(part)) trigrams.add(`"${part.replaceAll('"', '""')}"`);
    }
  }
  return trigrams.size > 0 ? [...trigrams].join(" AND ") : undefined;
}

function conditions(query: SearchQuery): { where: string; values: (string | number)[] } {
  const parts = ["1"];
  const values: (string | number)[] = [];
  const add = (part: string, value: string | number | undefined) => {
    if (value === undefined) return;
    parts.push(part);
    values.push(value);
  };
  add("d.path = ?", query.cwd);
  add("s.host = ?", query.host);
  add("e.started_at >= ? AND e.started_at <> 0", query.since);
  add("e.started_at <= ? AND e.started_at <> 0", query.until);
  if (query.exit === "fail") parts.push("e.exit_code <> 0");
  else add("e.exit_code = ?", query.exit);
  return { where: parts.join(" AND "), values };
}
