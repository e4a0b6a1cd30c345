/**
 * A progress bar on one line, for work that takes over a second.
 *
 * @module
 */
import { count } from "./text.ts";
import type { MessageStream } from "./output.ts";

/** Shorter work shows no bar, in milliseconds. */
const QUIET_MS = 1000;
/** Between two drawings, in milliseconds. */
const REDRAW_MS = 100;
const CELLS = 24;
const CLEAR_LINE = "\r\x1b[2K";

/** Draws the bar of what is going on now. */
export class Progress {
  readonly #out: MessageStream;
  readonly #clock: () => number;
  #label: string | undefined;
  #since = 0;
  #drawnAt = 0;
  #drawn = false;

  /**
   * Draws nothing yet.
   *
   * @param out a terminal
   * @param clock Unix milliseconds
   */
  constructor(out: MessageStream, clock: () => number) {
    this.#out = out;
    this.#clock = clock;
  }

  /** Says how far the work is; a new label is new work. `total` undefined: not known. */
  update(label: string, done: number, total: number | undefined): void {
    const now = this.#clock();
    if (label !== this.#label) {
      this.clear();
      this.#label = label;
      this.#since = now;
    }
    if (now - this.#since < QUIET_MS || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#drawn = true;
    this.#out.write(`${CLEAR_LINE}${label} ${bar(done, total)}`);
  }

  /** Takes the bar off the screen; the next update draws it again. */
  clear(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    this.#drawnAt = 0;
    this.#out.write(CLEAR_LINE);
  }
}

function bar(done: number, total: number | undefined): string {
  if (!total) return count(done);
  const share = Math.min(1, done / total);
  const full = Math.round(share * CELLS);
  const cells = "█".repeat(full) + "░".repeat(CELLS - full);
  return `${cells} ${Math.floor(share * 100)}% ${count(done)}/${count(total)}`;
}
