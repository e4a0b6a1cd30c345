/**
 * Colour, where a terminal wants it.
 *
 * @module
 */

/** Marks text up. */
export interface Style {
  /** What to look at first. */
  bold(text: string): string;
  /** What can be skipped. */
  dim(text: string): string;
  /** Trouble. */
  red(text: string): string;
  /** A thing to know. */
  yellow(text: string): string;
  /** All is well. */
  green(text: string): string;
}

/**
 * Whether a stream gets colour: a terminal that can do it, and no `NO_COLOR` (no-color.org: any
 * value but the empty one).
 */
export function wantsColour(
  isTerminal: boolean,
  env: (name: string) => string | undefined,
): boolean {
  return isTerminal && !env("NO_COLOR") && env("TERM") !== "dumb";
}

/** The marks for a stream with colour, or without. */
export function styleFor(colour: boolean): Style {
  const mark = (on: number, off: number) => (text: string) =>
    colour ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: mark(1, 22),
    dim: mark(2, 22),
    red: mark(31, 39),
    yellow: mark(33, 39),
    green: mark(32, 39),
  };
}
