/** What the tests of single rules share: stores that do one thing otherwise, clones, forged manifests. */
import { openDatabase, readIdentity } from "../lib/db/mod.ts";
import { keyOf } from "../lib/format/mod.ts";
import { manifestName, manifestPayload, sealManifest } from "../lib/manifest/mod.ts";
import { MemoryStore, type SyncStore } from "../lib/store/mod.ts";
import { push } from "../lib/sync/mod.ts";
import { type Device, makeWorld, record, START, testEvent, type World } from "./world.ts";

/** The same store, with some of its methods replaced. */
export function changed(store: SyncStore, methods: Partial<SyncStore>): SyncStore {
  return {
    uri: store.uri,
    list: (...args) => store.list(...args),
    get: (...args) => store.get(...args),
    putAtomic: (...args) => store.putAtomic(...args),
    head: (...args) => store.head(...args),
    delete: (...args) => store.delete(...args),
    ...methods,
  };
}

/** A copy of all that a store in memory holds. */
export function forkOf(store: MemoryStore): MemoryStore {
  const fork = new MemoryStore();
  for (const [key, object] of store.objects) fork.objects.set(key, object);
  return fork;
}

/** A device with one event published, and another copy of it. */
export async function clones(
  options: { ignoreConditions?: boolean } = {},
): Promise<{ world: World; store: MemoryStore; a: Device; clone: Device; close(): void }> {
  const store = new MemoryStore(options);
  const world = await makeWorld({ store, conditionalWrites: !options.ignoreConditions });
  const a = world.addDevice("a");
  record(a.db, testEvent(1));
  await push(a.context);
  const dir = Deno.makeTempDirSync();
  a.db.run("VACUUM INTO ?", `${dir}/clone.db`);
  const clone = world.addDevice("clone", { db: openDatabase(`${dir}/clone.db`) });
  const close = () => {
    world.close();
    Deno.removeSync(dir, { recursive: true });
  };
  return { world, store, a, clone, close };
}

/** A device's present node id. */
export function nodeOf(device: Device): string {
  return readIdentity(device.db)!.nodeId;
}

/** Puts a manifest that says what it likes under a node's key, sealed with the vault's own key. */
export async function forgeManifest(
  { store, keys, random, vaultId }: World,
  nodeId: string,
  manifest_seq: number,
  end: { segments?: number; tombstones?: number } = {},
): Promise<void> {
  const payload = manifestPayload({
    vault_id: vaultId,
    node_id: nodeId,
    manifest_seq,
    segments: { start: 1, end: end.segments ?? 0 },
    tombstones: { start: 1, end: end.tombstones ?? 0 },
    node: { label: "forged", platform: "test", hx_version: "0" },
    observed: {},
  }, START);
  const bytes = await sealManifest(payload, keys, random);
  await store.putAtomic(keyOf(manifestName(vaultId, nodeId)), bytes);
}
