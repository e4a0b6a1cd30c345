/** From the bytes of one numbered object to a checked payload (format, section 8). */
import { openObject, type VaultKeys } from "../crypto/mod.ts";
import { HxError } from "../errors.ts";
import {
  keyOf,
  type ObjectName,
  parseSegment,
  parseTombstone,
  segmentId,
  tombstoneId,
} from "../format/mod.ts";
import type { SegmentPayload, TombstonePayload } from "../format/types.ts";

/** One segment or tombstone by its number: the object that a cursor names. */
export interface NumberedObject {
  kind: "segment" | "tombstone";
  /** The node whose manifest names it. */
  nodeId: string;
  number: number;
}

/** A numbered object with its payload. */
export type OpenedObject =
  & NumberedObject
  & ({ kind: "segment"; payload: SegmentPayload } | {
    kind: "tombstone";
    payload: TombstonePayload;
  });

/** A tombstone created further ahead of our clock than this is not applied yet (format, section 6). */
const FUTURE_TOMBSTONE_MS = 24 * 60 * 60 * 1000;

/** The name of a numbered object in the store. */
export async function nameOf(object: NumberedObject, vaultId: string): Promise<ObjectName> {
  const { kind, nodeId, number } = object;
  return kind === "segment"
    ? { type: "segment", vaultId, nodeId, segmentId: await segmentId(nodeId, number) }
    : { type: "tombstone", vaultId, tombstoneId: await tombstoneId(nodeId, number) };
}

/**
 * Opens a numbered object and checks everything that can be checked of it alone.
 *
 * @param now Unix milliseconds
 * @returns undefined for a tombstone from the future: it is to be tried again later
 * @throws {HxError} `corrupt`
 */
export async function openNumbered(
  object: NumberedObject,
  bytes: Uint8Array<ArrayBuffer>,
  keys: VaultKeys,
  now: number,
): Promise<OpenedObject | undefined> {
  const name = await nameOf(object, keys.vaultId);
  const { header, payload } = await openObject(bytes, name, keys);
  if (object.kind === "segment") {
    return { ...object, kind: "segment", payload: parseSegment(payload) };
  }
  if (header.node_id !== object.nodeId) {
    throw new HxError(
      "corrupt",
      `opening ${keyOf(name)}: its node is not the one whose manifest names it`,
    );
  }
  if (Date.parse(header.created_at) > now + FUTURE_TOMBSTONE_MS) return undefined;
  return { ...object, kind: "tombstone", payload: parseTombstone(payload, header) };
}
