/**
 * The commands of a history file -> the records that a vault holds.
 *
 * @module
 */

import type { EventKey, EventRecord, SessionRecord } from "../format/types.ts";
import { checkLabel, ImportKeys, importSessionId, type ImportSource } from "./keys.ts";
import type { HistoryLine } from "./types.ts";

/**
 * Makes the lines of one file into events, batch by batch. Lines without time keep `started_at` 0
 * and their rank in the file as `order`.
 *
 * @param lines all lines of ONE file, from its start: equal lines are counted within it
 * @throws {HxError} `usage` where the label can't be used
 */
export async function* importEvents(
  lines: AsyncIterable<HistoryLine[]>,
  source: ImportSource,
): AsyncGenerator<EventRecord[], void, undefined> {
  const keys = await ImportKeys.of(source);
  for await (const batch of lines) {
    yield batch.map((line) => eventOf(line, keys.next(line)));
  }
}

/**
 * The session record that goes with {@link importEvents}. It names no user: the same file may be
 * imported by another account.
 *
 * @throws {HxError} `usage` where the label can't be used
 */
export async function sessionOf(source: ImportSource): Promise<SessionRecord> {
  checkLabel(source.label);
  return {
    session_id: await importSessionId(source),
    started_at: 0,
    host: source.label,
    shell: source.shell,
  };
}

function eventOf(line: HistoryLine, key: EventKey): EventRecord {
  const event: EventRecord = { ...key, started_at: line.started_at, cmd: line.cmd };
  if (line.duration_ms !== undefined) event.duration_ms = line.duration_ms;
  if (line.cwd !== undefined) event.cwd = line.cwd;
  if (line.order !== undefined) event.order = line.order;
  if (line.truncated) event.truncated = true;
  if (line.cmd_base64 !== undefined) event.cmd_base64 = line.cmd_base64;
  return event;
}
