/**
 * `hx sync` and the verbs below it.
 *
 * @module
 */
import { type Command, InvalidArgumentError } from "commander";
import { DEFAULT_TIMEOUT_S } from "./app.ts";
import { examples, type Runner } from "./verb.ts";

const STORES = `
Stores:
  s3://BUCKET/PREFIX --region R                AWS S3
  s3+endpoint://BUCKET/PREFIX --endpoint URL   another S3 server: R2, B2, MinIO, ...
  folder:/PATH                                 a disk, a share, a folder that Syncthing carries

Credentials for S3: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.`;

/** Adds `sync` and what is below it. */
export function addSyncVerbs(program: Command, run: Runner): void {
  const sync = program.command("sync")
    .description("fetch what other devices published, then publish what is new here")
    .option("--json", "print what was done as JSON")
    .option(
      "--timeout <seconds>",
      `how long one request may take with all its retries (default: ${DEFAULT_TIMEOUT_S})`,
      seconds,
    )
    .addHelpText(
      "after",
      examples("hx sync", "hx sync init --store s3://my-bucket/hx --region eu-west-1"),
    );
  addEnrolment(sync, run);
  sync.command("pull").description("only fetch")
    .addHelpText("after", examples("hx sync pull"))
    .action(run(async () => (await import("./sync.ts")).runPull));
  sync.command("push").description("only publish")
    .addHelpText("after", examples("hx sync push --timeout 600"))
    .action(run(async () => (await import("./sync.ts")).runPush));
  sync.command("status").description("where this device and its vault stand; asks no store")
    .addHelpText("after", examples("hx sync status", "hx sync status --json | jq .pending"))
    .action(run(async () => (await import("./status.ts")).runStatus));
  // Last, since the verbs below it would inherit this: arguments of its own are misspelled verbs.
  sync.allowExcessArguments().action(async (...args: unknown[]) => {
    const command = args.at(-1) as Command & { unknownCommand(): void };
    if (command.args.length > 0) command.unknownCommand();
    await run(async () => (await import("./sync.ts")).runFullSync)(...args);
  });
}

function addEnrolment(sync: Command, run: Runner): void {
  withStore(sync.command("init").description("make a vault and its key"))
    .option("--name <name>", "the vault's name", "history")
    .option("--new-vault", "make one even where the store holds another")
    .addHelpText(
      "after",
      examples(
        "hx sync init --store s3://my-bucket/hx --region eu-west-1",
        "hx sync init --store folder:/mnt/nas/hx",
      ) + `\n${STORES}`,
    )
    .action(run(async () => (await import("./sync_init.ts")).runInit));
  withStore(
    sync.command("join").description("go into the vault of another device; asks for its 24 words"),
  )
    .addHelpText(
      "after",
      examples(
        "hx sync join --store s3://my-bucket/hx --region eu-west-1",
        "hx sync join --store folder:/mnt/nas/hx",
      ) + `

The words come from \`hx key show\` on a device that is in the vault. They are asked for on the
terminal, or read from standard input where that is none; never from the arguments. A device that is
in the vault already is not asked: it takes the vault's new address.
${STORES}`,
    )
    .action(run(async () => (await import("./sync_join.ts")).runJoin));
}

function withStore(command: Command): Command {
  return command
    .requiredOption("--store <uri>", "where the vault lies")
    .option("--region <region>", "AWS region (default: AWS_REGION)")
    .option("--endpoint <url>", "URL of an S3 server that is not AWS")
    .option("--path-style", "put the bucket in the path")
    .option("--profile <name>", "AWS profile");
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 86_400)) {
    throw new InvalidArgumentError("It is not a number of seconds, up to 86400.");
  }
  return value;
}
