/**
 * `hx sync` and the verbs below it.
 *
 * @module
 */
import { DEFAULT_TIMEOUT_S } from "../app.ts";
import { parseBytes } from "../byte_size.ts";
import { json, type OptionSpec, type VerbSpec } from "../verb.ts";

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
  about: "go into the vault of another device; asks for its 24 words",
  options: STORE_OPTIONS,
  examples: [
    "hx sync join --store s3://my-bucket/hx --region eu-west-1",
    "hx sync join --store folder:/mnt/nas/hx",
  ],
  notes: `
The words come from \`hx key show\` on a device that is in the vault. They are asked for on the
terminal, or read from standard input where that is none; never from the arguments. A device that is
in the vault already is not asked: it takes the vault's new address.
${STORES}`,
  load: async () => (await import("../sync_join.ts")).runJoin,
};

/** `sync` and what is below it. */
export const SYNC: VerbSpec = {
  name: "sync",
  about: "fetch what other devices published, then publish what is new here",
  options: [json(), {
    name: "timeout",
    value: "seconds",
    about: `how long one request may take with all its retries (default: ${DEFAULT_TIMEOUT_S})`,
    parse: (text) => Number(text) > 0 && Number(text) <= 86_400 ? Number(text) : undefined,
    expects: "a number of seconds, up to 86400",
  }],
  examples: ["hx sync", "hx sync init --store s3://my-bucket/hx --region eu-west-1"],
  verbs: [
    INIT,
    JOIN,
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
      }],
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
  ],
  load: async () => (await import("../sync.ts")).runFullSync,
};
