/**
 * `hx show ID`, `hx last` and `hx pin`: one event.
 *
 * @module
 */
import {
  type Database,
  eventById,
  Interner,
  mergePin,
  searchEvents,
  type SearchRow,
} from "../db/mod.ts";
import { HxError } from "../errors.ts";
import { table } from "../ui/table.ts";
import { printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { openDevice, readDevice } from "./device.ts";
import { resolveEvent, shownKey } from "./event_ref.ts";
import { agoOf, durationOf, timeOf } from "./event_view.ts";

/** Shows the event with a number. */
export async function runShow(
  app: App,
  ui: Ui,
  options: GlobalOptions & { id: string },
): Promise<number> {
  using device = readDevice(app);
  await show(app, ui, eventOf(device.db, options.id), options);
  return 0;
}

/** Shows the newest event. */
export async function runLast(app: App, ui: Ui, options: GlobalOptions): Promise<number> {
  using device = readDevice(app);
  await show(app, ui, lastOf(device.db), options);
  return 0;
}

/** Pins the session of an event: it is marked on all devices, for good. */
export async function runPin(
  app: App,
  ui: Ui,
  { id, last = false }: GlobalOptions & { id?: string; last?: boolean },
): Promise<number> {
  if ((id === undefined) !== last) {
    throw new HxError("usage", "hx pin takes the number of an event, or --last", {
      hint: "`hx search` shows the numbers",
    });
  }
  using device = openDevice(app);
  const { db } = device;
  const event = id === undefined ? lastOf(db) : eventOf(db, id);
  db.transaction(() => {
    mergePin(db, new Interner(db), { session_id: event.session_id, pinned: true }, true);
  });
  await ui.summary(`pinned the session of event ${event.id}`);
  return 0;
}

function eventOf(db: Database, id: string): SearchRow {
  return eventById(db, resolveEvent(db, id))!;
}

function lastOf(db: Database): SearchRow {
  const [event] = searchEvents(db, { words: [], limit: 1 });
  if (event) return event;
  throw new HxError("not-found", "the history is empty", { hint: "`hx import` takes one in" });
}

async function show(app: App, ui: Ui, row: SearchRow, options: GlobalOptions): Promise<void> {
  if (options.json) return await ui.json(row);
  const fields: [string, string][] = [
    ["id", String(row.id)],
    ["time", row.started_at === 0 ? "-" : `${timeOf(row)} (${agoOf(row, app.clock())} ago)`],
    ["duration", durationOf(row) || "-"],
    ["exit", row.exit_code === null ? "-" : String(row.exit_code)],
    ["directory", printable(row.cwd ?? "-")],
    ["host", printable(row.host ?? "-")],
    ["user", printable(row.user ?? "-")],
    ["shell", printable(row.shell ?? "-")],
    ["pinned", row.pinned ? "yes" : "no"],
    ["key", printable(shownKey(row))],
  ];
  const lines = table(fields.map(([name, value]) => [ui.style.bold(name), value]));
  const command = row.cmd.split("\n").map((line) => printable(line));
  await ui.result([...lines, "", ...command, ""].join("\n"));
}
