/**
 * A small vault, made for real by two devices, whose objects the mutation tests change; and a device
 * that knows nothing yet and pulls from what they have made of it.
 */
import assert from "node:assert/strict";
import { LocalBlobs } from "../lib/blobs/mod.ts";
import { openObject, openStream, type VaultKeys } from "../lib/crypto/mod.ts";
import {
  allArtifacts,
  type Database,
  matchEvents,
  readIdentity,
  readRanges,
} from "../lib/db/mod.ts";
import { isCategory } from "../lib/errors.ts";
import { type ObjectName, type ObjectType, parseKey, parseVault, utf8 } from "../lib/format/mod.ts";
import { type NumberedObject, openNumbered } from "../lib/importer/mod.ts";
import { openManifest } from "../lib/manifest/mod.ts";
import { collect, MemoryStore, streamOf } from "../lib/store/mod.ts";
import { forget, joinVault, pull, push, type RunReport } from "../lib/sync/mod.ts";
import { addKeeper, attach, type Keeper, withFolder } from "./artifact_kit.ts";
import { tell } from "./tell.ts";
import { keyOfOwn, manifestKeyOf } from "./vault_kit.ts";
import { makeWorld, record, START, testEvent, testNode, visible, type World } from "./world.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

/** One object of the vault. */
export interface Placed {
  key: string;
  name: ObjectName;
  bytes: Bytes;
  /** Which segment or tombstone it is. */
  object?: NumberedObject;
  /** It is the segment or the manifest without which nobody knows of the blob. */
  leadsToBlob?: boolean;
}

/** The vault. */
export interface SmallVault {
  world: World;
  store: MemoryStore;
  objects: Placed[];
  /** A new device that fetches contents, too. */
  fresh(): Keeper;
  close(): void;
}

/** The content that is attached to an event. */
export const CONTENT: Bytes = utf8("all 12 tests passed\n".repeat(3));

/** Makes the vault; the contents of artifacts lie under `dir`. */
async function makeSmallVault(dir: string): Promise<SmallVault> {
  const store = new MemoryStore();
  const world = await makeWorld({ store, seed: 11 });
  const [a, b] = [addKeeper(world, dir, "a"), addKeeper(world, dir, "b")];
  await fill(world, a, b);
  const objects = [...store.objects].map(([key, { bytes }]): Placed => ({
    key,
    name: parseKey(key)!,
    bytes,
  }));
  for (const device of [a, b]) await numberObjects(world, device, objects);
  const segment = await keyOfOwn(world, a, "segment", 1);
  for (const placed of objects) {
    placed.leadsToBlob = [segment, manifestKeyOf(world, a)].includes(placed.key);
  }
  let count = 0;
  const fresh = () => addKeeper(world, dir, `fresh${count++}`, { fetchBlobs: 1 << 20 });
  return { world, store, objects, fresh, close: () => world.close() };
}

/** Says of the segments and tombstones of a device which ones they are. */
async function numberObjects(world: World, device: Keeper, objects: Placed[]): Promise<void> {
  const { nodeId, segments, tombstones } = readIdentity(device.db)!;
  for (const [kind, end] of [["segment", segments], ["tombstone", tombstones]] as const) {
    for (let number = 1; number <= end; number++) {
      const key = await keyOfOwn(world, device, kind, number);
      objects.find((placed) => placed.key === key)!.object = { kind, nodeId, number };
    }
  }
}

/** Makes the vault for one test, and prints what that has counted. */
export async function withSmallVault(
  work: (vault: SmallVault) => Promise<string>,
): Promise<void> {
  await withFolder(async (dir) => {
    const vault = await makeSmallVault(dir);
    try {
      const counts = await work(vault);
      tell(counts);
    } finally {
      vault.close();
    }
  });
}

/** Three segments, a window, and keys with lines of a shell's file, of two devices that know each other. */
async function fill(world: World, a: Keeper, b: Keeper): Promise<void> {
  const session = { host: "ada.example", shell: "zsh", started_at: 0 };
  record(a.db, testEvent(1), testEvent(2), testEvent(3, { cmd: "login --password x" }));
  const { cmd: _, started_at: __, ...event } = testEvent(1);
  await attach(a, CONTENT, { event });
  a.db.run(
    "UPDATE session SET known = 1, host = ?, shell = ?, started_at = ?, segment = 0",
    session.host,
    session.shell,
    session.started_at,
  );
  await push(a.context);
  await pull(b.context);
  record(b.db, testEvent(10, { node_id: testNode(2), session_id: "b" }));
  await push(b.context);
  await pull(a.context);
  await forget(a.db, world.keys, { events: matchEvents(a.db, { match: "login" }), windows: [] });
  record(a.db, testEvent(4), testEvent(5, { started_at: START / 1000 - 50 }));
  await push(a.context);
  const window = { start_ts: START / 1000 - 60, end_ts: START / 1000 - 40 };
  await forget(b.db, world.keys, { events: [], windows: [window] });
  await pull(b.context);
  await push(b.context);
  await pull(a.context);
}

/** What two devices are compared by. */
type View = { events: string[] } & Record<string, unknown>;

