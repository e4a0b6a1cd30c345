/**
 * A set of numbers in one typed array: a million of them take 16 MiB, where a `Set` takes 50 and twice
 * that while it grows. For numbers that are spread evenly, as hashes are: one is looked for from its
 * remainder on, slot by slot (open addressing, linear probing).
 */
export class SeenNumbers {
  #slots: Float64Array = empty(1 << 10);
  #size = 0;

  /** Adds a number, 0 or greater; false where it is in already. */
  add(number: number): boolean {
    // Above two thirds, searches would grow long.
    if (this.#size * 3 >= this.#slots.length * 2) this.#grow();
    const at = slotOf(this.#slots, number);
    if (this.#slots[at] === number) return false;
    this.#slots[at] = number;
    this.#size++;
    return true;
  }

  #grow(): void {
    const larger = empty(this.#slots.length * 2);
    for (const number of this.#slots) {
      if (number !== FREE) larger[slotOf(larger, number)] = number;
    }
    this.#slots = larger;
  }
}

const FREE = -1;

function empty(length: number): Float64Array {
  return new Float64Array(length).fill(FREE);
}

/** Where a number is, or where it would go. */
function slotOf(slots: Float64Array, number: number): number {
  let at = number % slots.length;
  while (slots[at] !== FREE && slots[at] !== number) at = (at + 1) % slots.length;
  return at;
}
