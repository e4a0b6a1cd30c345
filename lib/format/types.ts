/**
 * The records that a vault holds, as they stand in its JSON (format, section 6). Field names are
 * those of the format. Times are Unix seconds as floats unless a name says otherwise.
 *
 * @module
 */

/** What makes an event the one it is. */
export interface EventKey {
  /** Who recorded the event: a device, or an import identity. A lower-case UUID. */
  node_id: string;
  /** The shell session, at most 16 KiB. */
  session_id: string;
  /** Below 2^53. */
  seq: number;
}

/** One command of a history. */
export interface EventRecord extends EventKey {
  /** Start in Unix seconds; 0 = not known. */
  started_at: number;
  /** End in Unix seconds. */
  ended_at?: number;
  /** How long it took, in milliseconds. */
  duration_ms?: number;
  /** Exit code of the command. */
  exit_code?: number;
  /** Working directory. */
  cwd?: string;
  /** The command as typed, at most 1 MiB of UTF-8; bytes that are not UTF-8, and NUL, are U+FFFD. */
  cmd: string;
  /** Rank among the lines that have no time. */
  order?: number;
  /** `cmd` was longer than 1 MiB and was cut. */
  truncated?: boolean;
  /** The command's bytes where they are not all in `cmd`; standard base64 of at most 1 MiB. */
  cmd_base64?: string;
}

/** One shell session. */
export interface SessionRecord {
  /** The shell session. */
  session_id: string;
  /** Start in Unix seconds; 0 = not known. */
  started_at: number;
  /** End in Unix seconds. */
  ended_at?: number;
  /** Host name. */
  host: string;
  /** User name. */
  user?: string;
  /** Name of the shell. */
  shell?: string;
  /** Terminal. */
  tty?: string;
  /** Directory that it began in. */
  initial_cwd?: string;
}

/** A file that is kept with a command. */
export interface ArtifactRecord {
  /** Unique id. */
  artifact_id: string;
  /** The command it belongs to. */
  event?: EventKey;
  /** Its name. */
  name: string;
  /** SHA-256 of the content, 64 lower-case hex digits. */
  blob_hash: string;
  /** Size of the content in bytes. */
  byte_len: number;
  /** Media type, as in MIME. */
  media_type?: string;
  /** Unix seconds. */
  created_at: number;
}

/** A session that is kept at hand; true wins over false for ever. */
export interface PinRecord {
  /** The shell session. */
  session_id: string;
  /** Whether it is pinned. */
  pinned: boolean;
}

/** Payload of a segment. */
export interface SegmentPayload {
  /** Events. */
  events: EventRecord[];
  /** What is known of sessions. */
  sessions?: SessionRecord[];
  /** Files kept with commands. */
  artifacts?: ArtifactRecord[];
  /** Pinned sessions. */
  pins?: PinRecord[];
}

/** A line of a shell's own file that must not come back, by the digest of its text. */
export interface ForgottenImport {
  /** The import identity (format, section 9) whose events it covers. */
  node_id: string;
  /** Hex of HMAC-SHA-256(K_forget, cmd). */
  digest: string;
  /** Covers undated events and those that start within 2 s of this. */
  started_at: number;
}

/** Deletes the events that start within a window, ends included; 0 lies in no window. */
export interface WindowTombstone {
  /** Only events of this recorder. */
  node_id?: string;
  /** Begin in Unix seconds. */
  start_ts: number;
  /** End in Unix seconds. */
  end_ts: number;
  /** Why, for people. */
  reason?: string;
}

/** Deletes events by key. */
export interface EventsTombstone {
  /** Events. */
  events: EventKey[];
  /** Lines of a shell's own file that must not come back. */
  imports?: ForgottenImport[];
  /** Why, for people. */
  reason?: string;
}

/** Payload of a tombstone: exactly one of the two kinds. */
export type TombstonePayload = WindowTombstone | EventsTombstone;

/** A run of numbers, both ends included; `{ start: 1, end: 0 }` is none. */
export interface Cursor {
  /** First number. */
  start: number;
  /** Last number. */
  end: number;
}

/** Payload of a manifest: what a node has published so far. */
export interface ManifestPayload {
  /** The vault: a lower-case UUID. */
  vault_id: string;
  /** The node: a lower-case UUID. */
  node_id: string;
  /** Starts at 1, +1 at each publish. */
  manifest_seq: number;
  /** RFC 3339 with milliseconds and `Z`. */
  created_at: string;
  /** Segments published. */
  segments: Cursor;
  /** Tombstones published. */
  tombstones: Cursor;
  /** What other devices show of it. */
  node: { label: string; platform: string; hx_version: string };
  /** The newest manifest of every other node that this node has accepted. */
  observed: Record<string, number>;
  /** What its writer can read. */
  capabilities: { format_version: number; supports: string[] };
}

/** Payload of `vault.hxvault`. */
export interface VaultPayload {
  /** Its name. */
  name: string;
  /** The node that made the vault. */
  created_by: string;
  /** The vaults that this one goes on from, under a new key; the newest last. */
  moved_from?: string[];
  /** K_forget where it is not derived, but that of the first of those vaults: 64 hex digits. */
  forget_key?: string;
}

/** K_master under a passphrase, in the header of `vault.hxvault`. */
export interface KeySlot {
  /** Key derivation function. */
  kdf: "PBKDF2-HMAC-SHA-256";
  /** Hex, at least 16 bytes. */
  salt: string;
  /** 600,000 to 10,000,000. */
  iterations: number;
  /** Hex of 40 bytes: AES-KW(derived key, K_master). */
  wrapped_key: string;
}
