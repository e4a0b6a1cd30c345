/**
 * hx on the command line: the one place that reads arguments, environment, clock and randomness,
 * builds stores, and turns errors into exit codes.
 *
 * @module
 */
import type { App, OpenStore, OpenStoreOptions } from "./lib/commands/app.ts";
import type { ParseStore, StoreAddress, StoreChoice } from "./lib/commands/app.ts";
import type { S3Location, StoreLocation } from "./lib/s3/uri.ts";
import type { InputStream, MessageStream, ResultStream } from "./lib/ui/output.ts";

const VERSION = "0.1.0";

/** The runtime of releases: a compiled hx with another one serves tests, and says so. */
const RELEASE_RUNTIME = "2.9.6";

// Answered before anything is loaded.
if (Deno.args.length === 1 && /^(--version|-V)$/.test(Deno.args[0]!)) {
  const isTest = Deno.build.standalone && Deno.version.deno !== RELEASE_RUNTIME;
  Deno.stdout.writeSync(
    new TextEncoder().encode(`hx ${VERSION}${isTest ? " (test build)" : ""}\n`),
  );
  Deno.exit(0);
}

const { asHxError, exitCode, HxError } = await import("./lib/errors.ts");
const { OutputClosed } = await import("./lib/ui/output.ts");

const env = (name: string) => Deno.env.get(name);

function makeApp(signal: AbortSignal): App {
  return {
    args: Deno.args,
    version: VERSION,
    env,
    get home() {
      return homeDir();
    },
    get dataDir() {
      return dataDir();
    },
    hostname: () => Deno.hostname(),
    platform: `${Deno.build.os}-${Deno.build.arch}`,
    runtime: Deno.version.deno,
    stdout: standardOutput(),
    stderr: standardError(),
    stdin: standardInput(signal),
    clock: Date.now,
    random: (n) => crypto.getRandomValues(new Uint8Array(n)),
    sleep: async (milliseconds) =>
      await (await import("./lib/store/abort.ts")).sleep(milliseconds, signal),
    signal,
    parseStore,
    describeStore,
    formatStore: async (location) =>
      (await import("./lib/s3/uri.ts")).formatStoreUri(asLocation(location)),
    openStore,
  };
}

function homeDir(): string {
  const home = env("HOME");
  if (home) return home;
  throw new HxError("config", "HOME is not set", { hint: "set HOME, or HX_DATA_DIR" });
}

/** `HX_DATA_DIR`, else `hx` in the base directory specification's place for data. */
function dataDir(): string {
  const own = env("HX_DATA_DIR");
  if (own) return own.startsWith("/") ? own : `${Deno.cwd()}/${own}`;
  const data = env("XDG_DATA_HOME");
  return data?.startsWith("/") ? `${data}/hx` : `${homeDir()}/.local/share/hx`;
}

async function parseStore(
  uri: string,
  choice: StoreChoice,
  { whole = false }: ParseStore = {},
): Promise<StoreLocation> {
  const { completeStoreOptions, parseStoreUri } = await import("./lib/s3/uri.ts");
  if (!uri.startsWith("s3")) return parseStoreUri(uri);
  return parseStoreUri(uri, whole ? choice : await completeStoreOptions(choice, env));
}

async function describeStore(given: unknown): Promise<StoreAddress> {
  const location = asLocation(given);
  const { formatStoreUri } = await import("./lib/s3/uri.ts");
  const uri = formatStoreUri(location);
  if (location.kind === "folder") return { uri, pathStyle: false };
  const { region, endpoint, pathStyle } = location;
  return { uri, region, ...(endpoint !== undefined && { endpoint }), pathStyle };
}

/** A location that {@link parseStore} gave, perhaps in an earlier run. */
function asLocation(location: unknown): StoreLocation {
  const { kind } = (location ?? {}) as Partial<StoreLocation>;
  if (kind === "folder" || kind === "s3") return location as StoreLocation;
  throw new HxError("config", "the vault's store is of a kind that this hx does not know", {
    hint: "update hx on this device",
  });
}

