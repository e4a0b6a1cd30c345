import assert from "node:assert/strict";
import fc from "fast-check";
import {
  countMissing,
  freshness,
  missingNumbers,
  staleNodes,
  type Witness,
} from "../lib/manifest/mod.ts";
import type { Cursor } from "../lib/format/types.ts";

/** Sorted ranges that don't overlap, from gaps and lengths. */
const ranges: fc.Arbitrary<Cursor[]> = fc.array(fc.tuple(fc.nat(3), fc.nat(4)), { maxLength: 6 })
  .map((parts) => {
    let at = 1;
    return parts.map(([gap, length]) => {
      const start = at + gap;
      at = start + length + 2;
      return { start, end: start + length };
    });
  });
const numbers = (list: Cursor[]) =>
  list.flatMap((r) => Array.from({ length: r.end - r.start + 1 }, (_, i) => r.start + i));

Deno.test("missingNumbers() is the difference, in order", () => {
  fc.assert(fc.property(ranges, ranges, (known, imported) => {
    const expected = numbers(known).filter((n) => !numbers(imported).includes(n));
    assert.deepEqual([...missingNumbers(known, imported)], expected);
    assert.equal(countMissing(known, imported), expected.length);
  }));
});

Deno.test("missingNumbers() makes ten million numbers only as they are taken", () => {
  const all = missingNumbers([{ start: 1, end: 10_000_000 }], [{ start: 2, end: 9_999_999 }]);
  assert.deepEqual([...all], [1, 10_000_000]);
});

Deno.test("freshness() tells newer, same, rollback and equivocation", () => {
  const accepted = { manifestSeq: 5, digest: "a" };
  assert.equal(freshness(undefined, accepted), "newer");
  assert.equal(freshness(accepted, { manifestSeq: 6, digest: "b" }), "newer");
  assert.equal(freshness(accepted, { manifestSeq: 5, digest: "a" }), "same");
  assert.equal(freshness(accepted, { manifestSeq: 5, digest: "b" }), "equivocation");
  assert.equal(freshness(accepted, { manifestSeq: 4, digest: "a" }), "rollback");
});

Deno.test("staleNodes() believes witnesses, but none of itself and none of us", () => {
  const seen = new Map<string, Witness>([
    ["a", { manifestSeq: 3, observed: { b: 9, me: 50, a: 70 } }],
    ["b", { manifestSeq: 7, observed: { a: 3, c: 2 } }],
  ]);
  assert.deepEqual(staleNodes(seen, "me"), new Map([["b", 9], ["c", 2]]));
});
