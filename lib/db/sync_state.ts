/**
 * What this device knows of its vault: who it is there, what it has sealed and sent, what other nodes
 * have published, and what of that is imported.
 */
import type { Cursor, ManifestPayload } from "../format/types.ts";
import { Interner } from "./interner.ts";
import type { Database } from "./open.ts";

/** Objects that a node numbers. */
export type NumberedKind = "segment" | "tombstone";

/** The vault that this device is enrolled in. */
export interface VaultRow {
  /** The vault: a lower-case UUID. */
  vaultId: string;
  /** Its name. */
  name: string;
  /** Where the store is, as the composition root wrote it; no secrets. */
  location: unknown;
  /** What the store was seen to do. */
  capabilities: StoreCapabilities;
}

/**
 * What a store was seen to do at `init` or `join`: it obeys the condition of a write, overwrites in
 * spite of it, or refuses every request that carries one.
 */
export interface StoreCapabilities {
  /** With conditions of a put of bytes, `If-None-Match: *` and `If-Match` alike. */
  conditionalPut: "yes" | "ignored" | "refused";
  /** With `If-None-Match: *` at the end of an upload in parts. */
  conditionalComplete: "yes" | "ignored" | "refused";
}

/** This device within its vault. */
export interface Identity {
  nodeId: string;
  label: string;
  /** Last segment number taken. */
  segments: number;
  /** Last tombstone number taken. */
  tombstones: number;
  /** Last manifest number taken. */
  manifestSeq: number;
  /** ETag of the own manifest as last confirmed in the store. */
  etag: string | undefined;
  /** When that was, in Unix seconds. */
  etagAt: number | undefined;
  /** When it last published, in Unix seconds. */
  publishedAt: number | undefined;
  /** The store's copy of the own manifest is older or gone, so it has to be published again. */
  republish: boolean;
}

/** The newest manifest accepted of a node. */
export interface SeenManifest {
  nodeId: string;
  manifestSeq: number;
  /** SHA-256 of the decrypted payload. */
  digest: string;
  createdAt: string;
  label: string;
  /** The label before the device was renamed: the host that its imports go by. */
  firstLabel: string;
  platform: string;
  hxVersion: string;
  /** The newest manifests that it says it has accepted, by node. */
  observed: Record<string, number>;
  etag: string | undefined;
  /** When the ETag was remembered, in Unix seconds. */
  etagAt: number | undefined;
  retired: boolean;
}

/** The vault, if this device is enrolled. */
export function readVault(db: Database): VaultRow | undefined {
  const row = db.get<{ vault_id: string; name: string; location: string; capabilities: string }>(
    "SELECT * FROM vault",
  );
  return row && {
    vaultId: row.vault_id,
    name: row.name,
    location: JSON.parse(row.location),
    capabilities: JSON.parse(row.capabilities),
  };
}

/** Enrols this device. */
export function writeVault(db: Database, vault: VaultRow): void {
  db.run(
    `INSERT INTO vault (id, vault_id, name, location, capabilities) VALUES (1, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET vault_id = excluded.vault_id, name = excluded.name,
       location = excluded.location, capabilities = excluded.capabilities`,
    vault.vaultId,
    vault.name,
    JSON.stringify(vault.location),
    JSON.stringify(vault.capabilities),
  );
}

/** Who this device is, if it is enrolled. */
export function readIdentity(db: Database): Identity | undefined {
  const row = db.get<{
    node_id: string;
    label: string;
    segments: number;
    tombstones: number;
    manifest_seq: number;
    etag: string | null;
    etag_at: number | null;
    published_at: number | null;
    republish: number;
  }>("SELECT n.node_id, i.* FROM identity i JOIN node n ON n.id = i.node");
  return row && {
    nodeId: row.node_id,
    label: row.label,
    segments: row.segments,
    tombstones: row.tombstones,
    manifestSeq: row.manifest_seq,
    etag: row.etag ?? undefined,
    etagAt: row.etag_at ?? undefined,
    publishedAt: row.published_at ?? undefined,
    republish: row.republish === 1,
  };
}

/** Makes this device a new node, with nothing published. */
export function newIdentity(db: Database, nodeId: string, label: string): void {
  const node = new Interner(db).node(nodeId);
  db.run("UPDATE node SET own = 1 WHERE id = ?", node);
  db.run("DELETE FROM identity");
  db.run("DELETE FROM confirmed_manifest");
  db.run("INSERT INTO identity (id, node, label) VALUES (1, ?, ?)", node, label);
}

/** Moves the own counters on. */
export function takeNumbers(
  db: Database,
  numbers: { segments: number; tombstones: number; manifestSeq: number },
): void {
  db.run(
    "UPDATE identity SET segments = ?, tombstones = ?, manifest_seq = ?, republish = 0",
    numbers.segments,
    numbers.tombstones,
    numbers.manifestSeq,
  );
}

/** Remembers the ETag of the own manifest at `now` (Unix seconds); undefined: the store has none. */
export function setOwnEtag(db: Database, etag: string | undefined, now: number): void {
  db.run("UPDATE identity SET etag = ?, etag_at = ?", etag, now);
}

/** Says that the store's copy of the own manifest is older or gone. */
export function setRepublish(db: Database): void {
  db.run("UPDATE identity SET republish = 1");
}

/** Gives this device another label; the next push tells the others. */
export function renameDevice(db: Database, label: string): void {
  db.run("UPDATE identity SET label = ?, republish = manifest_seq > 0", label);
}

/** Says that a node is not expected back: that its manifest is gone is no longer reported. */
export function retireNode(db: Database, nodeId: string): void {
  db.run("UPDATE node SET retired = 1 WHERE node_id = ?", nodeId);
}

