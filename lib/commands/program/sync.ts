/**
 * `hx sync` and the verbs below it.
 *
 * @module
 */
import { parseBytes } from "../byte_size.ts";
import { json, type OptionSpec, type VerbSpec } from "../verb.ts";
import { TIMEOUT } from "./timeout.ts";

const STORES = `
Stores:
  s3://BUCKET/PREFIX --region R                AWS S3
  s3+endpoint://BUCKET/PREFIX --endpoint URL   another S3 server: R2, B2, MinIO, ...
  folder:/PATH                                 a disk, a share, a folder that Syncthing carries

Credentials for S3: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; else the profile of
--profile or AWS_PROFILE, a container's, or those of an EC2 instance.`;

const STORE_OPTIONS: readonly OptionSpec[] = [
  { name: "store", value: "uri", about: "where the vault lies", required: true },
  { name: "region", value: "region", about: "AWS region (default: AWS_REGION)" },
  { name: "endpoint", value: "url", about: "URL of an S3 server that is not AWS" },
  { name: "path-style", about: "put the bucket in the path" },
  { name: "profile", value: "name", about: "AWS profile" },
];

const INIT: VerbSpec = {
  name: "init",
  about: "make a vault and its key",
  options: [
    ...STORE_OPTIONS,
    { name: "name", value: "name", about: "the vault's name", default: "history" },
    { name: "new-vault", about: "make one even where the store holds another" },
    { name: "passphrase", about: "also give it a passphrase, which is asked for" },
  ],
  examples: [
    "hx sync init --store s3://my-bucket/hx --region eu-west-1",
    "hx sync init --store folder:/mnt/nas/hx",
  ],
  notes: STORES,
  load: async () => (await import("../sync_init.ts")).runInit,
};

const JOIN: VerbSpec = {
  name: "join",
  about: "go into the vault of another device, with its invite code, its words or a passphrase",
  options: STORE_OPTIONS.map((option) => ({
    ...option,
    required: false,
    ...(option.name === "store" && { about: "where the vault lies; an invite code says it too" }),
  })),
  examples: [
    "hx sync join",
    "hx sync join --store s3://my-bucket/hx --region eu-west-1",
    "hx sync join --store folder:/mnt/nas/hx",
  ],
  notes: `
A device that is in the vault prints the invite code with \`hx sync invite\` and the 24 words with
\`hx key show\`. One of them, or a passphrase of the vault, is asked for on the terminal, or read
from standard input where that is none; never from the arguments. Only an invite code says where the
vault is: with the others goes --store. A device that is in the vault already takes its new address
from --store, and is asked for nothing.
${STORES}`,
  load: async () => (await import("../sync_join.ts")).runJoin,
};

const INVITE: VerbSpec = {
  name: "invite",
  about: "print a code that takes another device into the vault",
  options: [{ name: "yes", about: "don't ask before showing it on a terminal" }],
  examples: ["hx sync invite", "hx sync invite | wl-copy"],
  notes: `
The code holds the vault's key and the address of its store, and nothing that the storage asks for:
the other device needs credentials of its own. It is as secret as the 24 words, and good for as long
as they are. On a terminal it is shown as a QR code too.`,
  load: async () => (await import("../sync_invite.ts")).runInvite,
};

const MOVE: VerbSpec = {
  name: "move",
  about: "take the vault to another store",
  options: [
    ...STORE_OPTIONS,
    { name: "new-key", about: "seal everything anew, in a new vault with a new key" },
  ],
  examples: [
    "hx sync move --store s3://my-bucket/hx --region eu-west-1",
    "hx sync move --store folder:/mnt/nas/hx",
    "hx sync move --store s3://new-bucket/hx --region eu-west-1 --new-key",
  ],
  notes: `
Copies every object of the vault, reads each one back, and then goes over to the copy. Stopped and
run again it sends only what is not there yet. The old copy is never touched. The other devices have
to be told; the command says how.

With --new-key, for a key that leaked or a device that was stolen: publishes the whole history once
more in a new vault, which the old key does not open, and goes over to that. It may be at the same
place. Forgotten commands stay forgotten. The contents of artifacts are fetched first.
${STORES}`,
  load: async () => (await import("../sync_move.ts")).runMove,
};

const ACCEPT_DELETES: OptionSpec = {
  name: "accept-deletes",
  about: "don't ask before other devices' deletions remove much of the history",
};

const VERIFY: VerbSpec = {
  name: "verify",
  about: "read and check every object of the vault; changes nothing",
  examples: ["hx sync verify", "hx sync verify --json | jq .problems"],
  notes: `
Reads the whole vault, the contents of artifacts too, so it takes as long as a first sync. Exit code
3 where an object is missing, damaged or not what it should be; its key is listed with what to do.
Objects that nothing names are harmless: an upload that a device has not finished.`,
  load: async () => (await import("../sync_verify.ts")).runVerify,
};

const REPAIR: VerbSpec = {
  name: "repair",
  about: "take in all that the store has, and put back what it has lost of this device's",
  options: [ACCEPT_DELETES],
  examples: ["hx sync repair"],
  notes: `
Reads the whole vault. A device puts back its own objects, and contents of artifacts that it has;
what the store has lost of another device's is put back by a repair there. May be stopped and run
again. Exit code 3 where something is still missing or damaged.`,
  load: async () => (await import("../sync_repair.ts")).runSyncRepair,
};

/** `sync` and what is below it. */
export const SYNC: VerbSpec = {
  name: "sync",
  about: "fetch what other devices published, then publish what is new here",
  options: [json(), TIMEOUT],
  examples: ["hx sync", "hx sync init --store s3://my-bucket/hx --region eu-west-1"],
  verbs: [
    INIT,
    JOIN,
    INVITE,
    MOVE,
    {
      name: "pull",
      about: "only fetch",
      options: [{
        name: "blobs",
        value: "max",
        optionalValue: true,
        about: "also the contents of artifacts, of at most so many bytes each (10M, 2G)",
        parse: parseBytes,
        expects: "a number of bytes, such as 500k, 10M or 2G",
      }, ACCEPT_DELETES],
      examples: ["hx sync pull", "hx sync pull --blobs=10M"],
      load: async () => (await import("../sync.ts")).runPull,
    },
    {
      name: "push",
      about: "only publish",
      examples: ["hx sync push --timeout 600"],
      load: async () => (await import("../sync.ts")).runPush,
    },
    {
      name: "status",
      about: "where this device and its vault stand; asks no store",
      examples: ["hx sync status", "hx sync status --json | jq .pending"],
      load: async () => (await import("../status.ts")).runStatus,
    },
    VERIFY,
    REPAIR,
  ],
  load: async () => (await import("../sync.ts")).runFullSync,
};