async function openStore(given: unknown, options: OpenStoreOptions): Promise<OpenStore> {
  const location = asLocation(given);
  const { Meter } = await import("./lib/store/meter.ts");
  const meter = new Meter(options.note);
  if (location.kind === "s3") return await openS3(location, options, meter);
  const { FolderStore } = await import("./lib/store/folder.ts");
  const { CountingStore } = await import("./lib/store/counting.ts");
  const store = await FolderStore.open(location.path, options);
  return {
    store: new CountingStore(store, meter),
    meter,
    location: () => location,
    close: () => {},
  };
}

async function openS3(
  location: S3Location,
  { timeoutMs, journal }: OpenStoreOptions,
  meter: OpenStore["meter"],
): Promise<OpenStore> {
  const s3 = await import("./lib/s3/mod.ts");
  const { sleep } = await import("./lib/store/abort.ts");
  const { profile } = location;
  const credentials = s3.credentialsChain({ env, profile, clock: Date.now, sleep });
  const store = new s3.S3Store({
    location,
    credentials,
    fetch: s3.createS3Fetch(await s3.caCertsFromEnv(env)),
    clock: Date.now,
    random: Math.random,
    sleep,
    timeoutMs,
    observer: meter,
    ...(journal && { journal }),
  });
  return {
    store,
    meter,
    location: () => {
      const { region = location.region } = store.findings;
      return { ...location, region };
    },
    skewMs: () => store.findings.skewMs,
    credentials: async () => {
      const { source, expiresAt } = await credentials();
      return {
        ...(source !== undefined && { source }),
        ...(expiresAt !== undefined && { expiresAt }),
      };
    },
    close: () => store.close(),
  };
}

function standardOutput(): ResultStream {
  const encoder = new TextEncoder();
  return {
    isTerminal: Deno.stdout.isTerminal(),
    async write(text) {
      const bytes = typeof text === "string" ? encoder.encode(text) : text;
      try {
        for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
      } catch (error) {
        throw error instanceof Deno.errors.BrokenPipe ? new OutputClosed() : error;
      }
    },
  };
}

function standardError(): MessageStream {
  const encoder = new TextEncoder();
  return {
    isTerminal: Deno.stderr.isTerminal(),
    write(text) {
      try {
        const bytes = encoder.encode(text);
        for (let at = 0; at < bytes.length;) at += Deno.stderr.writeSync(bytes.subarray(at));
      } catch {
        // Nobody reads it; the work goes on.
      }
    },
  };
}

function standardInput(signal: AbortSignal): InputStream {
  async function* until<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
    const { orAbort } = await import("./lib/store/abort.ts");
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await orAbort(reader.read(), signal);
      if (done) return;
      yield value;
    }
  }
  return {
    isTerminal: Deno.stdin.isTerminal(),
    chunks: () => until(Deno.stdin.readable.pipeThrough(new TextDecoderStream())),
    bytes: () => until(Deno.stdin.readable),
  };
}

/** Ctrl-C and a polite kill stop the work at its next safe point; more of them change nothing. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () =>
    controller.abort(
      new HxError("interrupted", "interrupted", { hint: "run the command again to go on" }),
    );
  Deno.addSignalListener("SIGINT", stop);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop); // not there
  return controller.signal;
}

/** Says what went wrong; gives the exit code. */
async function fail(app: App, thrown: unknown): Promise<number> {
  if (thrown instanceof OutputClosed) return 0;
  const error = asHxError(await inWords(app, thrown));
  const { Ui } = await import("./lib/ui/ui.ts");
  const { stdout, stderr, clock } = app;
  const verbose = app.args.some((arg) => arg === "--verbose" || arg === "-v");
  new Ui({ stdout, stderr, env, clock, quiet: false, verbose }).error(error);
  return exitCode(error);
}

/** What SQLite throws has no category of ours. */
async function inWords(app: App, error: unknown): Promise<unknown> {
  const { code, errcode } = (error ?? {}) as Record<string, unknown>;
  if (code !== "ERR_SQLITE_ERROR" && errcode === undefined) return error;
  const { asDatabaseError } = await import("./lib/db/mod.ts");
  return asDatabaseError(error, `${app.dataDir}/hx.db`);
}

async function main(): Promise<number> {
  const app = makeApp(stopSignal());
  try {
    const { runProgram } = await import("./lib/commands/program.ts");
    return await runProgram(app);
  } catch (error) {
    return await fail(app, error);
  }
}

Deno.exit(await main());
