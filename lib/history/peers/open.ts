/**
 * Another tool's database as rows, some thousands at a time.
 *
 * @module
 */
import type { DatabaseSync } from "node:sqlite";
import { HxError } from "../../errors.ts";
import { peerError } from "./errors.ts";
import { PEERS } from "./list.ts";
import { openSnapshot, type Snapshot } from "./snapshot.ts";
import type { Peer, Row } from "./types.ts";

/** Rows of one query: it holds the lock that keeps the tool from writing, so it is short. */
const ROWS = 5000;
/** Bytes of commands of one query. */
const BYTES = 8 * 1024 * 1024;

/** A tool's open database. */
export class PeerFile implements Disposable {
  /** Rows that there are, deleted ones included; undefined where damage keeps them uncounted. */
  readonly total: number | undefined;
  readonly #peer: Peer;
  readonly #path: string;
  readonly #sql: string;
  readonly #snapshot: Snapshot;

  private constructor(peer: Peer, path: string, scratch: string) {
    this.#peer = peer;
    this.#path = path;
    this.#snapshot = openSnapshot(path, scratch);
    try {
      const tables = tablesOf(this.#snapshot.sqlite);
      if (!fits(peer, tables)) throw strange(peer, path, tables);
      this.#sql = peer.query((table, column) => tables.get(table)?.has(column) ?? false);
      this.total = countOf(this.#snapshot.sqlite, Object.keys(peer.tables)[0]!);
    } catch (error) {
      this.#snapshot[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Opens a tool's database.
   *
   * @param scratch a folder of one's own
   * @throws {HxError} `not-found` where there is no such file; `usage` where it is none; `config`
   *   where it may not be read, is no database, or is another tool's; `corrupt` where it is damaged;
   *   `busy` where its tool is in the middle of a write
   */
  static open(peer: Peer, path: string, scratch: string): PeerFile {
    try {
      if (!Deno.statSync(path).isFile) {
        throw new HxError("usage", `importing ${peer.name}'s history: ${path} is not a file`, {
          hint: `name ${peer.name}'s database itself`,
        });
      }
      return new PeerFile(peer, path, scratch);
    } catch (error) {
      throw peerError(error, peer, path);
    }
  }

  /**
   * Its rows in their order, in short batches, none of which keeps a lock.
   *
   * @throws {HxError} `corrupt`, `busy`, `config`
   */
  *rows(): Generator<Row[], void, undefined> {
    let after = -(2n ** 63n);
    for (;;) {
      const rows = this.#named(() => query(this.#snapshot.sqlite, this.#sql, after));
      if (rows.length === 0) return;
      yield rows;
      after = rows.at(-1)!.row as bigint;
    }
  }

  #named<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw peerError(error, this.#peer, this.#path);
    }
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#snapshot[Symbol.dispose]();
  }
}

function query(sqlite: DatabaseSync, sql: string, after: bigint): Row[] {
  const statement = sqlite.prepare(sql);
  statement.setReadBigInts(true);
  const rows: Row[] = [];
  let bytes = 0;
  for (const row of statement.iterate(after, ROWS) as Iterable<Row>) {
    rows.push(row);
    if (row.cmd instanceof Uint8Array) bytes += row.cmd.length;
    if (bytes > BYTES) break;
  }
  if (rows.length > 0) return rows;
  // In Deno, iterate() takes an error for the end; get() throws it.
  const row = statement.get(after, 1) as Row | undefined;
  return row ? [row] : [];
}

function countOf(sqlite: DatabaseSync, table: string): number | undefined {
  try {
    return Number(sqlite.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
  } catch {
    return undefined; // the rows themselves will tell
  }
}

/** The columns of the tables. A view is no table: it could compute for ever. */
function tablesOf(sqlite: DatabaseSync): Map<string, Set<string>> {
  const tables = new Map<string, Set<string>>();
  const columns = sqlite.prepare(
    `SELECT t.name AS name, c.name AS column FROM sqlite_schema t, pragma_table_info(t.name) c
     WHERE t.type = 'table' AND t.rootpage > 0 LIMIT 10000`,
  ).all() as { name: string; column: string }[];
  for (const { name, column } of columns) {
    tables.set(name, (tables.get(name) ?? new Set()).add(column));
  }
  return tables;
}

type Tables = ReadonlyMap<string, ReadonlySet<string>>;

/** Whether these are the tables of a tool. */
function fits(peer: Peer, tables: Tables): boolean {
  return Object.entries(peer.tables).every(([table, columns]) =>
    columns.every((column) => tables.get(table)?.has(column))
  );
}

function strange(peer: Peer, path: string, tables: Tables): HxError {
  const other = Object.values(PEERS).find((one) => fits(one, tables));
  const what = `importing ${peer.name}'s history: ${path} is no database of ${peer.name}`;
  if (other) {
    return new HxError("config", `${what}, but of ${other.name}`, {
      hint: `import it with --from ${other.name}`,
    });
  }
  const missing = Object.keys(peer.tables).join(", ");
  return new HxError("config", `${what} that this hx knows`, {
    hint: `its tables (${missing}) are not there, or lack columns: name another file, or update hx`,
  });
}
