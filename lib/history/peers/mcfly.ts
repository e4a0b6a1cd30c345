/**
 * mcfly: one table, whole seconds, no host and no duration.
 *
 * @module
 */
import { join } from "node:path";
import { dataHome } from "./places.ts";
import type { Peer, PeerRecord, Row, Surroundings } from "./types.ts";
import { bytesOf, integer, known, real, seconds, shortOf, text } from "./values.ts";

/** The session of what mcfly read from a shell's file; its exit code there is always 0. */
const IMPORTED = "IMPORTED";

/** The tool. */
export const MCFLY: Peer = {
  name: "mcfly",
  namesHosts: false,
  places,
  tables: { commands: ["cmd", "session_id", "when_run", "exit_code", "dir"] },
  query: () => `
    SELECT rowid AS row, ${bytesOf("cmd")} AS cmd, ${shortOf("session_id")} AS session,
      when_run AS start, exit_code AS exit, ${shortOf("dir")} AS dir
    FROM commands WHERE rowid > ?1 ORDER BY rowid LIMIT ?2`,
  read,
};

function places(at: Surroundings): string[] {
  return [
    join(at.home, ".mcfly", "history.db"),
    join(dataHome(at), "mcfly", "history.db"),
    join(at.home, "Library", "Application Support", "McFly", "history.db"),
  ];
}

function read(row: Row): PeerRecord | undefined {
  const started_at = seconds(real(row.start));
  const session = text(row.session);
  if (started_at === undefined || session === undefined || !(row.cmd instanceof Uint8Array)) return;
  return known<PeerRecord>({
    session,
    started_at,
    cmd: row.cmd,
    cwd: text(row.dir),
    exit_code: session === IMPORTED ? undefined : integer(row.exit),
  });
}
