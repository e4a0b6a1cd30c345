/**
 * The earlier hx, which was written in Go: sessions, texts once each, events.
 *
 * @module
 */
import { join } from "node:path";
import { dataHome, named } from "./places.ts";
import type { Peer, PeerRecord, Row } from "./types.ts";
import { bytesOf, integer, known, milliseconds, real, seconds, shortOf, text } from "./values.ts";

const SESSION_TEXTS = ["user", "shell", "tty", "initial_cwd"] as const;

/** The tool. */
export const HX_GO: Peer = {
  name: "hx-go",
  namesHosts: true,
  places: (at) => {
    const only = named(at, "HX_DB_PATH");
    return only.length > 0 ? only : [join(dataHome(at), "hx", "hx.db")];
  },
  tables: {
    events: ["session_id", "started_at", "ended_at", "duration_ms", "exit_code", "cwd", "cmd_id"],
    sessions: ["session_id", "started_at", "ended_at", "host", ...SESSION_TEXTS],
    command_dict: ["cmd_id", "cmd_text"],
  },
  query: (has) => `
    SELECT e.rowid AS row, ${shortOf("e.session_id")} AS session, e.started_at AS start,
      e.duration_ms AS duration, e.exit_code AS exit, ${shortOf("e.cwd")} AS cwd,
      ${bytesOf("c.cmd_text")} AS cmd, ${shortOf("s.host")} AS host,
      s.started_at AS session_start, s.ended_at AS session_end,
      ${SESSION_TEXTS.map((column) => `${shortOf(`s.${column}`)} AS ${column}`).join(", ")},
      ${has("sessions", "pinned") ? "s.pinned" : "NULL"} AS pinned
    FROM events e LEFT JOIN command_dict c ON c.cmd_id = e.cmd_id
      LEFT JOIN sessions s ON s.session_id = e.session_id
    WHERE e.rowid > ?1 ORDER BY e.rowid LIMIT ?2`,
  read,
};

function read(row: Row): PeerRecord | undefined {
  const started_at = seconds(real(row.start));
  const session = text(row.session);
  if (started_at === undefined || session === undefined || !(row.cmd instanceof Uint8Array)) return;
  return known<PeerRecord>({
    session,
    started_at,
    cmd: row.cmd,
    cwd: text(row.cwd),
    exit_code: integer(row.exit),
    duration_ms: milliseconds(real(row.duration)),
    host: text(row.host),
    about: known({
      started_at: seconds(real(row.session_start)),
      ended_at: seconds(real(row.session_end)) || undefined,
      ...Object.fromEntries(SESSION_TEXTS.map((column) => [column, text(row[column])])),
    }),
    pinned: real(row.pinned) === 1 || undefined,
  });
}
