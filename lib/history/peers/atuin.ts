/**
 * atuin: one table, times in nanoseconds, -1 for what is not known.
 *
 * @module
 */
import { join } from "node:path";
import { dataHome, named } from "./places.ts";
import type { Peer, PeerRecord, Row, Surroundings } from "./types.ts";
import { bytesOf, integer, known, milliseconds, seconds, shortOf, text } from "./values.ts";

/** What atuin writes for the directory of what it imported itself. */
const NO_CWD = "unknown";

/** The tool. */
export const ATUIN: Peer = {
  name: "atuin",
  namesHosts: true,
  places,
  tables: {
    history: ["timestamp", "duration", "exit", "command", "cwd", "session", "hostname"],
  },
  query: (has) => `
    SELECT rowid AS row, CASE typeof(timestamp) WHEN 'integer' THEN timestamp / 1000 END AS micros,
      duration, exit, ${bytesOf("command")} AS cmd,
      ${shortOf("cwd")} AS cwd, ${shortOf("session")} AS session, ${shortOf("hostname")} AS host,
      ${has("history", "shell") ? shortOf("shell") : "NULL"} AS shell
    FROM history WHERE rowid > ?1
      ${has("history", "deleted_at") ? "AND deleted_at IS NULL" : ""}
    ORDER BY rowid LIMIT ?2`,
  read,
};

function places(at: Surroundings): string[] {
  const only = named(at, "ATUIN_DB_PATH");
  if (only.length > 0) return only;
  const home = named(at, "ATUIN_HOME", "data", "history.db");
  if (home.length > 0) return home;
  return [
    join(at.home, ".atuin", "data", "history.db"),
    join(dataHome(at), "atuin", "history.db"),
  ];
}

function read(row: Row): PeerRecord | undefined {
  const micros = integer(row.micros);
  const started_at = seconds(micros === undefined ? undefined : micros / 1e6);
  const cwd = text(row.cwd);
  const session = text(row.session);
  if (started_at === undefined || session === undefined || !(row.cmd instanceof Uint8Array)) return;
  const [host = "", user] = splitHost(text(row.host));
  // Of what it read from a shell's file atuin knows nothing more, and gives each line a session.
  const imported = cwd === NO_CWD;
  const nanos = integer(row.duration);
  const running = !imported && (nanos === undefined || nanos < 0);
  const exit = integer(row.exit);
  return known<PeerRecord>({
    session: imported ? "imported" : session,
    started_at,
    cmd: row.cmd,
    cwd: imported ? undefined : cwd,
    exit_code: imported || running || exit === -1 ? undefined : exit,
    duration_ms: imported || running ? undefined : milliseconds(Math.round(nanos! / 1000) / 1000),
    unfinished: running || undefined,
    host: host || undefined,
    about: known({ user, shell: text(row.shell) }),
  });
}

/** `host:user`; a user's name holds no colon. */
function splitHost(both: string | undefined): [string?, string?] {
  if (both === undefined) return [];
  const at = both.lastIndexOf(":");
  return at < 0 ? [both] : [both.slice(0, at), both.slice(at + 1) || undefined];
}
