/** Losing and damaging objects of a vault, as a store might. */
import { readIdentity } from "../lib/db/mod.ts";
import { keyOf, segmentId, tombstoneId } from "../lib/format/mod.ts";
import { manifestName } from "../lib/manifest/mod.ts";
import { listAll, type SyncStore } from "../lib/store/mod.ts";
import type { Device, World } from "./world.ts";

/** The key of a device's manifest. */
export function manifestKeyOf(world: World, device: Device): string {
  return keyOf(manifestName(world.vaultId, readIdentity(device.db)!.nodeId));
}

/** The key of a device's segment or tombstone with this number. */
export async function keyOfOwn(
  world: World,
  device: Device,
  kind: "segment" | "tombstone",
  number: number,
): Promise<string> {
  const { vaultId } = world;
  const { nodeId } = readIdentity(device.db)!;
  return kind === "segment"
    ? keyOf({ type: "segment", vaultId, nodeId, segmentId: await segmentId(nodeId, number) })
    : keyOf({ type: "tombstone", vaultId, tombstoneId: await tombstoneId(nodeId, number) });
}

/** An object's bytes. */
export async function bytesOf(store: SyncStore, key: string): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response((await store.get(key)).body).bytes();
}

/** Turns the last bit of an object. */
export async function damage(store: SyncStore, key: string): Promise<void> {
  const bytes = await bytesOf(store, key);
  bytes[bytes.length - 1]! ^= 1;
  await store.putAtomic(key, bytes);
}

/** All objects of a store, by key. */
export async function contentsOf(store: SyncStore): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  for await (const { key } of listAll(store, "")) {
    contents.set(key, String(await bytesOf(store, key)));
  }
  return contents;
}
