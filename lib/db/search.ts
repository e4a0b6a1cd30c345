/** Searching the history: all words, substrings anywhere, newest first. */
import { ENDED_AT, type ExportRow } from "./query.ts";
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
  e.id, n.node_id, s.session_id, e.seq, e.started_at, ${ENDED_AT}, e.duration_ms, e.exit_code,
  d.path AS cwd, c.cmd, s.host, s.user, s.shell, s.pinned`;

// CROSS: SQLite keeps to this order of the tables, so that events are walked along their index.
const JOINS = `
  CROSS JOIN node n ON n.id = e.node CROSS JOIN session s ON s.id = e.session
  CROSS JOIN command c ON c.id = e.command LEFT JOIN directory d ON d.id = e.cwd`;

const CANDIDATE_JOINS = "CROSS JOIN session s ON s.id = e.session " +
  "CROSS JOIN command c ON c.id = e.command";

/** The index knows nothing shorter. */
const TRIGRAM = 3;

/**
 * How many of the newest events are looked at, at most, before the index is asked: a word that is in
 * every hundredth command fills a screen from them, and for such words the index would have too much
 * to sort.
 */
const RECENT = 10_000;

/** After so many of them it shows whether that is a way to go on. */
const SAMPLE = 1_000;

/** The index walks the whole list of each trigram, so only the rarest of a query are asked for. */
const TRIGRAMS = 4;

/**
 * The events that a query names, newest first; those without a time come last, the last of their file
 * first.
 */
export function searchEvents(db: Database, query: SearchQuery): SearchRow[] {
  indexTexts(db);
  const trigrams = trigramsOf(query.words);
  const sample: string[] = [];
  const few = trigrams.length === 0 ? undefined : recent(db, query, sample);
  return few ??
    (trigrams.length === 0
      ? take(db, newest(db, query), query)
      : take(db, indexed(db, query, rarest(trigrams, sample)), query));
}

/** The newest events that match, where looking at some thousands of them finds enough. */
function recent(db: Database, query: SearchQuery, sample: string[]): SearchRow[] | undefined {
  const matches = matcher(query.words);
  const ids: number[] = [];
  for (const { id, cmd } of newest(db, query, RECENT)) {
    if (matches(cmd)) ids.push(id);
    if (ids.length >= query.limit) return rowsOf(db, ids);
    if (sample.length < SAMPLE) sample.push(cmd);
    else if (ids.length * RECENT < query.limit * SAMPLE) return undefined;
  }
  return undefined;
}

/** The expression of the trigrams that the fewest texts of a sample hold; all of them wanted. */
function rarest(trigrams: readonly string[], sample: readonly string[]): string {
  const texts = sample.map((text) => text.toLowerCase());
  return trigrams
    .map((part) => ({ part, count: texts.filter((text) => text.includes(part)).length }))
    .sort((a, b) => a.count - b.count)
    .slice(0, TRIGRAMS)
    .map(({ part }) => `"${part.replaceAll('"', '""')}"`)
    .join(" AND ");
}

/** The event with this number on this device. */
export function eventById(db: Database, id: number): SearchRow | undefined {
  return rowsOf(db, [id])[0];
}

function rowsOf(db: Database, ids: readonly number[]): SearchRow[] {
  return ids.flatMap((id) => {
    const row = db.get<Row>(`SELECT ${COLUMNS} FROM event e ${JOINS} WHERE e.id = ?`, id);
    return row ? [{ ...row, pinned: row.pinned === 1 }] : [];
  });
}

/** An event as far as it takes to tell whether it is meant. */
interface Candidate {
  id: number;
  cmd: string;
}

/** Events along an index that has them in the order of time, all or of about the `most` newest. */
function newest(db: Database, query: SearchQuery, most?: number): Iterable<Candidate> {
  const { where, values } = conditions(query);
  const oldest = most === undefined ? undefined : db.get<{ started_at: number }>(
    "SELECT started_at FROM event ORDER BY started_at DESC LIMIT 1 OFFSET ?",
    most,
  )?.started_at;
  return db.rows<Candidate>(
    `SELECT e.id, c.cmd FROM event e INDEXED BY ${indexFor(query)} ${CANDIDATE_JOINS}
     WHERE e.started_at >= ? AND ${where} ORDER BY e.started_at DESC, e.id DESC`,
    oldest ?? Number.MIN_SAFE_INTEGER,
    ...values,
  );
}

function indexFor({ cwd, exit }: SearchQuery): string {
  if (cwd !== undefined) return "event_cwd";
  return exit === undefined || exit === 0 ? "event_time" : "event_failed";
}

/** Events of the texts that the index has for the words: their numbers sorted, then one by one. */
function* indexed(db: Database, query: SearchQuery, expression: string): Generator<Candidate> {
  const { where, values } = conditions(query);
  const hits = db.rows<{ id: number }>(
    `SELECT e.id FROM command_text t CROSS JOIN event e INDEXED BY event_command
     WHERE command_text MATCH ? AND e.command = t.rowid ORDER BY e.started_at DESC, e.id DESC`,
    expression,
  );
  const one = `SELECT e.id, c.cmd FROM event e ${CANDIDATE_JOINS} WHERE e.id = ? AND ${where}`;
  for (const { id } of hits) {
    const candidate = db.get<Candidate>(one, id, ...values);
    if (candidate) yield candidate;
  }
}

function take(
  db: Database,
  candidates: Iterable<Candidate>,
  { words, limit }: SearchQuery,
): SearchRow[] {
  const matches = matcher(words);
  const ids: number[] = [];
  for (const { id, cmd } of candidates) {
    if (matches(cmd)) ids.push(id);
    if (ids.length >= limit) break;
  }
  return rowsOf(db, ids);
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
 * The trigrams of the words, in lower case. (The index keeps no positions, so it can't be asked for a
 * longer text.) ASCII only: for other letters its folding of case may not be that of {@link matcher}.
 */
function trigramsOf(words: readonly string[]): string[] {
  const trigrams = new Set<string>();
  for (const word of words) {
    for (let at = 0; at + TRIGRAM <= word.length; at++) {
      const part = word.slice(at, at + TRIGRAM).toLowerCase();
      if (/^[\x21-\x7e]+$/.test(part)) trigrams.add(part);
    }
  }
  return [...trigrams];
}

function conditions(query: SearchQuery): { where: string; values: (string | number)[] } {
  const parts = ["1"];
  const values: (string | number)[] = [];
  const add = (part: string, value: string | number | undefined) => {
    if (value === undefined) return;
    parts.push(part);
    values.push(value);
  };
  add("e.cwd = (SELECT id FROM directory WHERE path = ?)", query.cwd);
  add("s.host = ?", query.host);
  add("e.started_at >= ? AND e.started_at <> 0", query.since);
  add("e.started_at <= ? AND e.started_at <> 0", query.until);
  // Said apart, so that SQLite sees that the index of failures has them all.
  if (query.exit !== undefined && query.exit !== 0) parts.push("e.exit_code <> 0");
  if (query.exit !== "fail") add("e.exit_code = ?", query.exit);
  return { where: parts.join(" AND "), values };
}
