/**
 * `hx forget`: removes events here, and on every other device after the next syncs.
 *
 * @module
 */
import { type Database, type MatchedEvent, matchEvents, ownNodes, readMeta } from "../db/mod.ts";
import { HxError } from "../errors.ts";
import type { WindowTombstone } from "../format/types.ts";
import { importNodeId } from "../history/mod.ts";
import { type Forget, forget, sweepBlobs } from "../sync/mod.ts";
import { table } from "../ui/table.ts";
import { counted, localTime, printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { blobsOf } from "./artifact_ref.ts";
import { openDevice } from "./device.ts";
import { parseEventRef, resolveEvent } from "./event_ref.ts";
import { parseTime } from "./time.ts";
import { keysIfEnrolled } from "./session.ts";

/** What `hx forget` takes. */
export interface ForgetOptions extends GlobalOptions {
  /** From when on. */
  since?: string;
  /** Numbers or keys of events. */
  id?: readonly string[];
  /** Substring of the command. */
  match?: string;
  /** With `since` alone: what every device recorded. */
  allDevices?: boolean;
  /** Only list. */
  dryRun?: boolean;
  /** Don't ask. */
  yes?: boolean;
}

/** What is shown of what is to go, in events. */
const EXAMPLES = 5;
/** A command in a list, in characters. */
const CMD_CHARS = 100;

/** What was asked for: events here, and windows that also cover what is not here yet. */
interface Plan extends Forget {
  /** All events here that go. */
  gone: readonly MatchedEvent[];
}

/** Forgets what the options name, after asking. */
export async function runForget(app: App, ui: Ui, options: ForgetOptions): Promise<number> {
  checkOptions(options);
  options.id?.forEach(parseEventRef);
  const times = timesOf(app, options);
  using device = openDevice(app);
  const plan = await planOf(app, device.db, options, times);
  const { gone, windows } = plan;
  if (options.dryRun) return await list(ui, gone, options);
  if (gone.length === 0 && windows.length === 0) {
    if (options.json) await ui.json({ forgotten: 0 });
    else await ui.summary("nothing matches");
    return 0;
  }
  if (!options.yes && !await agrees(app, gone)) {
    ui.note("nothing was forgotten");
    return 0;
  }
  await forget(device.db, await keysIfEnrolled(app, ui, device.db), plan);
  sweepBlobs(device.db, blobsOf(app));
  if (options.json) await ui.json({ forgotten: gone.length });
  else await ui.summary(`forgot ${counted(gone.length, "event")}`);
  ui.note("The next `hx sync` makes the other devices forget too.");
  return 0;
}

function checkOptions({ since, id, match, allDevices }: ForgetOptions): void {
  const wrong = since === undefined && id === undefined && match === undefined
    ? "what is to be forgotten?"
    : match === ""
    ? "every command holds an empty text"
    : id !== undefined && (match !== undefined || since !== undefined)
    ? "--id stands alone"
    : allDevices && since === undefined
    ? "--all-devices goes with --since; --match and --id mean every device anyway"
    : undefined;
  if (wrong === undefined) return;
  throw new HxError("usage", wrong, {
    hint: "hx forget --since 15m | --id ID... | --match TEXT [--since 15m]",
  });
}

/** Unix seconds. */
interface Times {
  since: number | undefined;
  until: number;
}

function timesOf(app: App, options: ForgetOptions): Times {
  const now = app.clock();
  const since = options.since === undefined ? undefined : parseTime(options.since, now);
  if (since === undefined || since <= now / 1000) return { since, until: now / 1000 };
  throw new HxError("usage", "--since is in the future", { hint: "say it like 15m, 2h or 3d" });
}

async function planOf(
  app: App,
  db: Database,
  { match, id: ids, allDevices }: ForgetOptions,
  { since, until }: Times,
): Promise<Plan> {
  if (match !== undefined) {
    return keyed(matchEvents(db, since === undefined ? { match } : { match, since }));
  }
  if (ids !== undefined) {
    return keyed(matchEvents(db, { ids: ids.map((id) => resolveEvent(db, id)) }));
  }
  return await windowPlan(app, db, { start_ts: since!, end_ts: until }, allDevices ?? false);
}

function keyed(events: readonly MatchedEvent[]): Plan {
  return { events, windows: [], gone: events };
}

/** Whatever began in a window: of this device's recorders, or of every one. */
async function windowPlan(
  app: App,
  db: Database,
  window: WindowTombstone,
  allDevices: boolean,
): Promise<Plan> {
  const times = { since: window.start_ts, until: window.end_ts };
  if (allDevices) return { events: [], windows: [window], gone: matchEvents(db, times) };
  // Also what the shells' files hold of that time and no import has brought yet.
  const importer = await importNodeId(readMeta(db, "import_label") ?? app.hostname());
  const nodes = [...new Set([...ownNodes(db), importer])];
  const windows = nodes.map((node_id) => ({ node_id, ...window }));
  return { events: [], windows, gone: matchEvents(db, { ...times, nodes }) };
}

async function list(
  ui: Ui,
  events: readonly MatchedEvent[],
  { json }: ForgetOptions,
): Promise<number> {
  if (json) {
    const rows = events.map(({ id, node_id, session_id, seq, started_at, cmd, host }) => (
      { id, node_id, session_id, seq, started_at, cmd, host }
    ));
    await ui.json({ forgotten: 0, events: rows });
    return 0;
  }
  for (const line of table(events.map(eventRow), ["right"])) await ui.result(`${line}\n`);
  ui.note(`${counted(events.length, "event")} would be forgotten; nothing was removed`);
  return 0;
}

function eventRow({ id, started_at, host, cmd }: MatchedEvent): string[] {
  const time = started_at === 0 ? "-" : localTime(started_at * 1000);
  return [String(id), time, printable(host ?? "-", 30), printable(cmd, CMD_CHARS)];
}

/** Shows what would go, and asks. */
async function agrees(app: App, events: readonly MatchedEvent[]): Promise<boolean> {
  if (!app.stdin.isTerminal || !app.stderr.isTerminal) {
    throw new HxError("usage", "forgetting asks first, and there is no terminal to ask on", {
      hint: "--dry-run lists what would go, --yes answers",
    });
  }
  for (const line of table(events.slice(0, EXAMPLES).map(eventRow), ["right"])) {
    app.stderr.write(`  ${line}\n`);
  }
  if (events.length > EXAMPLES) app.stderr.write(`  and ${events.length - EXAMPLES} more\n`);
  const { confirm } = await import("../ui/prompts.ts");
  const message = `Forget ${counted(events.length, "event")} on all devices, for good?`;
  return await confirm(message, app.signal);
}
