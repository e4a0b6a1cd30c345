/**
 * The bytes of a history file -> its commands, in batches.
 *
 * @module
 */

import { BashLines } from "./bash.ts";
import { FishLines } from "./fish.ts";
import { LineSplitter } from "./lines.ts";
import { commandText, isBlank } from "./text.ts";
import type { Assembler, Emit, HistoryLine, Shell } from "./types.ts";
import { ZshLines } from "./zsh.ts";

/** Commands in a batch. */
const BATCH_LINES = 2000;
/** A batch of long commands ends sooner: UTF-16 units. */
const BATCH_CHARS = 4 * 1024 * 1024;
/** So much of a chunk is read before the batch is looked at, in bytes. */
const SLICE = 32 * 1024;

const ASSEMBLERS: Readonly<Record<Shell, new (emit: Emit) => Assembler>> = {
  bash: BashLines,
  zsh: ZshLines,
  fish: FishLines,
};

/**
 * Reads a history file. Memory stays bounded however long the file, a line or a command is, and
 * how the bytes are cut into chunks changes nothing.
 *
 * - Commands of nothing but blanks (and NUL, which a crash leaves) are skipped.
 * - A carriage return before a line feed belongs to the line end.
 * - A last line without a line feed is a line; whether it is still being written is for
 *   `openHistoryFile` to see to.
 *
 * @param shell whose format it is
 * @param chunks the bytes of the file, from its start; cancelled where the caller stops early
 * @returns batches of about 2,000 commands, in the order of the file; none of them empty
 */
export async function* parseHistory(
  shell: Shell,
  chunks: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<HistoryLine[], void, undefined> {
  const batch = new Batch();
  const assembler = new ASSEMBLERS[shell]((cmd, time) => batch.add(cmd, time));
  const splitter = new LineSplitter((line) => assembler.line(line));
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += SLICE) {
      splitter.push(chunk.subarray(at, at + SLICE));
      if (batch.full) yield batch.take();
    }
  }
  splitter.end();
  assembler.end();
  const rest = batch.take();
  if (rest.length > 0) yield rest;
}

/** Collects commands and ranks those without time. */
class Batch {
  #lines: HistoryLine[] = [];
  #chars = 0;
  #undated = 0;

  get full(): boolean {
    return this.#lines.length >= BATCH_LINES || this.#chars >= BATCH_CHARS;
  }

  add(raw: Uint8Array, time: { started_at: number; duration_ms?: number }): void {
    if (isBlank(raw)) return;
    const line: HistoryLine = { ...time, ...commandText(raw) };
    if (line.started_at === 0) line.order = ++this.#undated;
    this.#chars += line.cmd.length + (line.cmd_base64?.length ?? 0);
    this.#lines.push(line);
  }

  take(): HistoryLine[] {
    const lines = this.#lines;
    this.#lines = [];
    this.#chars = 0;
    return lines;
  }
}
