/**
 * Importing history files, one after the other.
 *
 * @module
 */
import type { VaultKeys } from "../crypto/mod.ts";
import { asHxError, isCategory } from "../errors.ts";
import {
  detectShell,
  importEvents,
  openHistoryFile,
  parseHistory,
  sessionOf,
  type Shell,
} from "../history/mod.ts";
import { type ImportCounts, importHistory } from "../sync/mod.ts";
import { count, printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App } from "./app.ts";
import type { Device } from "./device.ts";
import { keysIfEnrolled } from "./session.ts";

/** What an import did with one file. */
export interface FileReport extends ImportCounts {
  path: string;
  shell: Shell;
}

/** A file to import; without a shell, it is told by the file. */
export interface FileToImport {
  path: string;
  shell?: Shell;
}

/**
 * Imports files under a host's label. A file that can't be read does not keep the others out: it is
 * warned of where there are others, and the error comes at the end.
 */
export async function importFiles(
  app: App,
  ui: Ui,
  device: Device,
  files: readonly FileToImport[],
  label: string,
): Promise<{ reports: FileReport[]; problem: unknown }> {
  const keys = await keysIfEnrolled(app, ui, device.db);
  const reports: FileReport[] = [];
  let problem: unknown;
  for (const file of files) {
    try {
      reports.push(await importFile(app, ui, device, file, { label, keys }));
    } catch (error) {
      if (files.length === 1 || !isFileTrouble(error)) throw error;
      const { message, hint } = asHxError(error);
      ui.warn(message, hint);
      problem ??= error;
    }
  }
  return { reports, problem };
}

/** Whether an error is about one file, so that the next one may still do. */
function isFileTrouble(error: unknown): boolean {
  return isCategory(error, "config") || isCategory(error, "not-found");
}

async function importFile(
  app: App,
  ui: Ui,
  device: Device,
  { path, shell: given }: FileToImport,
  { label, keys }: { label: string; keys: VaultKeys | undefined },
): Promise<FileReport> {
  const { shell, chunks } = await opened(app, path, given);
  const source = { label, shell };
  const session = await sessionOf(source);
  const events = importEvents(parseHistory(shell, until(app.signal, chunks)), source);
  const shown = `import ${printable(path, 60)}`;
  const counts = await importHistory(
    device.db,
    keys,
    session,
    events,
    (done) => ui.progress(shown, done),
  );
  ui.done();
  return { path, shell, ...counts };
}

/** The file's bytes, and its shell: asked for, or told by its name and how it begins. */
async function opened(
  app: App,
  path: string,
  given: Shell | undefined,
): Promise<{ shell: Shell; chunks: AsyncIterable<Uint8Array> }> {
  const stream = await openHistoryFile(path, { sleep: app.sleep });
  if (given) return { shell: given, chunks: stream };
  const reader = stream.getReader();
  const first = await reader.read();
  reader.releaseLock();
  if (first.done) return { shell: detectShell(path, new Uint8Array()), chunks: stream };
  async function* chunks() {
    yield first.value!;
    yield* stream;
  }
  return { shell: detectShell(path, first.value, loginShell(app)), chunks: chunks() };
}

function loginShell(app: App): Shell | undefined {
  const name = app.env("SHELL")?.split("/").at(-1);
  return name === "bash" || name === "zsh" || name === "fish" ? name : undefined;
}

/** Ends with the signal's reason once it fires. */
async function* until<T>(signal: AbortSignal, items: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const item of items) {
    signal.throwIfAborted();
    yield item;
  }
}

/** What was done with a file, as a line. */
export function fileLine({ path, shell, added, known, forgotten }: FileReport): string {
  const parts = [`${count(added)} new`, `${count(known)} known`];
  if (forgotten > 0) parts.push(`${count(forgotten)} forgotten`);
  return `${printable(path)} (${shell}): ${parts.join(", ")}`;
}
