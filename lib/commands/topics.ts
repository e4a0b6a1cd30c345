/**
 * What `hx help` can tell beside the verbs: one text a topic, of at most 100 columns.
 *
 * @module
 */

/** A page of help that is not about one verb. */
export interface Topic {
  /** One word; no verb is called so. */
  name: string;
  /** One line. */
  about: string;
  text: string;
}

const STORES: Topic = {
  name: "stores",
  about: "where a vault may lie, and how to name the place",
  text: `
  s3://BUCKET/PREFIX --region R                AWS S3
  s3+endpoint://BUCKET/PREFIX --endpoint URL   another S3 server: R2, B2, Wasabi, MinIO, ...
  folder:/PATH                                 a disk, a share, a folder that Syncthing carries

The bucket has to be there; the prefix is taken as it is typed and may be missing. Several vaults
can share a bucket under different prefixes. AWS_REGION, AWS_ENDPOINT_URL_S3 and a profile's
settings stand in for --region and --endpoint; with an endpoint the region is us-east-1 unless told
otherwise. --path-style puts the bucket in the path instead of the host name, as it is anyway with
an endpoint and for names with dots.

\`hx sync init\` and \`hx sync join\` remember the store; \`hx sync move\` takes the vault to another
one. \`hx doctor\` tries the store that this device uses. docs/providers.md says what to type for
which provider.`,
};

const CREDENTIALS: Topic = {
  name: "credentials",
  about: "what hx shows the storage, and what that has to be allowed",
  text: `
The first of these that has something counts:

  1  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary keys, AWS_SESSION_TOKEN
  2  the profile of AWS_PROFILE, or the default one, in ~/.aws/credentials and ~/.aws/config: its
     keys, or its credential_process
  3  the endpoint of a container (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or ..._FULL_URI)
  4  the metadata service of an EC2 instance

With --profile NAME, which is remembered, only that profile counts. Half a key pair is an error.
SSO, roles and web identities are not spoken; AWS's own tool turns them into something that is:

  credential_process = aws configure export-credentials --profile NAME --format process

Temporary credentials are renewed before they end, also in the middle of a sync. \`hx doctor\` says
which ones are used and until when. None of them is ever stored, logged or shown.

The key has to be allowed, as \`hx doctor --iam\` prints it for AWS:

  on the bucket     s3:ListBucket, s3:ListBucketMultipartUploads
  on PREFIX/*       s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload,
                    s3:ListMultipartUploadParts

A condition on s3:prefix (PREFIX/*) keeps s3:ListBucket off the rest of a shared bucket. Some
servers then answer that access is denied where an object is not there; hx has to tell the two
apart, and \`hx doctor\` tries whether it can.`,
};

const EXIT_CODES: Topic = {
  name: "exit-codes",
  about: "what hx's exit codes mean; scripts can rely on them",
  text: `
    0  done
    1  unexpected: a fault of hx itself, most likely
    2  usage: the command line makes no sense
    3  finished, but some objects were rejected, or are missing or damaged
   10  auth: the storage refused, or the key opens no vault
   11  not-found
   12  throttling: the storage is rate-limiting
   13  timeout
   14  network
   15  server: trouble at the storage
   16  corrupt: something is damaged
   17  hash-mismatch: what arrived is not what was sent
   18  conflict: somebody else wrote meanwhile
   19  config: a setting, a file or a clock is wrong, or something is missing
   20  busy: another sync of this device is running
  130  interrupted: Ctrl-C, or a polite kill

12 to 15 may pass by themselves: run the command again. \`hx doctor\` ends with the code of the first
thing that fails. \`hx sync status\` shows the last error with its category.`,
};

const ENVIRONMENT: Topic = {
  name: "environment",
  about: "the environment variables that count",
  text: `
hx itself:
  HX_DATA_DIR       where database, key and the store of the first run lie
  XDG_DATA_HOME     else they lie in hx under this folder (default: ~/.local/share)
  HOME              the user's home directory
  NO_COLOR          no colours, whatever its value
  TERM              dumb: no colours, no progress bar

Where \`hx import\` looks:
  HISTFILE, ZDOTDIR                  the shells' history files
  SHELL                              whose format a file has that does not tell
  ATUIN_DB_PATH, ATUIN_HOME          --from atuin
  HISHTORY_PATH                      --from hishtory
  HISTDB_FILE                        --from histdb
  HX_DB_PATH                         --from hx-go

Storage (\`hx help credentials\` has the order):
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
  AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE
  AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL
  AWS_CA_BUNDLE                      a file of certificates (PEM) to trust beside the usual ones
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI
  AWS_CONTAINER_AUTHORIZATION_TOKEN, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE
  AWS_EC2_METADATA_DISABLED          true: don't ask an EC2 instance's metadata service
  AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE
  AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN    seen, and refused: not spoken

The network, read by the runtime:
  HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, DENO_CERT, DENO_TLS_CA_STORE`,
};

