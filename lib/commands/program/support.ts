/**
 * `hx doctor` and `hx completions`: the verbs that help hx itself along.
 *
 * @module
 */
import { json, type VerbSpec } from "../verb.ts";
import { TIMEOUT } from "./timeout.ts";

const DOCTOR: VerbSpec = {
  name: "doctor",
  about: "look at everything that hx needs, and say what to do where something is missing",
  options: [
    { name: "iam", about: "only print the least policy that the bucket's key needs (AWS IAM)" },
    { name: "store", value: "uri", about: "with --iam: for this store (default: the vault's)" },
    json("print the findings as JSON"),
    {
      ...TIMEOUT,
      about: "how long one request may take with all its retries",
      default: 30,
    },
  ],
  examples: [
    "hx doctor",
    "hx doctor --json | jq '.findings[] | select(.level != \"ok\")'",
    "hx doctor --iam --store s3://my-bucket/hx",
  ],
  notes: `
Each line is ok, warn (perhaps on purpose) or fail. Where nothing fails the exit code is 0, else
that of the first failure (\`hx help exit-codes\`). It changes nothing but for one small object that
it writes to the store beside the vault's, to try what the key may do there, and removes again.`,
  load: async () => (await import("../doctor.ts")).runDoctor,
};

const COMPLETIONS: VerbSpec = {
  name: "completions",
  about: "print what makes a shell complete hx's verbs and options",
  arguments: [{ name: "shell", about: "whose", choices: ["bash", "zsh", "fish"] }],
  examples: [
    "hx completions bash > ~/.local/share/bash-completion/completions/hx",
    'hx completions zsh > "${fpath[1]}/_hx"',
    "hx completions fish > ~/.config/fish/completions/hx.fish",
  ],
  notes: `
Or for one shell only: \`source <(hx completions bash)\`, the same in zsh after \`compinit\`, and
\`hx completions fish | source\`. To be printed again after an update of hx.`,
  load: async () => (await import("../completions.ts")).runCompletions,
};

/** `doctor` and `completions`. */
export const SUPPORT_VERBS: readonly VerbSpec[] = [DOCTOR, COMPLETIONS];
