/**
 * `hx key` and the verbs below it.
 *
 * @module
 */
import { json, type VerbSpec } from "../verb.ts";
import { TIMEOUT } from "./timeout.ts";

const PASSPHRASE: VerbSpec = {
  name: "passphrase",
  about: "passphrases that open the vault as the 24 words do",
  options: [json(), TIMEOUT],
  verbs: [{
    name: "add",
    about: "give the vault one more passphrase, eight at most",
    examples: ["hx key passphrase add", "pass show hx | hx key passphrase add"],
    notes: `
It is asked for on the terminal, twice; just Enter makes one of six random words. Where there is no
terminal it is the first line of standard input.

Whoever has a copy of the vault can try passphrases against it for as long as they like, so weak
ones are refused: under 12 characters, repetitions, series, and words that are tried first. What
others know about you no rule can tell: random words are best.`,
    load: async () => (await import("../key_passphrase.ts")).runPassphraseAdd,
  }, {
    name: "change",
    about: "put a new passphrase in the place of one that the vault has",
    examples: ["hx key passphrase change"],
    notes: `
Both are asked for on the terminal. Where there is none they are the first two lines of standard
input: the old one, then the new one.

An old copy of the vault's file, such as a version that the bucket keeps, still opens with the old
passphrase. If that leaked, only a new vault with a new key keeps others out.`,
    load: async () => (await import("../key_passphrase.ts")).runPassphraseChange,
  }, {
    name: "remove",
    about: "take a passphrase away",
    options: [{ name: "all", about: "take all of them away, and ask for none" }],
    examples: ["hx key passphrase remove", "hx key passphrase remove --all"],
    notes: `
It is asked for on the terminal, or is the first line of standard input. The 24 words still open the
vault, and the passphrase that is gone still opens an old copy of the vault's file, such as a
version that the bucket keeps. If it leaked, only a new vault with a new key keeps others out.`,
    load: async () => (await import("../key_passphrase.ts")).runPassphraseRemove,
  }],
};

/** `key` and what is below it. */
export const KEY: VerbSpec = {
  name: "key",
  about: "the key of the vault",
  verbs: [{
    name: "show",
    about: "print the 24 recovery words of this device's vault",
    options: [{ name: "yes", about: "don't ask before showing them on a terminal" }],
    examples: ["hx key show", "hx key show | lpr"],
    load: async () => (await import("../key_show.ts")).runKeyShow,
  }, PASSPHRASE],
};