const FORMATS: Topic = {
  name: "formats",
  about: "what `hx search --format` and `hx export` print, and how times are typed",
  text: `
\`hx search --format\` takes a text for each line. In it stand for

  {id}        the command's number on this device   {cwd}      the directory
  {time}      when it began                         {host}     the host
  {relative}  how long ago that is                  {user}     the user
  {duration}  how long it took                      {shell}    the shell
  {exit}      its exit code                         {session}  the session's id
  {cmd}       the command itself                    {node}     the id of the device that recorded it

\`hx export\` writes in time order, the same fields as JSON lines (jsonl) and as CSV: node_id,
session_id, seq, started_at and ended_at (Unix seconds), duration_ms, exit_code, cwd, cmd, host,
user, shell, pinned. --format md makes a table to read. Unknown values are null, or empty. What the
--json of a verb prints keeps its names.

--since and --until take 30s, 15m, 2h, 3d, 1w (so long ago), 2026-01-31 or 2026-01-31T09:00 (local),
2026-01-31T09:00:00Z, or Unix seconds. A command is named by its number, or by node/session/seq,
which is the same on all devices.`,
};

const OUTPUT: Topic = {
  name: "output",
  about: "what hx prints where: --quiet, --json, and the lines of --verbose",
  text: `
Results go to standard output, everything else to standard error. A terminal gets colours, tables
and a progress bar, a pipe plain lines. --quiet leaves notes, summaries and progress out; --json
prints results as JSON with names that stay.

With --verbose every verb that talks to a store tells of each request in a line when it was answered
or failed, and errors come with their stacks:

  list my-bucket/hx/vaults/ID/objects/manifests/*: 200 in 12 ms
  put hx/vaults/ID/objects/segments/ID/ID.hxseg: network in 1.2 s
  put hx/vaults/ID/objects/segments/ID/ID.hxseg: 200 in 31 ms (try 2)

That is: list, get, put, head or delete (beginning, parts and end of an upload are puts, giving it
up is a delete), the object or what is listed, the HTTP status or the category of the failure
(\`hx help exit-codes\`; in a folder \`ok\`), how long the answer took to begin, and which try it was.
No line holds a secret or a command.`,
};

const PRIVACY: Topic = {
  name: "privacy",
  about: "who can see what, and how to keep something out of the history",
  text: `
What leaves this device is encrypted with the vault's key, which never does: whoever runs the store
sees how many devices and objects there are, their sizes, and when they come; no command, no
directory, no name. The key is the 24 words of \`hx key show\`, and lies in a file beside the database
that only you can read. An invite code holds it, a passphrase opens it. Whoever has one of these and
can reach the store can read everything.

On this device the history lies in the clear in its database, as it does in the shells' own files.

\`hx forget\` removes commands here and, with the next syncs, on every device, and no import brings
them back. Other devices have to sync for that, and copies that somebody made of the store stay what
they are. hx sends nothing to anyone but the store, and looks for no updates.

SECURITY.md and docs/threat-model.md say it in full.`,
};

/** All topics, in the order of `hx help`. */
export const TOPICS: readonly Topic[] = [
  STORES,
  CREDENTIALS,
  EXIT_CODES,
  ENVIRONMENT,
  FORMATS,
  OUTPUT,
  PRIVACY,
];

/** The topics as the general help page lists them. */
export function topicList(): string {
  const wide = Math.max(...TOPICS.map(({ name }) => name.length));
  const lines = TOPICS.map(({ name, about }) => `  ${name.padEnd(wide)}  ${about}`);
  return `Topics (\`hx help TOPIC\`):\n${lines.join("\n")}\n`;
}

/** The page of a topic. */
export function topicPage({ about, text }: Topic): string {
  return `${about[0]!.toUpperCase()}${about.slice(1)}.\n${text.replace(/^\n(?=\n)/, "")}\n`;
}
