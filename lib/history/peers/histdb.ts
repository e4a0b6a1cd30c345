/**
 * zsh-histdb: texts and places once each, sessions numbered by host, whole seconds.
 *
 * @module
 */
import { join } from "node:path";
import { named } from "./places.ts";
import type { Peer, PeerRecord, Row } from "./types.ts";
import { bytesOf, integer, known, milliseconds, real, seconds, shortOf, text } from "./values.ts";

/** The tool. */
export const HISTDB: Peer = {
  name: "histdb",
  namesHosts: true,
  places: (at) => {
    const only = named(at, "HISTDB_FILE");
    return only.length > 0 ? only : [join(at.home, ".histdb", "zsh-history.db")];
  },
  tables: {
    history: ["session", "command_id", "place_id", "exit_status", "start_time", "duration"],
    commands: ["argv"],
    places: ["host", "dir"],
  },
  // By rowid, which is also the id of those versions that have one.
  query: () => `
    SELECT h.rowid AS row, h.session, h.exit_status AS exit, h.start_time AS start, h.duration,
      ${bytesOf("c.argv")} AS cmd, ${shortOf("p.host")} AS host, ${shortOf("p.dir")} AS dir
    FROM history h LEFT JOIN commands c ON c.rowid = h.command_id
      LEFT JOIN places p ON p.rowid = h.place_id
    WHERE h.rowid > ?1 ORDER BY h.rowid LIMIT ?2`,
  read,
};

function read(row: Row): PeerRecord | undefined {
  const started_at = seconds(real(row.start));
  const session = integer(row.session);
  if (started_at === undefined || !(row.cmd instanceof Uint8Array)) return;
  const duration = real(row.duration);
  return known<PeerRecord>({
    session: session === undefined ? "" : String(session),
    started_at,
    cmd: row.cmd,
    cwd: text(row.dir),
    exit_code: integer(row.exit),
    duration_ms: milliseconds(duration === undefined ? undefined : duration * 1000),
    unfinished: row.exit === null || undefined,
    host: text(row.host),
    about: { shell: "zsh" },
  });
}
