/** What the tests of history files share: writers of the formats, sources, a collector. */

import { type HistoryLine, parseHistory, type Shell } from "../lib/history/mod.ts";

const encoder = new TextEncoder();

/** A command and its time (Unix seconds; 0 = none), as a shell writes them. */
export interface Entry {
  time: number;
  cmd: string;
}

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** A source of chunks that are cut at the given places, and lent: overwritten after each read. */
export async function* lent(
  bytes: Uint8Array,
  cuts: readonly number[] = [],
): AsyncGenerator<Uint8Array> {
  const places = [...cuts].map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    const chunk = bytes.slice(from, to);
    yield await Promise.resolve(chunk);
    chunk.fill(0x2a);
    from = to;
  }
}

/** All lines of a file. */
export async function linesOf(
  shell: Shell,
  content: string | Uint8Array,
  cuts: readonly number[] = [],
): Promise<HistoryLine[]> {
  const bytes = typeof content === "string" ? bytesOf(content) : content;
  return await collect(parseHistory(shell, lent(bytes, cuts)));
}

/** All elements of all batches. */
export async function collect<T>(batches: AsyncIterable<T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}

/** A history file as the shell writes it; zsh's is extended where `extended` is set. */
export function write(
  shell: Shell,
  entries: readonly Entry[],
  extended = true,
): Uint8Array<ArrayBuffer> {
  if (shell === "zsh") return joined(entries.map((entry) => zshEntry(entry, extended)));
  return bytesOf(entries.map(shell === "bash" ? bashEntry : fishEntry).join(""));
}

function bashEntry({ time, cmd }: Entry): string {
  return time === 0 ? `${cmd}\n` : `#${time}\n${cmd}\n`;
}

function fishEntry({ time, cmd }: Entry): string {
  const escaped = cmd.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `- cmd: ${escaped}\n` + (time === 0 ? "" : `  when: ${time}\n`);
}

/** Zsh's `savehistfile`, on its metafied bytes. */
function zshEntry({ time, cmd }: Entry, extended: boolean): Uint8Array {
  const out = [...bytesOf(extended ? `: ${time}:0;` : cmd.startsWith(":") ? "\\" : "")];
  let guard = false;
  for (const byte of bytesOf(cmd)) {
    if (byte === 0 || byte >= 0x83 && byte <= 0xa2) {
      out.push(0x83, byte ^ 0x20);
      guard = false;
      continue;
    }
    if (byte === 0x0a) out.push(0x5c);
    guard = byte === 0x5c || guard && byte === 0x20;
    out.push(byte);
  }
  return Uint8Array.from(guard ? [...out, 0x20, 0x0a] : [...out, 0x0a]);
}

/** The parts as one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Runs with a temporary directory that is removed afterwards. */
export async function withTempDir(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "hx-history-" });
  try {
    await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
