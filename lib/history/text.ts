/**
 * The bytes of a command as the text that an event holds (format, section 6).
 *
 * @module
 */

import { type HistoryLine, MAX_CMD_BYTES } from "./types.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** The text fields of a {@link HistoryLine}. */
export type CommandText = Pick<HistoryLine, "cmd" | "cmd_base64" | "truncated">;

/**
 * Turns the raw bytes of a command into text. Bytes that are not UTF-8, and NUL, become U+FFFD,
 * and `cmd_base64` then keeps the first 1 MiB of the bytes; what is longer than 1 MiB of UTF-8 is
 * cut on a character boundary.
 */
export function commandText(raw: Uint8Array): CommandText {
  // Decoding never makes a command shorter, so 1 MiB and one character more decide everything.
  const head = raw.length > MAX_CMD_BYTES + 4 ? raw.subarray(0, MAX_CMD_BYTES + 4) : raw;
  let cmd = decoder.decode(head);
  const suspect = cmd.includes("\ufffd") || cmd.includes("\0");
  if (cmd.includes("\0")) cmd = cmd.replaceAll("\0", "\ufffd");
  const fit = fitting(cmd);
  const text: CommandText = { cmd: fit === cmd.length ? cmd : cmd.slice(0, fit) };
  if (suspect && !holds(text.cmd, raw)) {
    text.cmd_base64 = base64(raw.subarray(0, MAX_CMD_BYTES));
  }
  if (fit < cmd.length) text.truncated = true;
  return text;
}

/** Whether nothing but blanks and NUL (what a crash leaves in a file) is in the bytes. */
export function isBlank(raw: Uint8Array): boolean {
  for (const byte of raw) {
    if (byte !== 0x20 && byte !== 0 && (byte < 0x09 || byte > 0x0d)) return false;
  }
  return true;
}

/** How many UTF-16 units of `text` are the longest head of at most 1 MiB of UTF-8. */
function fitting(text: string): number {
  if (text.length * 3 <= MAX_CMD_BYTES) return text.length;
  return encoder.encodeInto(text, new Uint8Array(MAX_CMD_BYTES)).read;
}

/** Whether `text`, cut or not, says every byte of the stretch of `raw` that it stands for. */
function holds(text: string, raw: Uint8Array): boolean {
  const bytes = encoder.encode(text);
  return bytes.length <= raw.length && bytes.every((byte, i) => byte === raw[i]);
}

/** Standard base64 with padding. */
function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(binary);
}
