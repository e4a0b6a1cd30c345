/** The keyspace of a vault (format, section 2). */
import { isUuid, uuid5 } from "./uuid.ts";

/** The kinds of objects. */
export type ObjectType = "vault" | "manifest" | "segment" | "tombstone" | "blob";

/** What an object's key says. */
export type ObjectName =
  | { type: "vault"; vaultId: string }
  | { type: "manifest"; vaultId: string; nodeId: string }
  | { type: "segment"; vaultId: string; nodeId: string; segmentId: string }
  | { type: "tombstone"; vaultId: string; tombstoneId: string }
  | { type: "blob"; vaultId: string; blobId: string };

/** Where vaults lie. */
export const VAULTS_PREFIX = "vaults/";

/** Where a vault's manifests lie. */
export function manifestsPrefix(vaultId: string): string {
  return `vaults/${vaultId}/objects/manifests/`;
}

/** The id of a node's segment with this number. */
export function segmentId(nodeId: string, number: number): Promise<string> {
  return uuid5(nodeId, `segment:${number}`);
}

/** The id of a node's tombstone with this number. */
export function tombstoneId(nodeId: string, number: number): Promise<string> {
  return uuid5(nodeId, `tombstone:${number}`);
}

/** The key of an object. */
export function keyOf(name: ObjectName): string {
  const objects = `vaults/${name.vaultId}/objects`;
  switch (name.type) {
    case "vault":
      return `vaults/${name.vaultId}/vault.hxvault`;
    case "manifest":
      return `${objects}/manifests/${name.nodeId}.hxman`;
    case "segment":
      return `${objects}/segments/${name.nodeId}/${name.segmentId}.hxseg`;
    case "tombstone":
      return `${objects}/tombstones/${name.tombstoneId}.hxtomb`;
    case "blob": {
      const id = name.blobId;
      return `${objects}/blobs/${id.slice(0, 2)}/${id.slice(2, 4)}/${id}.hxblob`;
    }
  }
}

/** What a key names; undefined where it is no key of a vault. */
export function parseKey(key: string): ObjectName | undefined {
  const name = guess(key);
  // A key is right when it is just the one that its parts would give.
  return name && idsOf(name).every(isUuid) && isBlobId(name) && keyOf(name) === key
    ? name
    : undefined;
}

function guess(key: string): ObjectName | undefined {
  const [vaults, vaultId, objects, folder, ...rest] = key.split("/");
  if (vaults !== "vaults" || vaultId === undefined) return undefined;
  if (objects === "vault.hxvault") return { type: "vault", vaultId };
  const stem = rest.at(-1)?.replace(/\.hx[a-z]+$/, "") ?? "";
  switch (folder) {
    case "manifests":
      return { type: "manifest", vaultId, nodeId: stem };
    case "segments":
      return { type: "segment", vaultId, nodeId: rest[0]!, segmentId: stem };
    case "tombstones":
      return { type: "tombstone", vaultId, tombstoneId: stem };
    case "blobs":
      return { type: "blob", vaultId, blobId: stem };
  }
}

function idsOf(name: ObjectName): string[] {
  const { type: _type, ...ids } = name;
  return Object.entries(ids).filter(([field]) => field !== "blobId").map(([, id]) => id ?? "");
}

function isBlobId(name: ObjectName): boolean {
  return name.type !== "blob" || /^[0-9a-f]{64}$/.test(name.blobId);
}
