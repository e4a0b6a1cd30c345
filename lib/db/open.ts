/**
 * Opens the database of a device: SQLite in WAL mode, migrated to the schema that this version knows.
 *
 * @module
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { HxError } from "../errors.ts";
import { asDatabaseError } from "./sqlite_errors.ts";
import { MIGRATIONS } from "./schema.ts";

/** How long another process's write is waited for, in milliseconds. */
const BUSY_MS = 10_000;

/** A value that SQLite takes. */
export type SqlValue = SQLInputValue | undefined;

/** An open database: SQLite with its statements kept, and errors in words. */
export class Database {
  readonly #sqlite: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Takes over an open SQLite handle. */
  constructor(sqlite: DatabaseSync) {
    this.#sqlite = sqlite;
  }

  /** Runs a statement; gives how many rows it changed itself (not through triggers). */
  run(sql: string, ...values: SqlValue[]): number {
    return Number(this.#statement(sql).run(...bound(values)).changes);
  }

  /** Runs an INSERT; gives the new row's id, or undefined where nothing was inserted. */
  insert(sql: string, ...values: SqlValue[]): number | undefined {
    const result = this.#statement(sql).run(...bound(values));
    return Number(result.changes) === 0 ? undefined : Number(result.lastInsertRowid);
  }

  /** The first row, if there is one. */
  get<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.#statement(sql).get(...bound(values)) as Row | undefined;
  }

  /** All rows. */
  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.#statement(sql).all(...bound(values)) as Row[];
  }

  /** The rows one by one; the database must not be changed while they are read. */
  rows<Row>(sql: string, ...values: SqlValue[]): Iterable<Row> {
    // A statement of its own: a kept one could be asked again while these rows are still read.
    return this.#sqlite.prepare(sql).iterate(...bound(values)) as Iterable<Row>;
  }

  /** Runs statements that give nothing back. */
  exec(sql: string): void {
    this.#sqlite.exec(sql);
  }

  /** Runs `work` in one write transaction: all of it happens, or nothing. */
  transaction<T>(work: () => T): T {
    this.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** Runs `work` inside a transaction so that its failure undoes only itself. */
  savepoint<T>(work: () => T): T {
    this.exec("SAVEPOINT one");
    try {
      const result = work();
      this.exec("RELEASE one");
      return result;
    } catch (error) {
      this.exec("ROLLBACK TO one; RELEASE one");
      throw error;
    }
  }

  /** Empties the write-ahead log, so that removed rows are not left in it. */
  checkpoint(): void {
    this.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  /** Closes the handle; may be repeated. */
  close(): void {
    this.#statements.clear();
    if (this.#sqlite.isOpen) this.#sqlite.close();
  }

  /** So that `using` closes it. */
  [Symbol.dispose](): void {
    this.close();
  }

  #rollback(): void {
    // SQLite may have rolled back by itself (a full disk); a second ROLLBACK would hide the cause.
    if (this.#sqlite.isTransaction) this.exec("ROLLBACK");
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#sqlite.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * Opens the database file, makes it where it is missing, and migrates it.
 *
 * @param path the file, or `:memory:`
 * @throws {HxError} `config` where the file is no database, was written by a newer version, or can't
 * be opened; `busy` where another process holds it for too long
 */
export function openDatabase(path: string): Database {
  try {
    const sqlite = new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: false });
    const db = new Database(sqlite);
    try {
      prepare(db);
      migrate(db, path);
    } catch (error) {
      db.close();
      throw error;
    }
    return db;
  } catch (error) {
    throw asDatabaseError(error, path);
  }
}

function prepare(db: Database): void {
  db.exec("PRAGMA journal_mode = WAL");
  // FULL: what the outbox holds must survive a power cut, or a number could be sealed twice
  // (format, section 10).
  db.exec("PRAGMA synchronous = FULL");
  db.exec("PRAGMA secure_delete = ON");
  db.exec("PRAGMA cache_size = -32000");
  db.exec("PRAGMA temp_store = MEMORY");
}

function migrate(db: Database, path: string): void {
  const target = MIGRATIONS.length;
  if (version(db) === target) return;
  db.transaction(() => {
    const from = version(db); // again, now that no other process can be migrating
    if (from > target) {
      throw new HxError(
        "config",
        `the database ${path} has schema ${from}, this hx knows up to ${target}`,
        { hint: "update hx on this device" },
      );
    }
    for (const step of MIGRATIONS.slice(from)) db.exec(step);
    db.exec(`PRAGMA user_version = ${target}`);
  });
}

function version(db: Database): number {
  return db.get<{ user_version: number }>("PRAGMA user_version")?.user_version ?? 0;
}

function bound(values: SqlValue[]): SQLInputValue[] {
  return values.map((value) => value === undefined ? null : value);
}
