/**
 * `hx import --from TOOL`: takes the history of another tool in.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import {
  findPeer,
  type Peer,
  peerEvents,
  PeerFile,
  type PeerName,
  PEERS,
} from "../history/peers/mod.ts";
import { importPeer, type PeerCounts } from "../sync/mod.ts";
import { count, printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App } from "./app.ts";
import { type Device, deviceLabel, openDevice } from "./device.ts";
import type { ImportOptions } from "./import.ts";
import { keysIfEnrolled } from "./session.ts";

/** Imports one database of the tool: the one that is named, or the tool's own. */
export async function runImportPeer(
  app: App,
  ui: Ui,
  options: ImportOptions & { from: PeerName },
): Promise<number> {
  const peer = PEERS[options.from];
  checkOptions(peer, options);
  const path = options.file ?? findPeer(peer, app);
  using device = openDevice(app);
  const own = deviceLabel(app, device.db);
  const label = options.host ?? own;
  const counts = await importFile(app, ui, device, { peer, path, label, own });
  const report = { path, from: peer.name, ...counts };
  if (options.json) await ui.json({ host: label, files: [report] });
  else await ui.summary(peerLine(report));
  return 0;
}

/** Refuses what would do nothing. @throws {HxError} `usage` */
function checkOptions(peer: Peer, { shell, host }: ImportOptions): void {
  if (shell !== "auto") {
    throw new HxError("usage", "--shell is for the files of shells, --from for other tools", {
      hint: `leave one of them out: hx import --from ${peer.name}`,
    });
  }
  if (host !== undefined && peer.namesHosts) {
    throw new HxError("usage", `--host is not for ${peer.name}, whose records name their hosts`, {
      hint: `leave it out: hx import --from ${peer.name}`,
    });
  }
}

interface PeerImport {
  peer: Peer;
  path: string;
  /** The host of what names none. */
  label: string;
  /** This device's. */
  own: string;
}

async function importFile(
  app: App,
  ui: Ui,
  device: Device,
  { peer, path, label, own }: PeerImport,
): Promise<PeerCounts> {
  const keys = await keysIfEnrolled(app, ui, device.db);
  using file = PeerFile.open(peer, path, app.dataDir);
  const shown = `import ${printable(path, 60)}`;
  const rows = until(app.signal, file.rows());
  try {
    return await importPeer(device.db, peerEvents(peer, rows, { label, now: app.clock() / 1000 }), {
      keys,
      own: new Set([own, app.hostname()]),
      progress: (done) => ui.progress(shown, done, file.total),
    });
  } finally {
    ui.done();
  }
}

/** Ends with the signal's reason once it fires. */
function* until<T>(signal: AbortSignal, items: Iterable<T>): Generator<T> {
  for (const item of items) {
    signal.throwIfAborted();
    yield item;
  }
}

/** What was done, as a line; of what is rare, only what there was. */
function peerLine({ path, from, ...counts }: PeerCounts & { path: string; from: string }): string {
  const rare = [
    [counts.forgotten, "forgotten"],
    [counts.elsewhere, "known from elsewhere"],
    [counts.unfinished, "not finished yet"],
    [counts.unreadable, "unreadable"],
  ] as const;
  const parts = [
    `${count(counts.added)} new`,
    `${count(counts.known)} known`,
    ...rare.filter(([n]) => n > 0).map(([n, what]) => `${count(n)} ${what}`),
  ];
  return `${printable(path)} (${from}): ${parts.join(", ")}`;
}
