/**
 * Numbers, times and foreign text as people read them.
 *
 * @module
 */

/** A whole number with thousands apart: `1,204`. */
export function count(n: number): string {
  return n.toLocaleString("en-US");
}

/** A number and its noun: `1 event`, `1,204 events`. */
export function counted(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** Bytes: `512 B`, `1.5 KiB`. */
export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; n >= 1024 && unit < units.length - 1; unit++) n /= 1024;
  return `${unit === 0 ? n : n.toFixed(1)} ${units[unit]}`;
}

/** Milliseconds: `12 ms`, `1.2 s`, `3 min 5 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const whole = Math.round(milliseconds / 1000);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** A time in the user's zone, to the second; `-` where it is not known. */
export function localTime(milliseconds: number | undefined): string {
  if (milliseconds === undefined || Number.isNaN(new Date(milliseconds).getTime())) return "-";
  const at = new Date(milliseconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** How long ago, in at most four columns: `12s`, `5m`, `3h`, `9d`, `7w`, `2y`. */
export function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const units = [[31_557_600, "y"], [604_800, "w"], [86_400, "d"], [3600, "h"], [60, "m"]] as const;
  for (const [size, unit] of units) {
    if (seconds >= 2 * size || (seconds >= size && size < 604_800)) {
      return `${Math.floor(seconds / size)}${unit}`;
    }
  }
  return `${seconds}s`;
}

/**
 * Text on one line that can do nothing to a terminal: control characters, and those that change the
 * direction of writing, become visible.
 */
export function printable(text: string, limit = Infinity): string {
  const chars = Array.from(text.slice(0, limit === Infinity ? undefined : 2 * limit));
  const cut = chars.length > limit || text.length > 2 * limit;
  const shown = chars.slice(0, limit).map((char) =>
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(char)
      ? VISIBLE[char] ?? `\\u{${char.codePointAt(0)!.toString(16)}}`
      : char
  );
  return shown.join("") + (cut ? "…" : "");
}

const VISIBLE: Readonly<Record<string, string>> = { "\n": "↵", "\t": "\\t", "\r": "\\r" };
