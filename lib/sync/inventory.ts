/** Everything that the store holds of a vault, from one listing. */
import { type ObjectName, parseKey, VAULTS_PREFIX } from "../format/mod.ts";
import { listAll, type StoreEntry } from "../store/mod.ts";
import type { SyncContext } from "./context.ts";

/** A segment or tombstone in a listing. */
export type NumberedName = ObjectName & { type: "segment" | "tombstone" };

/** What a listing shows. Whoever looks at an object takes it out. */
export interface Inventory {
  /** By node. */
  manifests: Map<string, StoreEntry>;
  /** By key. */
  numbered: Map<string, NumberedName>;
  /** By blob id. */
  blobs: Map<string, StoreEntry>;
  /** Keys that are no object's: conflict copies, partial files, a stranger's. */
  unknown: string[];
  /** How many keys there were. */
  total: number;
}

/** Lists all that lies under the vault's own prefix; a hundred bytes or two of memory for each key. */
export async function takeInventory(
  { store, keys, signal }: Pick<SyncContext, "store" | "keys" | "signal">,
): Promise<Inventory> {
  const inventory: Inventory = {
    manifests: new Map(),
    numbered: new Map(),
    blobs: new Map(),
    unknown: [],
    total: 0,
  };
  for await (const entry of listAll(store, `${VAULTS_PREFIX}${keys.vaultId}/`, { signal })) {
    inventory.total++;
    const name = parseKey(entry.key);
    if (!name) inventory.unknown.push(entry.key);
    else if (name.type === "manifest") inventory.manifests.set(name.nodeId, entry);
    else if (name.type === "blob") inventory.blobs.set(name.blobId, entry);
    else if (name.type !== "vault") inventory.numbered.set(entry.key, name);
  }
  return inventory;
}
