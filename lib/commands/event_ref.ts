/**
 * How people and scripts name an event: by its number on this device, or by its key, which is the
 * same on all devices.
 *
 * @module
 */
import { type Database, eventIdOf } from "../db/mod.ts";
import { HxError } from "../errors.ts";
import type { EventKey } from "../format/types.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A key as it is shown: `node/session/seq`. */
export function shownKey({ node_id, session_id, seq }: EventKey): string {
  return `${node_id}/${session_id}/${seq}`;
}

/**
 * What `text` means: `1204`, or `node/session/seq`.
 *
 * @throws {HxError} `usage` where it is neither
 */
export function parseEventRef(text: string): number | EventKey {
  const ref = keyOf(text) ?? (/^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined);
  if (ref !== undefined) return ref;
  throw new HxError("usage", `'${text}' is not a number of an event, nor node/session/seq`, {
    hint: "`hx search` shows the numbers",
  });
}

/**
 * The number on this device of the event that `text` names.
 *
 * @throws {HxError} `usage` as {@link parseEventRef}, `not-found` where there is no such event
 */
export function resolveEvent(db: Database, text: string): number {
  const id = eventIdOf(db, parseEventRef(text));
  if (id !== undefined) return id;
  throw new HxError("not-found", `there is no event ${text}`, {
    hint: "`hx search` shows events with their numbers",
  });
}

/** A session's id may hold slashes: the first and the last one count. */
function keyOf(text: string): EventKey | undefined {
  const first = text.indexOf("/");
  const last = text.lastIndexOf("/");
  const node_id = text.slice(0, Math.max(0, first));
  const number = text.slice(last + 1);
  if (first === last || !UUID.test(node_id) || !/^\d{1,16}$/.test(number)) return undefined;
  return { node_id, session_id: text.slice(first + 1, last), seq: Number(number) };
}
