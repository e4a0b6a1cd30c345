/**
 * Opening another tool's SQLite database so that nothing is written to it or next to it.
 *
 * SQLite makes a `-wal` and a `-shm` file beside a database in WAL mode even to read it, unless it is
 * told that the file does not change (`immutable`) or the two are there already.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { basename, join, resolve } from "node:path";

/** How long another process's write is waited for, in milliseconds. */
const BUSY_MS = 10_000;
/** Where a database says that it is in WAL mode, and with what (sqlite.org/fileformat.html, 1.3). */
const READ_VERSION_AT = 19;
const WAL_VERSION = 2;

/** A database that is open for reading. */
export interface Snapshot extends Disposable {
  sqlite: DatabaseSync;
  /** Whether what was read since it was opened is whole; false: open it again, and read it again. */
  unchanged(): boolean;
}

/**
 * Opens a database to read it: under SQLite's locks where a writer may be at work; as an immutable
 * file where no log is beside it, in which case {@link Snapshot.unchanged} tells whether a writer
 * came; and a copy of it where its log lies there alone, as in a backup.
 *
 * @param scratch a folder of one's own, for such a copy
 */
export function openSnapshot(path: string, scratch: string): Snapshot {
  if (!usesLog(path)) return snapshotOf(path, "?mode=ro");
  if (!isThere(`${path}-wal`)) {
    const before = stamp(path);
    return snapshotOf(path, "?mode=ro&immutable=1", () => stamp(path) === before);
  }
  return isThere(`${path}-shm`) ? snapshotOf(path, "?mode=ro") : copied(path, scratch);
}

function snapshotOf(
  path: string,
  parameters: string,
  unchanged = () => true,
  close = () => {},
): Snapshot {
  const name = resolve(path).split("/").map(encodeURIComponent).join("/");
  const sqlite = new DatabaseSync(`file:${name}${parameters}`, {
    readOnly: true,
    timeout: BUSY_MS,
    enableForeignKeyConstraints: false,
    enableDoubleQuotedStringLiterals: false,
  });
  // What a schema defines (defaults, generated columns, views) calls nothing that could do harm.
  sqlite.exec("PRAGMA trusted_schema = OFF");
  return {
    sqlite,
    unchanged,
    [Symbol.dispose]: () => {
      if (sqlite.isOpen) sqlite.close();
      close();
    },
  };
}

function copied(path: string, scratch: string): Snapshot {
  const folder = Deno.makeTempDirSync({ dir: scratch, prefix: "import-" });
  const remove = () => Deno.removeSync(folder, { recursive: true });
  try {
    const copy = join(folder, basename(path));
    for (const end of ["", "-wal"]) Deno.copyFileSync(path + end, copy + end);
    return snapshotOf(copy, "?mode=ro", undefined, remove);
  } catch (error) {
    remove();
    throw error;
  }
}

function usesLog(path: string): boolean {
  using file = Deno.openSync(path);
  const header = new Uint8Array(READ_VERSION_AT + 1);
  return file.readSync(header) === header.length && header[READ_VERSION_AT] === WAL_VERSION;
}

/** What changes when a writer comes: its log is there, or the file is another. */
function stamp(path: string): string {
  const { ino, size, mtime } = Deno.statSync(path);
  return `${ino} ${size} ${mtime?.getTime()} ${isThere(`${path}-wal`)}`;
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