/** All that a device holds of the vault. */
function viewOf(db: Database): View {
  const all = (sql: string) => db.all(sql).map((row) => JSON.stringify(row)).sort();
  const key = "n.node_id, s.session_id, d.seq FROM dead_key d JOIN node n ON n.id = d.node";
  return {
    events: visible(db),
    artifacts: allArtifacts(db),
    sessions: all("SELECT session_id, known, started_at, host, shell, pinned FROM session"),
    keys: all(`SELECT ${key} JOIN session s ON s.id = d.session`),
    windows: all("SELECT node, start_ts, end_ts FROM dead_window"),
    lines: all("SELECT digest, started_at FROM dead_import"),
    manifests: all("SELECT node_id, manifest_seq FROM manifest m JOIN node n ON n.id = m.node"),
    imported: (["segment", "tombstone"] as const).map((kind) =>
      [...readRanges(db, "imported", kind)].sort()
    ),
  };
}

/** Whether a device has the attached content. */
function hasContent(device: { blobs: LocalBlobs }): boolean {
  return device.blobs.hashes().length > 0;
}

/** Opens one object as whoever reads it does, and by stream where that is done. */
export async function openPlaced(keys: VaultKeys, placed: Placed, bytes: Bytes): Promise<void> {
  const { name, object } = placed;
  if (object) return void await openNumbered(object, bytes, keys, START + 1e9);
  if (name.type === "manifest") return void await openManifest(bytes, name.nodeId, keys);
  if (name.type === "vault") {
    return void parseVault((await openObject(bytes, name, keys)).payload);
  }
  const options = { maxPlain: CONTENT.length };
  const streamed = openStream(streamOf(bytes, 97), name, keys, options)
    .then(({ body }) => collect(body));
  const whole = openObject(bytes, name, keys, options);
  const results = await Promise.allSettled([streamed, whole]);
  assert.equal(results[0]!.status, results[1]!.status, "whole and by stream are not one");
  await whole;
}

/** Opening these bytes as this object fails as `corrupt`. */
export async function refuses(
  keys: VaultKeys,
  placed: Placed,
  bytes: Bytes,
  what: string,
): Promise<void> {
  const opened = openPlaced(keys, placed, bytes);
  await assert.rejects(opened, (error) => isCategory(error, "corrupt"), `${what} of ${placed.key}`);
}

/** What a pull says of these objects where they are damaged; it meets only what it is led to. */
function rejectionsOf(damaged: readonly Placed[]): RunReport["rejected"] {
  const manifests = damaged.flatMap(({ name }) => name.type === "manifest" ? [name.nodeId] : []);
  const isBlobKnown = !damaged.some(({ leadsToBlob }) => leadsToBlob);
  const isLedTo = ({ name, object }: Placed) => {
    if (object) return !manifests.includes(object.nodeId);
    return name.type === "blob" ? isBlobKnown : name.type !== "vault";
  };
  const rejected: RunReport["rejected"] = {};
  for (const { name: { type } } of damaged.filter(isLedTo)) {
    const counts = rejected[type as Exclude<ObjectType, "vault">] ??= {};
    counts.corrupt = (counts.corrupt ?? 0) + 1;
  }
  return rejected;
}

/** Pulls past changed objects, and takes them in once they are right again. */
export class Puller {
  readonly #vault: SmallVault;
  readonly #without = new Map<string, View>();
  /** How many pulls met a changed object. */
  pulls = 0;

  constructor(vault: SmallVault) {
    this.#vault = vault;
  }

  /**
   * A new device pulls while some objects hold other bytes: it has just what it would have without
   * them, counts each of them, leaves them where they are, and takes them in once they are back.
   */
  async check(changes: ReadonlyMap<Placed, Bytes>, what: string): Promise<void> {
    this.pulls++;
    const { store, fresh } = this.#vault;
    const without = await this.#viewWithout([...changes.keys()]);
    for (const [{ key }, bytes] of changes) await store.putAtomic(key, bytes);
    const stored = new Map(store.objects);
    const device = fresh();
    const context = `${what} of ${[...changes.keys()].map(({ key }) => key)}`;
    const report = await pull(device.context);
    assert.deepEqual(viewOf(device.db), without, context);
    const kinds = [...changes.keys()].map(({ name }) => name.type);
    assert.deepEqual(report.rejected, rejectionsOf([...changes.keys()]), context);
    if (kinds.includes("vault")) await this.#checkVault(context);
    assert.deepEqual(store.objects, stored, `${context}: the store was changed`);
    await this.#putBack();
    const again = await pull(device.context);
    assert.deepEqual(again.rejected, {}, context);
    assert.deepEqual(viewOf(device.db), await this.#viewWithout([]), context);
    assert.ok(hasContent(device), context);
    device.db.close();
  }

  /** The events that a new device shows where some objects are not there. */
  async eventsWithout(objects: Placed[]): Promise<Set<string>> {
    return new Set((await this.#viewWithout(objects)).events);
  }

  async #viewWithout(objects: Placed[]): Promise<View> {
    const keys = objects.filter(({ name }) => name.type !== "vault").map(({ key }) => key).sort();
    const cached = this.#without.get(keys.join());
    if (cached !== undefined) return cached;
    const { store, fresh } = this.#vault;
    for (const key of keys) await store.delete(key);
    const device = fresh();
    await pull(device.context);
    const view = viewOf(device.db);
    device.db.close();
    await this.#putBack();
    this.#without.set(keys.join(), view);
    return view;
  }

  async #checkVault(what: string): Promise<void> {
    const { world, store } = this.#vault;
    const { signal } = new AbortController();
    const context = { store, clock: () => START, random: world.random, signal };
    await assert.rejects(
      joinVault(context, world.master),
      (error) => isCategory(error, "auth") || isCategory(error, "corrupt"),
      what,
    );
  }

  async #putBack(): Promise<void> {
    for (const { key, bytes } of this.#vault.objects) await this.#vault.store.putAtomic(key, bytes);
  }
}
