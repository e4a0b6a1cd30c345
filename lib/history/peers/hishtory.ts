/**
 * hishtory: one table without sessions, times as text, directories that begin with `~`.
 *
 * @module
 */
import { isAbsolute, join } from "node:path";
import type { Peer, PeerRecord, Row, Surroundings } from "./types.ts";
import { bytesOf, goTime, integer, known, milliseconds, seconds, shortOf, text } from "./values.ts";

const FILE = ".hishtory.db";
/** What hishtory writes for the directory of what it imported itself. */
const NO_CWD = "Unknown";

/** The tool. */
export const HISHTORY: Peer = {
  name: "hishtory",
  namesHosts: true,
  places,
  tables: {
    history_entries: [
      "local_username",
      "hostname",
      "command",
      "current_working_directory",
      "exit_code",
      "start_time",
      "end_time",
    ],
  },
  query: (has) => {
    const optional = (column: string) => has("history_entries", column) ? shortOf(column) : "NULL";
    return `
      SELECT rowid AS row, ${shortOf("local_username")} AS user, ${shortOf("hostname")} AS host,
        ${bytesOf("command")} AS cmd, ${shortOf("current_working_directory")} AS cwd,
        ${optional("home_directory")} AS home, exit_code AS exit,
        ${shortOf("start_time")} AS start, ${shortOf("end_time")} AS end,
        ${optional("device_id")} AS device
      FROM history_entries WHERE rowid > ?1 ORDER BY rowid LIMIT ?2`;
  },
  read,
};

function places({ env, home }: Surroundings): string[] {
  const folder = env("HISHTORY_PATH") || ".hishtory";
  return [join(isAbsolute(folder) ? folder : join(home, folder), FILE)];
}

function read(row: Row): PeerRecord | undefined {
  const started_at = seconds(goTime(row.start));
  if (started_at === undefined || !(row.cmd instanceof Uint8Array)) return;
  const end = seconds(goTime(row.end));
  const cwd = text(row.cwd);
  const imported = cwd === NO_CWD;
  // What is saved before it ran has an end at 1970.
  const running = !imported && !end;
  const took = started_at > 0 && end ? Math.round((end - started_at) * 1e6) / 1e3 : undefined;
  return known<PeerRecord>({
    session: text(row.device) ?? "",
    started_at,
    cmd: row.cmd,
    cwd: imported ? undefined : absolute(cwd, text(row.home)),
    exit_code: imported || running ? undefined : integer(row.exit),
    duration_ms: imported ? undefined : milliseconds(took),
    unfinished: running || undefined,
    host: text(row.host),
    about: known({ user: text(row.user) }),
  });
}

function absolute(cwd: string | undefined, home: string | undefined): string | undefined {
  return home && cwd && /^~(?:\/|$)/.test(cwd) ? home + cwd.slice(1) : cwd;
}
