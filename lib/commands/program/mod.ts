/**
 * The whole command line: all verbs with their options.
 *
 * @module
 */
import type { VerbSpec } from "../verb.ts";
import { ARTIFACT } from "./artifact.ts";
import { DEVICE } from "./device.ts";
import { HISTORY_VERBS } from "./history.ts";
import { KEY } from "./key.ts";
import { SEARCH_VERBS } from "./search.ts";
import { SUPPORT_VERBS } from "./support.ts";
import { SYNC } from "./sync.ts";

const HELP: VerbSpec = {
  name: "help",
  about: "show the help of a verb, or of a topic such as `stores`",
  arguments: [{ name: "verb", about: "such as `sync init`", optional: true, many: true }],
  options: [{ name: "man", about: "print everything as a man page: hx help --man | man -l -" }],
};

/** `hx` itself. */
export const PROGRAM: VerbSpec = {
  name: "hx",
  about: "Your shell history: yours alone, on all your devices.",
  options: [
    { name: "quiet", short: "q", about: "no notes, summaries or progress" },
    { name: "verbose", short: "v", about: "a line per request; stacks of errors" },
  ],
  verbs: [...HISTORY_VERBS, ...SEARCH_VERBS, ARTIFACT, SYNC, DEVICE, KEY, ...SUPPORT_VERBS, HELP],
  notes: "`hx VERB --help` shows the options of a verb, `hx --version` the version.",
};
