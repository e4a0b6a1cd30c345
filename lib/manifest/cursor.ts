/** Arithmetic on runs of numbers: what a node has published, less what is here. */
import type { Cursor } from "../format/types.ts";

/**
 * The numbers in `known` that are not in `imported`, in order.
 *
 * Both are sorted and neither overlaps itself. Numbers are made one by one, since a hostile cursor can
 * name ten million of them.
 */
export function* missingNumbers(
  known: readonly Cursor[],
  imported: readonly Cursor[],
): Generator<number> {
  let next = 0;
  for (const { start, end } of known) {
    let number = start;
    while (number <= end) {
      while (next < imported.length && imported[next]!.end < number) next++;
      const skip = imported[next];
      if (skip && skip.start <= number) {
        number = skip.end + 1;
      } else {
        yield number++;
      }
    }
  }
}

/** The same numbers in order, in runs that neither overlap nor touch. */
export function unionOf(ranges: Iterable<Cursor>): Cursor[] {
  const union: Cursor[] = [];
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = union.at(-1);
    if (end < start) continue;
    if (last && start <= last.end + 1) last.end = Math.max(last.end, end);
    else union.push({ start, end });
  }
  return union;
}

/** How many numbers {@link missingNumbers} would give. */
export function countMissing(known: readonly Cursor[], imported: readonly Cursor[]): number {
  let count = 0;
  for (const k of known) {
    count += k.end - k.start + 1;
    for (const i of imported) {
      count -= Math.max(0, Math.min(k.end, i.end) - Math.max(k.start, i.start) + 1);
    }
  }
  return count;
}
