/** Devices that keep contents of artifacts, in a folder that goes with the test. */
import { LocalBlobs } from "../lib/blobs/mod.ts";
import { allBlobs, type Database } from "../lib/db/mod.ts";
import type { ArtifactRecord, EventKey } from "../lib/format/types.ts";
import { streamOf } from "../lib/store/mod.ts";
import { keepArtifact, openBlob, type SyncContext } from "../lib/sync/mod.ts";
import { seeded, seededBytes } from "./seeded.ts";
import type { Device, World } from "./world.ts";

/** A device with a place for contents. */
export interface Keeper extends Device {
  blobs: LocalBlobs;
  /** The place. */
  folder: string;
}

/** Adds a device that keeps its contents in a folder of its own under `dir`. */
export function addKeeper(
  world: World,
  dir: string,
  name: string,
  more: Partial<SyncContext> = {},
): Keeper {
  const folder = `${dir}/${name}-blobs`;
  const blobs = new LocalBlobs(folder);
  return { ...world.addDevice(name, { blobs, runtime: "1", ...more }), blobs, folder };
}

/** Attaches bytes, as `hx artifact attach` does. */
export async function attach(
  device: Keeper,
  bytes: Uint8Array,
  more: { name?: string; event?: EventKey } = {},
): Promise<ArtifactRecord> {
  const staged = await device.blobs.stage(streamOf(bytes, 1 << 20), { doing: "attaching" });
  return await keepArtifact(device.db, device.context.random, staged, {
    name: "a.log",
    created_at: device.context.clock() / 1000,
    ...more,
  });
}

/** The content of a record, read from the store. */
export async function fetched(
  device: Device,
  { blob_hash: hash, byte_len: size }: ArtifactRecord,
): Promise<Uint8Array> {
  return await new Response(await openBlob(device.context, { hash, size })).bytes();
}

/** Bytes that no compressor makes smaller, and others for each seed. */
export function noise(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const piece = seededBytes(seeded(seed))(Math.min(size, 1 << 20));
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += piece.length) {
    bytes.set(piece.subarray(0, size - at), at);
    if (at > 0) bytes[at] = at / piece.length;
  }
  return bytes;
}

/** The hashes of all contents that a device knows. */
export function knownHashes(db: Database): string[] {
  return allBlobs(db).map(({ hash }) => hash);
}

/** Runs `work` with a folder that is gone afterwards. */
export async function withFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "hx-artifacts-" });
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
