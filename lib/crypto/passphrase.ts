/** Which passphrases a vault takes, and ones that are made. */
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { HxError } from "../errors.ts";
import type { RandomBytes } from "../format/mod.ts";
import { isInvite } from "./invite.ts";
import { countWords, WORDS } from "./words.ts";

/** Fewest characters. Whoever has a copy of the vault can try as many as they like. */
const MIN_CHARACTERS = 12;
/** Fewest characters that differ from each other. */
const MIN_DIFFERENT = 6;
/** A made passphrase: each word is one of 2048, so six are 66 bits. */
const MADE_WORDS = 6;

/** What is tried first, alone, twice, or with digits and signs around it. */
const COMMON = new Set(
  ("password passwort passwords passphrase secret secrets letmein welcome iloveyou trustno princess " +
    "sunshine football baseball superman batman monkey dragon master shadow michael jennifer " +
    "qwertyuiop qwertyuiopasdfghjklzxcvbnm qwertzuiop azertyuiop asdfghjkl zxcvbnm qwerty qwertz " +
    "azerty abcdefghijkl abcdefghijklmnopqrstuvwxyz abcdef correcthorsebatterystaple " +
    "correcthorsebattery administrator admin root user login changeme changemenow default test " +
    "testing history shellhistory hello helloworld whatever starwars computer internet google " +
    "facebook freedom summer winter spring autumn january december").split(" "),
);

/** Digits and signs that stand for letters. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "l",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "@": "a",
  "$": "s",
  "!": "i",
};

/**
 * Refuses a passphrase that is among the first to be tried. What others know about its owner no rule
 * can tell: one that passes may be weak still, one that {@link madePassphrase} gives is not.
 *
 * @throws {HxError} `usage`, never with the passphrase
 */
export function checkPassphrase(passphrase: string): void {
  const problem = problemOf(passphrase.normalize("NFKC"));
  if (problem === undefined) return;
  throw new HxError("usage", `this passphrase ${problem}`, {
    hint: "take one of several random words; on a terminal, just Enter makes one",
  });
}

function problemOf(text: string): string | undefined {
  const characters = [...text];
  if (characters.length < MIN_CHARACTERS) {
    return `is too short: it has ${characters.length} characters, ${MIN_CHARACTERS} are the least`;
  }
  if (/\p{Cc}/u.test(text)) return "holds a control character, which can't be typed everywhere";
  if (text.trim() !== text) return "begins or ends with a space, which is easily lost";
  if (new Set(characters).size < MIN_DIFFERENT) {
    return `is too simple: it has fewer than ${MIN_DIFFERENT} different characters`;
  }
  if (isSeries(text)) return "is too simple: it repeats itself, or goes on as one expects";
  if (isCommon(text)) return "is one of those that are tried first";
  if (countWords(text) === WORDS) {
    return `has ${WORDS} words, and would be taken for the recovery words`;
  }
  if (isInvite(text)) return "would be taken for an invite code";
}

/** `abcabcabcabc`, `1234567890123`: a short piece again and again, or each character the next one. */
function isSeries(text: string): boolean {
  if (/^(.{1,6})\1+.{0,5}$/su.test(text)) return true;
  const codes = [...text].map((character) => character.codePointAt(0)!);
  const steps = codes.slice(1).filter((code, i) => Math.abs(code - codes[i]!) === 1).length;
  return steps >= 0.8 * (codes.length - 1);
}

function isCommon(text: string): boolean {
  const lower = text.toLowerCase();
  const middle = lower.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, "");
  const spelled = [...middle].map((character) => LOOKALIKES[character] ?? character).join("");
  return [lower, spelled].some((word) => {
    const letters = word.replaceAll(/[^\p{L}]/gu, "");
    // The letters of an ordinary word, whatever stands around them.
    return COMMON.has(letters) || COMMON.has(letters.slice(0, letters.length / 2)) &&
        letters.slice(0, letters.length / 2).repeat(2) === letters ||
      wordlist.includes(letters);
  });
}

/** A passphrase of random words, joined by dashes. */
export function madePassphrase(random: RandomBytes): string {
  const bytes = random(2 * MADE_WORDS);
  return Array.from({ length: MADE_WORDS }, (_, i) => {
    return wordlist[(bytes[2 * i]! << 8 | bytes[2 * i + 1]!) % wordlist.length]!;
  }).join("-");
}
