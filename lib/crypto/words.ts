/** The master key as 24 words of BIP 39: the words are the key itself, not a seed (section 4). */
import { entropyToMnemonic, mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { HxError } from "../errors.ts";

/** How many words a master key takes. */
export const WORDS = 24;

const WORD = /\p{L}+/gu;

/** How many words a text has; numbers before them are none. */
export function countWords(text: string): number {
  return text.normalize("NFKC").match(WORD)?.length ?? 0;
}

/** The recovery words of a master key, separated by spaces. */
export function wordsFromMaster(master: Uint8Array<ArrayBuffer>): string {
  return entropyToMnemonic(master, wordlist);
}

/**
 * The master key of recovery words. Case, white space and numbering don't matter.
 *
 * @throws {HxError} `auth`, saying which word is wrong and which it may be, or that the words don't
 * belong together; never with a right word in it
 */
export function masterFromWords(text: string): Uint8Array<ArrayBuffer> {
  const words = text.normalize("NFKC").toLowerCase().match(WORD) ?? [];
  for (const [index, word] of words.entries()) {
    if (wordlist.includes(word)) continue;
    const likely = nearest(word);
    throw new HxError("auth", `word ${index + 1} is not one of the recovery words`, {
      hint: likely.length > 0
        ? `did you mean ${likely.join(" or ")}?`
        : "check it against the words that `hx key show` prints",
    });
  }
  if (words.length !== WORDS) {
    throw new HxError("auth", `a recovery phrase has ${WORDS} words, not ${words.length}`, {
      hint: "`hx key show` prints it on a device that is enrolled",
    });
  }
  try {
    return new Uint8Array(mnemonicToEntropy(words.join(" "), wordlist));
  } catch (cause) {
    throw new HxError("auth", "these words don't belong together: their checksum is wrong", {
      hint: "a word is mistaken for another one, or two have changed places",
      cause,
    });
  }
}

/** Words of the list that differ from a typo by the fewest letters, three at most. */
function nearest(typo: string): string[] {
  const close = wordlist
    .map((word) => ({ word, distance: editDistance(typo, word) }))
    .filter(({ distance }) => distance <= 2)
    .sort((a, b) => a.distance - b.distance);
  return close.filter(({ distance }) => distance === close[0]!.distance).slice(0, 3)
    .map(({ word }) => word);
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
