/**
 * The verbs that look at the history.
 *
 * @module
 */
import { json, type OptionSpec, type VerbSpec } from "../verb.ts";

const SINCE: OptionSpec = {
  name: "since",
  value: "time",
  about: "only from then on (15m, 2h, 3d, a date)",
};
const UNTIL: OptionSpec = { name: "until", value: "time", about: "only up to then" };

const SEARCH: VerbSpec = {
  name: "search",
  about: "find commands that hold all the words; the newest comes last",
  arguments: [{
    name: "query",
    about: "words, anywhere in the command; a capital letter makes a word strict",
    optional: true,
    many: true,
  }],
  options: [
    { name: "cwd", value: "dir", about: "only of this directory (. for the present one)" },
    { name: "host", value: "host", about: "only of this host" },
    { name: "exit", value: "code", about: "only with this exit code; `fail` for all but 0" },
    SINCE,
    UNTIL,
    {
      name: "limit",
      value: "n",
      about: "at most so many",
      default: 100,
      parse: (text) => /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : undefined,
      expects: "a number from 1 on",
    },
    { name: "format", value: "format", about: "a line each, such as '{time} {cmd}'" },
    json("print them as JSON, one a line"),
  ],
  examples: [
    "hx search docker run",
    "hx search --cwd . --since 1d",
    "hx search --exit fail --format '{time} {exit} {cmd}'",
  ],
  notes: `
Parts of a format: {id} {time} {relative} {duration} {exit} {cwd} {host} {user} {shell} {session}
{node} {cmd}. In a pipe a line is number, time, exit code and command, with tabs between.`,
  load: async () => (await import("../search.ts")).runSearch,
};

const LAST: VerbSpec = {
  name: "last",
  about: "show the newest command with all that is known of it",
  options: [json("print it as JSON")],
  examples: ["hx last"],
  load: async () => (await import("../show.ts")).runLast,
};

const SHOW: VerbSpec = {
  name: "show",
  about: "show a command with all that is known of it",
  arguments: [{ name: "id", about: "its number, as `hx search` shows it, or node/session/seq" }],
  options: [json("print it as JSON")],
  examples: ["hx show 1204"],
  load: async () => (await import("../show.ts")).runShow,
};

const PIN: VerbSpec = {
  name: "pin",
  about: "mark the session of a command, on all devices and for good",
  arguments: [{
    name: "id",
    about: "the command's number, as `hx search` shows it, or node/session/seq",
    optional: true,
  }],
  options: [{ name: "last", about: "the newest command's" }],
  examples: ["hx pin 1204", "hx pin --last"],
  load: async () => (await import("../show.ts")).runPin,
};

const STATS: VerbSpec = {
  name: "stats",
  about: "what the history adds up to, and the last year day by day",
  options: [SINCE, UNTIL, json("print it as JSON")],
  examples: ["hx stats", "hx stats --since 2026-01-01 --json"],
  load: async () => (await import("../stats.ts")).runStats,
};

/** `search`, `last`, `show`, `pin` and `stats`. */
export const SEARCH_VERBS: readonly VerbSpec[] = [SEARCH, LAST, SHOW, PIN, STATS];
