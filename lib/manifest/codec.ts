/** Sealing and opening manifests. */
import {
  encodeManifest,
  type ObjectName,
  parseManifest,
  type RandomBytes,
  rfc3339,
} from "../format/mod.ts";
import type { ManifestPayload } from "../format/types.ts";
import { openObject, sealObject, sha256Hex, type VaultKeys } from "../crypto/mod.ts";

/** A manifest that was opened and checked (format, section 8, steps 1 to 6). */
export interface OpenedManifest {
  /** The payload. */
  payload: ManifestPayload;
  /** SHA-256 of the decrypted payload, in hex: tells two manifests of one number apart. */
  digest: string;
}

/** The name of a node's manifest. */
export function manifestName(vaultId: string, nodeId: string): ObjectName & { type: "manifest" } {
  return { type: "manifest", vaultId, nodeId };
}

/** Seals a manifest. */
export function sealManifest(
  payload: ManifestPayload,
  keys: VaultKeys,
  random: RandomBytes,
): Promise<Uint8Array<ArrayBuffer>> {
  const meta = {
    name: manifestName(payload.vault_id, payload.node_id),
    nodeId: payload.node_id,
    createdAt: payload.created_at,
    compression: "none" as const,
  };
  return sealObject(meta, encodeManifest(payload), keys, random);
}

/**
 * Opens a manifest and checks all that can be checked of it alone.
 *
 * @throws {HxError} `corrupt`
 */
export async function openManifest(
  bytes: Uint8Array<ArrayBuffer>,
  nodeId: string,
  keys: VaultKeys,
): Promise<OpenedManifest> {
  const { header, payload } = await openObject(bytes, manifestName(keys.vaultId, nodeId), keys);
  return { payload: parseManifest(payload, header), digest: await sha256Hex(payload) };
}

/** What a manifest says at `now` (Unix milliseconds) of what a node has published. */
export function manifestPayload(
  said: Omit<ManifestPayload, "created_at" | "capabilities">,
  now: number,
): ManifestPayload {
  return {
    ...said,
    created_at: rfc3339(now),
    capabilities: { format_version: 0, supports: ["A256GCM-STREAM", "gzip"] },
  };
}
