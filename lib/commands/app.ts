/**
 * What a command works with: everything of the machine, as the composition root hands it in.
 *
 * @module
 */
import type { RandomBytes } from "../format/mod.ts";
import type { Meter, RequestNote, SyncStore, UploadJournal } from "../store/mod.ts";
import type { InputStream, MessageStream, ResultStream } from "../ui/output.ts";

/** The options that belong to a store URI. */
export interface StoreChoice {
  /** AWS region. */
  region?: string;
  /** URL of a server that is not AWS. */
  endpoint?: string;
  /** Bucket in the path. */
  pathStyle?: boolean;
  /** AWS profile. */
  profile?: string;
}

/** A store as any device can say it: nothing in it is of this one alone. */
export interface StoreAddress extends Omit<StoreChoice, "profile"> {
  /** The store's URI. */
  uri: string;
  /** Bucket in the path. */
  pathStyle: boolean;
}

/** How to read a store's URI. */
export interface ParseStore {
  /** All of it was said: the environment adds nothing. @default false */
  whole?: boolean;
}

/** How to open a store. */
export interface OpenStoreOptions {
  /** Make the folder if it is missing. */
  create?: boolean;
  /** A vault is known to be there: an empty folder is an unmounted share. */
  expectVault?: boolean;
  /** How long one request may take with all its retries, in milliseconds. */
  timeoutMs: number;
  /** Told of every request. */
  note?: (note: RequestNote) => void;
  /** Remembers long uploads across crashes. */
  journal?: UploadJournal;
}

/** What may be shown of a store's credentials. */
export interface CredentialsNote {
  /** Where they come from. */
  source?: string;
  /** When they end, in Unix milliseconds; absent = never, as far as is known. */
  expiresAt?: number;
}

/** An open store. */
export interface OpenStore {
  /** The store. */
  store: SyncStore;
  /** Counts its requests. */
  meter: Meter;
  /** The location as it is to be remembered: with what the store has found out about it. */
  location(): unknown;
  /** The storage's clock less this machine's, in milliseconds, where an answer has told it. */
  skewMs?(): number | undefined;
  /** Where its credentials come from; absent where it takes none. */
  credentials?(): Promise<CredentialsNote>;
  /** Closes its connections. */
  close(): void;
}

/** The machine and the user, for one run of the program. */
export interface App {
  /** The arguments after the program's name. */
  args: readonly string[];
  /** This version of hx. */
  version: string;
  /** Reads an environment variable. */
  env: (name: string) => string | undefined;
  /** The user's home directory. */
  home: string;
  /** Where the database, the key and the embedded store lie. */
  dataDir: string;
  /** This machine's name. */
  hostname: () => string;
  /** Operating system and processor, as other devices show them. */
  platform: string;
  /** Version of the runtime: another one may compress otherwise. */
  runtime: string;
  /** Results. */
  stdout: ResultStream;
  /** Everything else. */
  stderr: MessageStream;
  /** Answers. */
  stdin: InputStream;
  /** Unix milliseconds. */
  clock: () => number;
  /** Randomness for keys. */
  random: RandomBytes;
  /** Waits so many milliseconds. */
  sleep: (milliseconds: number) => Promise<void>;
  /** Fires on Ctrl-C. */
  signal: AbortSignal;
  /**
   * What a store URI means: JSON that holds no secret.
   *
   * @throws {HxError} `usage`
   */
  parseStore: (uri: string, choice: StoreChoice, options?: ParseStore) => Promise<unknown>;
  /** What another device has to say to mean such a location: all but the profile. */
  describeStore: (location: unknown) => Promise<StoreAddress>;
  /** The URI of a location that {@link App.parseStore} gave. */
  formatStore: (location: unknown) => Promise<string>;
  /**
   * Opens the store at such a location.
   *
   * @throws {HxError} `config`, `auth`
   */
  openStore: (location: unknown, options: OpenStoreOptions) => Promise<OpenStore>;
}

/** Options that every verb takes. */
export interface GlobalOptions {
  /** No notes, no summaries, no progress. */
  quiet?: boolean;
  /** Stacks, and a line per request. */
  verbose?: boolean;
  /** Results as JSON. */
  json?: boolean;
}

/** Options of the verbs that talk to a store. */
export interface StoreOptions extends GlobalOptions {
  /** Seconds that one request may take with all its retries. */
  timeout?: number;
}

/** How long one request may take with all its retries, in seconds, where nothing else is said. */
export const DEFAULT_TIMEOUT_S = 120;

/** The exit code of a run that finished, but had to reject some objects. */
export const EXIT_REJECTED = 3;
