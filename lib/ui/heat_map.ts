/**
 * A year in the terminal: a column a week, a row a weekday.
 *
 * @module
 */

const DAY_MS = 86_400_000;
const LEVELS = [" ", ".", ":", "+", "#"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const ROWS = ["Mon", "", "Wed", "", "Fri", "", "Sun"];

/**
 * The lines of the map, months above.
 *
 * @param counts events by day, as `2026-01-31`
 * @param today the last day shown, likewise
 * @param columns of the terminal; narrow ones show fewer weeks
 */
export function heatMap(
  counts: ReadonlyMap<string, number>,
  today: string,
  columns: number,
): string[] {
  const weeks = Math.max(1, Math.min(53, columns - 5));
  const last = Date.parse(`${today}T00:00:00Z`);
  const weekday = (new Date(last).getUTCDay() + 6) % 7; // Monday is 0
  const start = last - (weekday + 7 * (weeks - 1)) * DAY_MS;
  const dayAt = (week: number, row: number) => start + (7 * week + row) * DAY_MS;
  const name = (at: number) => new Date(at).toISOString().slice(0, 10);
  let most = 0;
  for (let at = start; at <= last; at += DAY_MS) most = Math.max(most, counts.get(name(at)) ?? 0);
  const rows = ROWS.map((label, row) => {
    let line = label.padEnd(4);
    for (let week = 0; week < weeks && dayAt(week, row) <= last; week++) {
      line += LEVELS[level(counts.get(name(dayAt(week, row))) ?? 0, most)];
    }
    return line.trimEnd();
  });
  return [monthLine(weeks, (week) => new Date(dayAt(week, 0)).getUTCMonth()), ...rows];
}

/** 0 for none, else 1 to 4 by the square root: one busy day does not pale all others. */
function level(count: number, most: number): number {
  return count === 0 ? 0 : Math.max(1, Math.ceil(4 * Math.sqrt(count / most)));
}

function monthLine(weeks: number, monthOf: (week: number) => number): string {
  let line = "    ";
  for (let week = 0; week < weeks; week++) {
    const isNew = week === 0 || monthOf(week) !== monthOf(week - 1);
    // A name is written where it has room, behind the one before and before the end.
    if (isNew && line.length <= 4 + week && week + 3 <= weeks) {
      line = line.padEnd(4 + week) + MONTHS[monthOf(week)]! + " ";
    }
  }
  return line.trimEnd();
}
