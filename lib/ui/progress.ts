/**
 * A progress bar on one line, for work that takes over a second.
 *
 * @module
 */
import { bytes, count, duration } from "./text.ts";
import type { MessageStream } from "./output.ts";

/** Shorter work shows no bar, in milliseconds. */
const QUIET_MS = 1000;
/** Between two drawings, in milliseconds. */
const REDRAW_MS = 100;
const CELLS = 24;
const CLEAR_LINE = "\r\x1b[2K";

/** What is counted. Of bytes the rate is shown too, and the time left. */
export type ProgressUnit = "count" | "bytes";

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
  update(label: string, done: number, total: number | undefined, unit?: ProgressUnit): void {
    const now = this.#clock();
    if (label !== this.#label) {
      this.clear();
      this.#label = label;
      this.#since = now;
    }
    if (now - this.#since < QUIET_MS || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#drawn = true;
    const text = unit === "bytes"
      ? `${bar(done, total, bytes)} ${rate(done, total, now - this.#since)}`
      : bar(done, total, count);
    this.#out.write(`${CLEAR_LINE}${label} ${text}`);
  }

  /** Takes the bar off the screen; the next update draws it again. */
  clear(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    this.#drawnAt = 0;
    this.#out.write(CLEAR_LINE);
  }
}

function bar(
  done: number,
  total: number | undefined,
  shown: (n: number) => string,
): string {
  if (!total) return shown(done);
  const share = Math.min(1, done / total);
  const full = Math.round(share * CELLS);
  const cells = "█".repeat(full) + "░".repeat(CELLS - full);
  return `${cells} ${Math.floor(share * 100)}% ${shown(done)}/${shown(total)}`;
}

/** How fast bytes went in all of `milliseconds`, and how long the others will take so. */
function rate(done: number, total: number | undefined, milliseconds: number): string {
  const perSecond = 1000 * done / Math.max(1, milliseconds);
  const left = total !== undefined && perSecond > 0 && done < total
    ? `, ${duration(1000 * Math.max(1, Math.round((total - done) / perSecond)))} left`
    : "";
  return `${bytes(perSecond)}/s${left}`;
}
