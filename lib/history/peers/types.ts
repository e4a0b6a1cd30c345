/**
 * What the histories of other tools are read into, before it becomes events.
 *
 * @module
 */
import type { EventRecord, SessionRecord } from "../../format/types.ts";

/** A tool whose history hx reads. */
export type PeerName = "atuin" | "hishtory" | "histdb" | "mcfly" | "hx-go";

/** One command, as a tool's database tells of it; absent is what it does not know. */
export interface PeerRecord {
  /** The tool's own name of the shell session. */
  session: string;
  /** Unix seconds; 0 = not known. */
  started_at: number;
  /** What was typed, as bytes: not all of it need be UTF-8. */
  cmd: Uint8Array;
  duration_ms?: number;
  exit_code?: number;
  cwd?: string;
  /** It may still be running: the tool has no end of it. */
  unfinished?: boolean;
  /** The host that it ran on. */
  host?: string;
  /** What is known of its session beside the host. */
  about?: Omit<SessionRecord, "session_id" | "started_at" | "host"> & { started_at?: number };
  /** Its session is to be kept. */
  pinned?: boolean;
}

/** A value of a row; integers come as bigint, for they may be larger than a number holds. */
export type Cell = null | bigint | number | string | Uint8Array;

/** A row of a tool's database. */
export type Row = Readonly<Record<string, Cell>>;

/** What the places of a tool's database are told by. */
export interface Surroundings {
  /** Reads an environment variable; an empty one counts as not set. */
  env: (name: string) => string | undefined;
  /** The home directory. */
  home: string;
}

/** A tool: where its database is, what is in it, and what that means. */
export interface Peer {
  name: PeerName;
  /** Its records name their hosts. */
  namesHosts: boolean;
  /** Where it keeps its database; the first that is there is the one. */
  places(at: Surroundings): string[];
  /** The tables that make the database its own, with the columns that are read. */
  tables: Readonly<Record<string, readonly string[]>>;
  /**
   * The query for what lies in it behind row `?1`, at most `?2` rows in their order, with the row's
   * number as `row`.
   *
   * @param has whether a table has a column, for those that came or went with the tool's versions
   */
  query(has: (table: string, column: string) => boolean): string;
  /** What a row says; undefined where no event can be made of it. */
  read(row: Row): PeerRecord | undefined;
}

/** Events of a tool's history, some thousands at a time. */
export interface PeerBatch {
  events: EventRecord[];
  /** What is known of their sessions. */
  sessions: SessionRecord[];
  /** Sessions that are to be kept. */
  pinned: string[];
  /** Rows that were read so far. */
  read: number;
  /** Rows so far of which no event could be made. */
  unreadable: number;
  /** Rows so far that are left for a later import, because they may still be running. */
  unfinished: number;
}
