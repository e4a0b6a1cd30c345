/**
 * The verbs that change the history, or carry it elsewhere.
 *
 * @module
 */
import { json, type VerbSpec } from "../verb.ts";

const IMPORT: VerbSpec = {
  name: "import",
  about: "take shell history in; run it as often as you like",
  arguments: [{
    name: "file",
    about: "a history file (default: the shells' own, or the other tool's, as they are found)",
    optional: true,
  }],
  options: [
    {
      name: "shell",
      value: "shell",
      about: "whose format it is",
      choices: ["bash", "zsh", "fish", "auto"],
      default: "auto",
    },
    {
      name: "host",
      value: "label",
      about: "the host that it is the history of (default: this one)",
    },
    {
      name: "from",
      value: "tool",
      about: "another tool whose history it is",
      choices: ["atuin", "hishtory", "histdb", "mcfly", "hx-go"],
    },
    json(),
  ],
  examples: [
    "hx import",
    "hx import ~/old/.zsh_history --host old-laptop",
    "hx import --from atuin",
  ],
  load: async () => (await import("../import.ts")).runImport,
};

const EXPORT: VerbSpec = {
  name: "export",
  about: "print the history in time order",
  options: [{
    name: "format",
    value: "format",
    about: "how",
    choices: ["jsonl", "csv", "md"],
    default: "jsonl",
  }],
  examples: ["hx export | jq -r .cmd", "hx export --format csv > history.csv"],
  load: async () => (await import("../export.ts")).runExport,
};

const FORGET: VerbSpec = {
  name: "forget",
  about: "remove commands here and, with the next syncs, on all devices; asks first",
  options: [
    {
      name: "since",
      value: "time",
      about: "what this device recorded from then on (15m, 2h, 3d, a date)",
    },
    { name: "all-devices", about: "with --since: what any device recorded" },
    { name: "match", value: "text", about: "commands that hold this text, of any device" },
    {
      name: "id",
      value: "id",
      many: true,
      about: "events by their numbers (see --dry-run), or by node/session/seq",
    },
    { name: "dry-run", about: "only list what would go" },
    { name: "yes", short: "y", about: "don't ask" },
    json(),
  ],
  examples: [
    "hx forget --since 15m",
    'hx forget --match "--password" --dry-run',
    "hx forget --id 1204 1205 --yes",
  ],
  load: async () => (await import("../forget.ts")).runForget,
};

/** `import`, `export` and `forget`. */
export const HISTORY_VERBS: readonly VerbSpec[] = [IMPORT, EXPORT, FORGET];
