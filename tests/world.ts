/**
 * A small world for sync tests: one store in memory, any number of devices with real databases, a
 * clock and randomness that replay from a seed.
 */
import {
  type Database,
  insertEvent,
  Interner,
  newIdentity,
  openDatabase,
  PENDING,
  setOwnNode,
  writeVault,
} from "../lib/db/mod.ts";
import { deriveVaultKeys, generateMaster, type VaultKeys } from "../lib/crypto/mod.ts";
import { type RandomBytes, uuid4 } from "../lib/format/mod.ts";
import type { EventRecord } from "../lib/format/types.ts";
import { CountingStore, MemoryStore, Meter, type SyncStore } from "../lib/store/mod.ts";
import { createVault, type SyncContext, type SyncEvent } from "../lib/sync/mod.ts";
import { exportEvents } from "../lib/db/mod.ts";
import { seeded, seededBytes } from "./seeded.ts";

/** When a world's clock starts: 2026-01-01, in Unix milliseconds. */
export const START = Date.UTC(2026, 0, 1);

/** One device of a world. */
export interface Device {
  name: string;
  db: Database;
  context: SyncContext;
  meter: Meter;
  events: SyncEvent[];
}

/** A vault in a store, and what is needed to enrol devices. */
export interface World {
  store: SyncStore;
  keys: VaultKeys;
  /** K_master. */
  master: Uint8Array<ArrayBuffer>;
  vaultId: string;
  /** Unix milliseconds; tests move it. */
  clock: { now: number };
  random: RandomBytes;
  devices: Device[];
  addDevice(name: string, options?: Partial<SyncContext> & { db?: Database }): Device;
  close(): void;
}

/** Makes a vault in a store. */
export async function makeWorld(
  options: {
    seed?: number;
    store?: SyncStore;
    conditionalWrites?: boolean;
    /** Opens the store for one device, counting with its meter. @default a counting wrapper */
    open?: (meter: Meter) => SyncStore;
    /** Where the databases of devices lie. @default in memory */
    folder?: string;
  } = {},
): Promise<World> {
  const random = seededBytes(seeded(options.seed ?? 1));
  const clock = { now: START };
  const store = options.store ?? new MemoryStore();
  const conditionalWrites = options.conditionalWrites ?? true;
  const vaultId = uuid4(random);
  const master = generateMaster(random);
  const signal = new AbortController().signal;
  const made = { vaultId, master, name: "test", nodeId: uuid4(random) };
  await createVault({ store, clock: () => clock.now, random, signal }, made);
  const keys = await deriveVaultKeys(master, vaultId);
  const devices: Device[] = [];
  return {
    store,
    keys,
    master,
    vaultId,
    clock,
    random,
    devices,
    addDevice(name, { db: given, ...overrides } = {}) {
      const db = given ??
        openDatabase(options.folder ? `${options.folder}/${name}.db` : ":memory:");
      if (!given) enrol(db, vaultId, uuid4(random), name, conditionalWrites);
      const meter = new Meter();
      const events: SyncEvent[] = [];
      const context: SyncContext = {
        db,
        store: overrides.store === undefined && options.open
          ? options.open(meter)
          : new CountingStore(overrides.store ?? store, meter),
        keys,
        conditionalWrites,
        clock: () => clock.now,
        random,
        device: { platform: "test", hxVersion: "0" },
        signal,
        meter,
        notify: (event) => void events.push(event),
        ...withoutStore(overrides),
      };
      const device = { name, db, context, meter, events };
      devices.push(device);
      return device;
    },
    close() {
      // A device that was installed again has its database from another one.
      for (const db of new Set(devices.map((device) => device.db))) db.close();
    },
  };
}

function withoutStore(overrides: Partial<SyncContext>): Partial<SyncContext> {
  const { store: _, ...rest } = overrides;
  return rest;
}

function enrol(
  db: Database,
  vaultId: string,
  nodeId: string,
  label: string,
  conditionalWrites: boolean,
): void {
  const conditions = conditionalWrites ? "yes" : "ignored";
  const capabilities = { conditionalPut: conditions, conditionalComplete: conditions } as const;
  db.transaction(() => {
    writeVault(db, { vaultId, name: "test", location: {}, capabilities });
    newIdentity(db, nodeId, label);
  });
}

/** A node id for tests, from a number. */
export function testNode(n: number): string {
  return `00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
}

/** An event for tests. */
export function testEvent(seq: number, over: Partial<EventRecord> = {}): EventRecord {
  return {
    node_id: testNode(1),
    session_id: "session-1",
    seq,
    started_at: 1_700_000_000 + seq,
    cmd: `echo ${seq}`,
    ...over,
  };
}

/** Puts own events in, waiting to be published. */
export function record(db: Database, ...events: EventRecord[]): void {
  db.transaction(() => {
    const ids = new Interner(db);
    for (const event of events) {
      insertEvent(db, ids, event, PENDING);
      setOwnNode(db, event.node_id);
    }
  });
}

/** What a device shows, to compare devices by. */
export function visible(db: Database): string[] {
  return [...exportEvents(db)].map((row) => JSON.stringify(row));
}

/** Just the commands, in time order. */
export function commands(db: Database): string[] {
  return [...exportEvents(db)].map((row) => row.cmd);
}
