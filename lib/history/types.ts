/**
 * What a shell's history file is read into, before it becomes events.
 *
 * @module
 */

/** A shell whose history file hx reads. */
export type Shell = "bash" | "zsh" | "fish";

/** One command of a history file. */
export interface HistoryLine {
  /** Start in Unix seconds; 0 = the file has no time for it. */
  started_at: number;
  /** How long it took, in milliseconds. */
  duration_ms?: number;
  /** The command, at most 1 MiB of UTF-8; bytes that are not UTF-8, and NUL, are U+FFFD. */
  cmd: string;
  /** The command's bytes where they are not all in `cmd`: base64 of their first 1 MiB. */
  cmd_base64?: string;
  /** The command was longer than 1 MiB and was cut. */
  truncated?: boolean;
  /** Rank among the lines of this file that have no time: 1, 2, 3 … */
  order?: number;
  /** Working directory, where a file knows it. */
  cwd?: string;
}

/** The longest command, in bytes of UTF-8 (format, section 6). */
export const MAX_CMD_BYTES = 1024 * 1024;

/**
 * How much of one raw line, or of one command, is looked at, in bytes. Escapes at most double a
 * command, so a line that is longer holds a command over {@link MAX_CMD_BYTES}; 64 bytes are for
 * what stands before the command. What is left out of it is beyond what an event holds.
 */
export const MAX_RAW_BYTES = 2 * MAX_CMD_BYTES + 64;

/** One line of a file, without its line end. The bytes are only lent for the call. */
export interface RawLine {
  /** The line; where it is longer than {@link MAX_RAW_BYTES}, its head. */
  bytes: Uint8Array;
  /** The last byte of the whole line; -1 where the line is empty. */
  last: number;
  /** A line feed was there; false only for a last line without one. */
  ended: boolean;
}

/** Takes a command as the raw bytes that were typed. They are only lent for the call. */
export type Emit = (
  cmd: Uint8Array,
  time: { started_at: number; duration_ms?: number },
) => void;

/** Puts commands together from the lines of one shell's file. */
export interface Assembler {
  /** Takes the next line. */
  line(line: RawLine): void;
  /** The file is over: what is still held is a command. */
  end(): void;
}
