/**
 * `hx artifact` and the verbs below it.
 *
 * @module
 */
import { json, type OptionSpec, type VerbSpec } from "../verb.ts";

const HASH = "its hash, or the beginning of it";

const YES: OptionSpec = { name: "yes", short: "y", about: "don't ask" };

const ATTACH: VerbSpec = {
  name: "attach",
  about: "keep a file, such as a log, with the command that made it",
  arguments: [{ name: "file", about: "the file; - for standard input" }],
  options: [
    {
      name: "to",
      value: "id",
      about: "the command's number, as `hx search` shows it, or node/session/seq",
    },
    { name: "last", about: "the newest command of this device" },
    { name: "name", value: "name", about: "call it so (default: the file's name)" },
    json("print its record as JSON"),
  ],
  examples: [
    "hx artifact attach build.log --last",
    "make 2>&1 | tee /dev/tty | hx artifact attach - --name make.log",
  ],
  notes: `
It is copied, so that the file may change or go. The next \`hx sync\` encrypts it and sends it; other
devices see it in their lists, and fetch it when it is asked for.`,
  load: async () => (await import("../artifact_attach.ts")).runAttach,
};

const LIST: VerbSpec = {
  name: "list",
  about: "list what is attached, the newest last",
  options: [json("print them as JSON")],
  examples: ["hx artifact list", "hx artifact list --json | jq -r '.[].blob_hash'"],
  notes:
    "Where it says `here` the content is on this device; elsewhere `hx artifact get` fetches it.",
  load: async () => (await import("../artifact_list.ts")).runList,
};

const GET: VerbSpec = {
  name: "get",
  about: "write an artifact's content to a file; fetches it where it is not here",
  arguments: [{ name: "hash", about: HASH }],
  options: [
    {
      name: "output",
      short: "o",
      value: "file",
      about: "where to; - for standard output (default: its own name, in this folder)",
    },
    {
      name: "range",
      value: "a:b",
      about: "only from byte A up to, not including, byte B; either may be left out",
    },
  ],
  examples: [
    "hx artifact get 3f2a91 -o build.log",
    "hx artifact get 3f2a91 -o - | less",
    "hx artifact get 3f2a91 -o - --range 1000000:1001000",
  ],
  notes: `
A file gets its name only when all of it has arrived and its hash is right. Of a part each piece is
authenticated in its place; the hash of the whole is then not looked at. What goes to standard
output counts only if the command ends well.`,
  load: async () => (await import("../artifact_get.ts")).runGet,
};

const RM: VerbSpec = {
  name: "rm",
  about: "drop an artifact from this device; asks first",
  arguments: [{ name: "hash", about: HASH }],
  options: [YES, json()],
  examples: ["hx artifact rm 3f2a91"],
  notes: `
What was not yet published is gone then. What was published stays in the vault and in the lists, and
only the copy on this device is removed: a vault forgets artifacts together with their command, by
\`hx forget --id ID\`.`,
  load: async () => (await import("../artifact_rm.ts")).runRm,
};

const GC: VerbSpec = {
  name: "gc",
  about: "free the copies on this device that the store has, too",
  options: [{ name: "dry-run", about: "only say what would be freed" }, json()],
  examples: ["hx artifact gc --dry-run", "hx artifact gc"],
  notes: `
Each copy is removed only after the store was seen to hold it to its end. \`hx artifact get\` fetches
it again when it is wanted.`,
  load: async () => (await import("../artifact_gc.ts")).runGc,
};

/** `artifact` and what is below it. */
export const ARTIFACT: VerbSpec = {
  name: "artifact",
  about: "logs and other files that belong to commands, of any size",
  verbs: [ATTACH, LIST, GET, RM, GC],
};