/** Remembers that these bytes of the own manifest arrived, at `now` (Unix seconds). */
export function confirmPublish(db: Database, digest: string, etag: string, now: number): void {
  db.run("INSERT INTO confirmed_manifest (digest) VALUES (?) ON CONFLICT DO NOTHING", digest);
  db.run("UPDATE identity SET etag = ?, etag_at = ?, published_at = ?", etag, now, now);
}

/** Whether the store was ever seen to hold these bytes of the own manifest. */
export function isConfirmed(db: Database, digest: string): boolean {
  return db.get("SELECT 1 FROM confirmed_manifest WHERE digest = ?", digest) !== undefined;
}

/** Says that a node records on this device: an identity of it, or its import identity. */
export function setOwnNode(db: Database, nodeId: string): void {
  db.run("UPDATE node SET own = 1 WHERE id = ?", new Interner(db).node(nodeId));
}

/** Every node that records on this device. */
export function ownNodes(db: Database): string[] {
  return db.all<{ node_id: string }>("SELECT node_id FROM node WHERE own = 1 ORDER BY id")
    .map((row) => row.node_id);
}

/** The newest accepted manifests, by node. */
export function seenManifests(db: Database): Map<string, SeenManifest> {
  const rows = db.all<{
    node_id: string;
    retired: number;
    manifest_seq: number;
    digest: string;
    created_at: string;
    label: string;
    first_label: string;
    platform: string;
    hx_version: string;
    observed: string;
    etag: string | null;
    etag_at: number | null;
  }>("SELECT n.node_id, n.retired, m.* FROM manifest m JOIN node n ON n.id = m.node ORDER BY n.id");
  return new Map(rows.map((row) => [row.node_id, {
    nodeId: row.node_id,
    manifestSeq: row.manifest_seq,
    digest: row.digest,
    createdAt: row.created_at,
    label: row.label,
    firstLabel: row.first_label,
    platform: row.platform,
    hxVersion: row.hx_version,
    observed: JSON.parse(row.observed),
    etag: row.etag ?? undefined,
    etagAt: row.etag_at ?? undefined,
    retired: row.retired === 1,
  }]));
}

/** Makes a manifest the newest accepted one of its node. */
export function acceptManifest(
  db: Database,
  payload: ManifestPayload,
  digest: string,
  etag: string,
  now: number,
): void {
  db.run(
    `INSERT INTO manifest (node, manifest_seq, digest, created_at, label, first_label, platform,
       hx_version, observed, etag, etag_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (node) DO UPDATE SET manifest_seq = excluded.manifest_seq,
       digest = excluded.digest, created_at = excluded.created_at, label = excluded.label,
       platform = excluded.platform, hx_version = excluded.hx_version,
       observed = excluded.observed, etag = excluded.etag, etag_at = excluded.etag_at`,
    new Interner(db).node(payload.node_id),
    payload.manifest_seq,
    digest,
    payload.created_at,
    payload.node.label,
    payload.node.label,
    payload.node.platform,
    payload.node.hx_version,
    JSON.stringify(payload.observed),
    etag,
    now,
  );
}

/** The numbers of one kind that are known to exist, or that are imported, by node. */
export function readRanges(
  db: Database,
  table: "known" | "imported",
  kind: NumberedKind,
): Map<string, Cursor[]> {
  const result = new Map<string, Cursor[]>();
  const rows = db.all<{ node_id: string; start_no: number; end_no: number }>(
    `SELECT n.node_id, r.start_no, r.end_no FROM ${table}_range r JOIN node n ON n.id = r.node
     WHERE r.kind = ? ORDER BY r.node, r.start_no`,
    kind,
  );
  for (const row of rows) {
    const ranges = result.get(row.node_id) ?? [];
    ranges.push({ start: row.start_no, end: row.end_no });
    result.set(row.node_id, ranges);
  }
  return result;
}

/** Adds numbers to what is known or imported of a node; ranges that touch become one. */
export function addRange(
  db: Database,
  table: "known" | "imported",
  kind: NumberedKind,
  nodeId: string,
  range: Cursor,
): void {
  if (range.end < range.start) return;
  const node = new Interner(db).node(nodeId);
  const touching = `kind = ? AND node = ? AND start_no <= ? AND end_no >= ?`;
  const bounds = [kind, node, range.end + 1, range.start - 1] as const;
  const merged = db.get<{ start_no: number | null; end_no: number | null }>(
    `SELECT min(start_no) AS start_no, max(end_no) AS end_no FROM ${table}_range WHERE ${touching}`,
    ...bounds,
  )!;
  db.run(`DELETE FROM ${table}_range WHERE ${touching}`, ...bounds);
  db.run(
    `INSERT INTO ${table}_range (kind, node, start_no, end_no) VALUES (?, ?, ?, ?)`,
    kind,
    node,
    Math.min(range.start, merged.start_no ?? Infinity),
    Math.max(range.end, merged.end_no ?? -Infinity),
  );
}

/** Forgets all ETags: every manifest, the own one too, is read at the next pull. */
export function forgetEtags(db: Database): void {
  db.transaction(() => {
    db.run("UPDATE manifest SET etag_at = NULL");
    db.run("UPDATE identity SET etag_at = NULL");
  });
}

/** How many events each node recorded, and whether it records on this device. */
export function countEventsByNode(db: Database): Map<string, { events: number; own: boolean }> {
  const rows = db.all<{ node_id: string; own: number; events: number }>(
    `SELECT n.node_id, n.own, count(*) AS events FROM event e JOIN node n ON n.id = e.node
     GROUP BY e.node`,
  );
  return new Map(rows.map((row) => [row.node_id, { events: row.events, own: row.own === 1 }]));
}
