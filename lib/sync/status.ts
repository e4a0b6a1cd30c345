/** What `hx sync status` shows, all from the local database: no request is made. */
import {
  countEventsByNode,
  countOutbox,
  countPendingBlobs,
  countPendingEvents,
  countPendingTombstones,
  type Database,
  readIdentity,
  readRun,
  readVault,
  seenManifests,
} from "../db/mod.ts";
import { importNodeId } from "../history/mod.ts";
import { countHoles } from "./objects.ts";
import type { ErrorReport, RunReport } from "./report.ts";

/** A device of the vault. */
export interface DeviceStatus {
  node_id: string;
  label: string;
  platform: string | null;
  /** Its newest manifest that is known here. */
  manifest_seq: number;
  /** When it published that, RFC 3339; null before the first time. */
  last_publish: string | null;
  /** Events in this database that it recorded. */
  events: number;
}

/** The JSON of `hx sync status --json`; unknown values are null. */
export interface SyncStatus {
  vault: { id: string; name: string } | null;
  /** The store's URI. */
  store: string | null;
  node: { id: string; label: string } | null;
  devices: DeviceStatus[];
  /** What waits to be published, by kind. */
  pending: { events: number; segments: number; tombstones: number; blobs: number };
  /** Objects that are published and not here yet. */
  holes: number;
  last_push: RunReport | null;
  last_pull: RunReport | null;
  last_error: ErrorReport | null;
}

/**
 * Reads the status.
 *
 * @param store the store's URI, where this device is enrolled
 * @param platform of this device
 */
export async function readStatus(
  db: Database,
  store: string | undefined,
  platform: string,
): Promise<SyncStatus> {
  const vault = readVault(db);
  const identity = readIdentity(db);
  return {
    vault: vault ? { id: vault.vaultId, name: vault.name } : null,
    store: store ?? null,
    node: identity ? { id: identity.nodeId, label: identity.label } : null,
    devices: identity ? await devices(db, platform) : [],
    pending: {
      events: countPendingEvents(db),
      segments: countOutbox(db, "segment"),
      tombstones: countPendingTombstones(db) + countOutbox(db, "tombstone"),
      blobs: countPendingBlobs(db),
    },
    holes: identity ? countHoles({ db }) : 0,
    last_push: (readRun(db, "last_push") ?? null) as RunReport | null,
    last_pull: (readRun(db, "last_pull") ?? null) as RunReport | null,
    last_error: (readRun(db, "last_error") ?? null) as ErrorReport | null,
  };
}

async function devices(db: Database, platform: string): Promise<DeviceStatus[]> {
  const identity = readIdentity(db)!;
  const events = countEventsByNode(db);
  const self: DeviceStatus = {
    node_id: identity.nodeId,
    label: identity.label,
    platform,
    manifest_seq: identity.manifestSeq,
    last_publish: identity.publishedAt === undefined
      ? null
      : new Date(identity.publishedAt * 1000).toISOString(),
    events: [...events.values()].reduce((sum, node) => sum + (node.own ? node.events : 0), 0),
  };
  const others = [...seenManifests(db).values()].filter((seen) => seen.nodeId !== identity.nodeId);
  return [
    self,
    ...await Promise.all(others.map(async (seen) => ({
      node_id: seen.nodeId,
      label: seen.label,
      platform: seen.platform,
      manifest_seq: seen.manifestSeq,
      last_publish: seen.createdAt,
      // What it recorded live, and what it imported from its shells' files.
      events: [seen.nodeId, await importNodeId(seen.firstLabel)]
        .reduce((sum, node) => sum + (events.get(node)?.events ?? 0), 0),
    }))),
  ];
}
