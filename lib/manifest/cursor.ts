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
