/** Databases of other tools, made with the schemas that those tools make. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import {
  type Peer,
  type PeerBatch,
  peerEvents,
  PeerFile,
  type PeerName,
  PEERS,
} from "../lib/history/peers/mod.ts";

/** By tool, the tables that it makes. */
export const SCHEMAS: Readonly<
  Record<PeerName | "atuin-old" | "histdb-old" | "hishtory-old", string>
> = {
  atuin: `
    CREATE TABLE history (id text primary key, timestamp integer not null, duration integer not null,
      exit integer not null, command text not null, cwd text not null, session text not null,
      hostname text not null, deleted_at integer, author text, intent text, shell text,
      author_kind integer, unique(timestamp, cwd, command));
    CREATE INDEX idx_history_timestamp on history(timestamp);`,
  "atuin-old": `
    CREATE TABLE history (id text primary key, timestamp integer not null, duration integer not null,
      exit integer not null, command text not null, cwd text not null, session text not null,
      hostname text not null, unique(timestamp, cwd, command));`,
  hishtory: `
    CREATE TABLE history_entries (local_username text, hostname text, command text,
      current_working_directory text, home_directory text, exit_code integer, start_time datetime,
      end_time datetime, device_id text, entry_id text, custom_columns text);
    CREATE UNIQUE INDEX entry_id_index ON history_entries(entry_id);`,
  "hishtory-old": `
    CREATE TABLE history_entries (local_username text, hostname text, command text,
      current_working_directory text, exit_code integer, start_time datetime, end_time datetime);`,
  histdb: `
    CREATE TABLE commands (id integer primary key autoincrement, argv text,
      unique(argv) on conflict ignore);
    CREATE TABLE places (id integer primary key autoincrement, host text, dir text,
      unique(host, dir) on conflict ignore);
    CREATE TABLE history (id integer primary key autoincrement, session int,
      command_id int references commands (id), place_id int references places (id),
      exit_status int, start_time int, duration int);
    PRAGMA user_version = 2;`,
  "histdb-old": `
    CREATE TABLE commands (argv text, unique(argv) on conflict ignore);
    CREATE TABLE places (host text, dir text, unique(host, dir) on conflict ignore);
    CREATE TABLE history (session int, command_id int references commands (rowid),
      place_id int references places (rowid), exit_status int, start_time int, duration int);`,
  mcfly: `
    CREATE TABLE commands (id INTEGER PRIMARY KEY AUTOINCREMENT, cmd TEXT NOT NULL, cmd_tpl TEXT,
      session_id TEXT NOT NULL, when_run INTEGER NOT NULL, exit_code INTEGER NOT NULL,
      selected INTEGER NOT NULL, dir TEXT, old_dir TEXT);
    CREATE TABLE selected_commands (id INTEGER PRIMARY KEY AUTOINCREMENT, cmd TEXT NOT NULL,
      session_id TEXT NOT NULL, dir TEXT NOT NULL);
    CREATE TABLE schema_versions (id INTEGER PRIMARY KEY AUTOINCREMENT, version INTEGER NOT NULL,
      when_run INTEGER NOT NULL);`,
  "hx-go": `
    CREATE TABLE sessions (session_id TEXT PRIMARY KEY, started_at REAL NOT NULL, ended_at REAL,
      user TEXT, host TEXT NOT NULL, tty TEXT, shell TEXT DEFAULT 'zsh', initial_cwd TEXT,
      meta_json TEXT, pinned INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE command_dict (cmd_id INTEGER PRIMARY KEY AUTOINCREMENT,
      cmd_hash TEXT UNIQUE NOT NULL, cmd_text TEXT NOT NULL, first_seen_at REAL NOT NULL);
    CREATE TABLE events (event_id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL,
      seq INTEGER NOT NULL, started_at REAL NOT NULL, ended_at REAL, duration_ms INTEGER,
      exit_code INTEGER, pipe_status_json TEXT, cwd TEXT, cmd_id INTEGER, repo_root TEXT,
      git_branch TEXT, git_commit TEXT, extra_json TEXT, UNIQUE(session_id, seq));`,
};

/** A row, by its columns. */
export type Values = Readonly<Record<string, SQLInputValue>>;

/** Opens a tool's database to write it, as the tool does; makes it where it is missing. */
export function peerDatabase(path: string, schema: keyof typeof SCHEMAS, wal = true): DatabaseSync {
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  if (wal) db.exec("PRAGMA journal_mode = WAL");
  const made = db.prepare("SELECT 1 FROM sqlite_schema").get();
  if (!made) db.exec(SCHEMAS[schema]);
  return db;
}

/** Adds rows to a table. */
export function add(db: DatabaseSync, table: string, ...rows: Values[]): void {
  for (const row of rows) {
    const columns = Object.keys(row);
    const marks = columns.map(() => "?").join(", ");
    db.prepare(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks})`)
      .run(...Object.values(row));
  }
}

/** Makes a database of a tool with these rows and closes it. */
export function makePeer(
  path: string,
  schema: keyof typeof SCHEMAS,
  rows: Readonly<Record<string, readonly Values[]>>,
  wal = true,
): string {
  const db = peerDatabase(path, schema, wal);
  db.exec("BEGIN");
  for (const [table, some] of Object.entries(rows)) add(db, table, ...some);
  db.exec("COMMIT");
  db.close();
  return path;
}

let ids = 0;

/** A row of atuin; what is not said is as of a command that went well. */
export function atuinRow(command: string, second: number, more: Values = {}): Values {
  return {
    id: `id-${ids++}`,
    timestamp: BigInt(second) * 1_000_000_000n,
    duration: 1_500_000,
    exit: 0,
    command,
    cwd: "/work",
    session: "s1",
    hostname: "laptop:ann",
    ...more,
  };
}

/** All that is made of a database, as one batch. */
export async function readPeer(
  peer: Peer | PeerName,
  path: string,
  { label = "here", now = 2e9, scratch = "/tmp" } = {},
): Promise<PeerBatch> {
  const tool = typeof peer === "string" ? PEERS[peer] : peer;
  using file = PeerFile.open(tool, path, scratch);
  const all: PeerBatch = {
    events: [],
    sessions: [],
    pinned: [],
    read: 0,
    unreadable: 0,
    unfinished: 0,
  };
  for await (const batch of peerEvents(tool, file.rows(), { label, now })) {
    const { events, sessions, pinned, ...counts } = batch;
    Object.assign(all, counts);
    all.events.push(...events);
    all.sessions.push(...sessions);
    all.pinned.push(...pinned);
  }
  return all;
}
