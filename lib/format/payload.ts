/** The payloads of tombstones, manifests and vaults (section 6). */
import {
  hash,
  integer,
  type Json,
  list,
  number,
  object,
  optional,
  parseJson,
  string,
  uuid,
} from "./check.ts";
import { corrupt } from "./corrupt.ts";
import type { Header } from "./header.ts";
import { MAX_CURSOR_END } from "./limits.ts";
import { parseEventKey } from "./segment.ts";
import type {
  Cursor,
  EventsTombstone,
  ForgottenImport,
  ManifestPayload,
  TombstonePayload,
  VaultPayload,
  WindowTombstone,
} from "./types.ts";

/**
 * Reads the payload of a tombstone.
 *
 * @param header the object's header: a window may not end after it was made
 * @throws {HxError} `corrupt`
 */
export function parseTombstone(
  bytes: Uint8Array,
  header: Header,
  what = "tombstone",
): TombstonePayload {
  const json = parseJson(bytes, what);
  const isWindow = isPresent(json.start_ts) || isPresent(json.end_ts);
  const isEvents = isPresent(json.events) || isPresent(json.imports);
  if (isWindow === isEvents) throw corrupt(what, "it is not exactly one of window and events");
  return isWindow ? parseWindow(json, header, what) : parseEvents(json, what);
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function parseWindow(json: Json, header: Header, what: string): WindowTombstone {
  const window: WindowTombstone = {
    start_ts: number(json.start_ts, `${what}: start_ts`),
    end_ts: number(json.end_ts, `${what}: end_ts`),
  };
  if (window.end_ts * 1000 > Date.parse(header.created_at)) {
    throw corrupt(what, "its window ends after it was made");
  }
  const node = optional(json.node_id, `${what}: node_id`, uuid);
  if (node !== undefined) window.node_id = node;
  return withReason(window, json, what);
}

function parseEvents(json: Json, what: string): EventsTombstone {
  const events = list(json.events, `${what}: events`);
  const tombstone: EventsTombstone = {
    events: events.map((key, i) => parseEventKey(key, `${what}: event ${i}`)),
  };
  const imports = optional(json.imports, `${what}: imports`, list);
  if (imports) {
    tombstone.imports = imports.map((line, i) => parseForgotten(line, `${what}: import ${i}`));
  }
  return withReason(tombstone, json, what);
}

function parseForgotten(value: unknown, what: string): ForgottenImport {
  const json = object(value, what);
  return {
    node_id: uuid(json.node_id, `${what}: node_id`),
    digest: hash(json.digest, `${what}: digest`),
    started_at: number(json.started_at, `${what}: started_at`),
  };
}

function withReason<T extends { reason?: string }>(payload: T, json: Json, what: string): T {
  const reason = optional(json.reason, `${what}: reason`, string);
  if (reason !== undefined) payload.reason = reason;
  return payload;
}

/**
 * Reads the payload of a manifest (section 8, step 6).
 *
 * @param header the object's header: vault and node inside have to be its own
 * @throws {HxError} `corrupt`
 */
export function parseManifest(
  bytes: Uint8Array,
  header: Header,
  what = "manifest",
): ManifestPayload {
  const json = parseJson(bytes, what);
  const node = object(json.node, `${what}: node`);
  const capabilities = object(json.capabilities, `${what}: capabilities`);
  const payload: ManifestPayload = {
    vault_id: uuid(json.vault_id, `${what}: vault_id`),
    node_id: uuid(json.node_id, `${what}: node_id`),
    manifest_seq: integer(json.manifest_seq, `${what}: manifest_seq`, 1, Number.MAX_SAFE_INTEGER),
    created_at: string(json.created_at, `${what}: created_at`),
    segments: parseCursor(json.segments, `${what}: segments`),
    tombstones: parseCursor(json.tombstones, `${what}: tombstones`),
    node: {
      label: string(node.label, `${what}: label`),
      platform: string(node.platform, `${what}: platform`),
      hx_version: string(node.hx_version, `${what}: hx_version`),
    },
    observed: parseObserved(json.observed, `${what}: observed`),
    capabilities: {
      format_version: integer(
        capabilities.format_version,
        `${what}: format_version`,
        0,
        Number.MAX_SAFE_INTEGER,
      ),
      supports: list(capabilities.supports, `${what}: supports`)
        .map((name) => string(name, `${what}: supports`)),
    },
  };
  if (payload.vault_id !== header.vault_id || payload.node_id !== header.node_id) {
    throw corrupt(what, "vault or node inside are not those of its header");
  }
  return payload;
}

function parseCursor(value: unknown, what: string): Cursor {
  const json = object(value, what);
  const cursor = {
    start: integer(json.start, `${what}: start`, 1, MAX_CURSOR_END + 1),
    end: integer(json.end, `${what}: end`, 0, MAX_CURSOR_END),
  };
  if (cursor.start > cursor.end + 1) throw corrupt(what, "it starts after its end");
  return cursor;
}

function parseObserved(value: unknown, what: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries(object(value, what)).map(([node, seq]) => [
      uuid(node, what),
      integer(seq, what, 1, Number.MAX_SAFE_INTEGER),
    ]),
  );
}

/**
 * Reads the payload of a vault.
 *
 * @throws {HxError} `corrupt`
 */
export function parseVault(bytes: Uint8Array, what = "vault"): VaultPayload {
  const json = parseJson(bytes, what);
  const vault: VaultPayload = {
    name: string(json.name, `${what}: name`),
    created_by: string(json.created_by, `${what}: created_by`),
  };
  const from = optional(json.moved_from, `${what}: moved_from`, list);
  if (from) vault.moved_from = from.map((id) => uuid(id, `${what}: moved_from`));
  const forget = optional(json.forget_key, `${what}: forget_key`, hash);
  if (forget !== undefined) vault.forget_key = forget;
  return vault;
}
