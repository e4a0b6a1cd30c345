/** What a sync works with. Everything that is not the same in every run is handed in. */
import type { LocalBlobs } from "../blobs/mod.ts";
import type { VaultKeys } from "../crypto/mod.ts";
import type { Database } from "../db/mod.ts";
import type { RandomBytes } from "../format/mod.ts";
import type { Meter, SyncStore } from "../store/mod.ts";

/** Something a sync wants to say while it runs. */
export type SyncEvent =
  | { type: "progress"; phase: "push" | "pull" | "verify"; done: number; total: number | undefined }
  /** Contents of artifacts on their way, in bytes. */
  | { type: "transfer"; phase: "sending" | "fetching"; done: number; total: number }
  | { type: "warning"; message: string; hint?: string };

/** What a pull asks before it removes much of the history. */
export interface DeleteQuestion {
  /** Events that would go. */
  events: number;
  /** Events that are here. */
  history: number;
  /** Who deleted them, most first. An event that several deleted counts for one of them. */
  devices: { nodeId: string; label: string; events: number }[];
}

/** Everything that a push or a pull needs. */
export interface SyncContext {
  /** The device's database. */
  db: Database;
  /** Where the vault lies. */
  store: SyncStore;
  /** Its keys. */
  keys: VaultKeys;
  /** Whether the store was seen to refuse a create-only PUT of a key that exists. */
  conditionalWrites: boolean;
  /** Whether it refuses that of a long upload, too. @default {@link SyncContext.conditionalWrites} */
  conditionalComplete?: boolean;
  /** Unix milliseconds. */
  clock: () => number;
  /** Source of randomness. */
  random: RandomBytes;
  /** What the manifest tells of this device. */
  device: { platform: string; hxVersion: string };
  /** Stops the run at the next safe point. */
  signal: AbortSignal;
  /** Counts the store's requests, for the report. */
  meter: Meter;
  /** The contents of artifacts on this device. @default none are here */
  blobs?: LocalBlobs;
  /** Version of the runtime: another one may compress otherwise. @default no upload is gone on with */
  runtime?: string;
  /** A pull also fetches contents of at most so many bytes. @default none */
  fetchBlobs?: number;
  /** Asked before a pull removes much of the history. @default it is not removed */
  confirmDeletes?: (question: DeleteQuestion) => Promise<boolean>;
  /** Objects under way at once. @default {@link CONCURRENCY} */
  concurrency?: number;
  /** Told of progress and warnings. */
  notify: (event: SyncEvent) => void;
  /** Told before every step whose interruption must be survived; tests stop there. */
  step?: (name: string) => void | Promise<void>;
}

/** Objects under way at once, where nothing else is said. */
export const CONCURRENCY = 16;

/** Unix seconds. */
export function seconds(context: { clock: () => number }): number {
  return context.clock() / 1000;
}
