/** What a mutant is: the code with one rule broken. */

/** One change of a file. */
export interface Edit {
  file: string;
  /** Text that stands in the file exactly once. */
  find: string;
  /** What stands there instead. */
  replace: string;
}

/** The code with one rule broken, and the tests that have to notice. */
export interface Mutant extends Edit {
  /** The rule that it breaks, as `docs/format.md` has it where it is one of those. */
  rule: string;
  /** Test files, of which one has to fail. */
  tests: readonly string[];
  /** Further changes that it takes. */
  more?: readonly Edit[];
}

/** Mutants of one file, written short. */
export function of(
  file: string,
  tests: readonly string[],
  ...list: [rule: string, find: string, replace: string, more?: Partial<Mutant>][]
): Mutant[] {
  return list.map(([rule, find, replace, more]) => ({ file, tests, rule, find, replace, ...more }));
}
