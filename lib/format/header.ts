/** The header of an object: a length, then JSON whose exact bytes are authenticated (section 3). */
import { concatBytes, fromHex, fromUtf8, utf8 } from "./bytes.ts";
import { corrupt } from "./corrupt.ts";
import { MAX_FRAME_BYTES, MAX_HEADER_BYTES, MIN_FRAME_BYTES } from "./limits.ts";
import type { ObjectName, ObjectType } from "./names.ts";
import type { KeySlot } from "./types.ts";
import { isUuid } from "./uuid.ts";

/** How a payload is compressed before it is encrypted. */
export type Compression = "none" | "gzip";

/** How a body is encrypted. */
export interface CryptoHeader {
  /** Cipher. */
  enc: "A256GCM-STREAM";
  /** Key wrap. */
  kw: "A256KW";
  /** Bytes of plaintext in a frame. */
  frame: number;
  /** Hex of 7 bytes. */
  nonce: string;
  /** Hex of 40 bytes: AES-KW(K_wrap, K_obj). */
  wrapped_key: string;
}

/** An object's header. */
export interface Header {
  /** Always the same. */
  magic: "HXOBJ";
  /** Format version. */
  version: 0;
  /** Which kind of object. */
  object_type: ObjectType;
  /** The vault: a lower-case UUID. */
  vault_id: string;
  /** RFC 3339 with milliseconds and `Z`. */
  created_at: string;
  /** How to compress the payload. */
  compression: Compression;
  /** How the body is encrypted. */
  crypto: CryptoHeader;
  /** Of a manifest, segment or tombstone. */
  node_id?: string;
  /** Of a segment. */
  segment_id?: string;
  /** Of a tombstone. */
  tombstone_id?: string;
  /** Of a blob. */
  blob_id?: string;
  /** Of a vault. */
  key_slots?: KeySlot[];
}

/** A header as it was read. */
export interface ParsedHeader {
  /** The header. */
  header: Header;
  /** The exact bytes of the JSON: the associated data of every frame. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** Bytes before the header's JSON: its length. */
export const LENGTH_BYTES = 4;

/** The header's JSON in bytes. */
export function encodeHeader(header: Header): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify(header));
}

/** The header's bytes with their length before them, as an object begins. */
export function frameHeader(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concatBytes(length, bytes);
}

/**
 * The length of the header's JSON, from an object's first 4 bytes.
 *
 * @throws {HxError} `corrupt` where it is out of range
 */
export function headerLength(start: Uint8Array, what: string): number {
  if (start.length < LENGTH_BYTES) throw corrupt(what, "it ends within its first 4 bytes");
  const length = new DataView(start.buffer, start.byteOffset).getUint32(0);
  if (length === 0 || length > MAX_HEADER_BYTES) {
    throw corrupt(what, `its header would be ${length} bytes long`);
  }
  return length;
}

/**
 * Reads a header's JSON (section 8, step 2).
 *
 * @throws {HxError} `corrupt`
 */
export function parseHeader(bytes: Uint8Array<ArrayBuffer>, what: string): ParsedHeader {
  const text = fromUtf8(bytes);
  if (text === undefined) throw corrupt(what, "its header is not UTF-8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw corrupt(what, "its header is not JSON");
  }
  const problem = isObject(json) ? problemOf(json) : "its header is not a JSON object";
  if (problem) throw corrupt(what, problem);
  return { header: json as unknown as Header, bytes };
}

/**
 * Checks that a header is that of the object that was asked for (section 8, step 3).
 *
 * @throws {HxError} `corrupt`
 */
export function checkHeaderMatches(header: Header, name: ObjectName, what: string): void {
  const { type, vaultId } = name;
  const expected: [string, unknown, string][] = [
    ["object_type", header.object_type, type],
    ["vault_id", header.vault_id, vaultId],
  ];
  if ("nodeId" in name) expected.push(["node_id", header.node_id, name.nodeId]);
  if ("segmentId" in name) expected.push(["segment_id", header.segment_id, name.segmentId]);
  if ("tombstoneId" in name) expected.push(["tombstone_id", header.tombstone_id, name.tombstoneId]);
  if ("blobId" in name) expected.push(["blob_id", header.blob_id, name.blobId]);
  for (const [field, found, asked] of expected) {
    if (found !== asked) throw corrupt(what, `its ${field} is not that of its key`);
  }
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is wrong with a header, if anything is. */
function problemOf(header: Json): string | undefined {
  if (header.magic !== "HXOBJ") return "its magic is not HXOBJ";
  if (header.version !== 0) return "its format version is not 0: update hx";
  const { object_type: type, created_at: created } = header;
  if (typeof type !== "string" || !Object.hasOwn(IDS, type)) return "its object_type is unknown";
  const idProblem = idsProblem(header, IDS[type as ObjectType]);
  if (idProblem) return idProblem;
  if (typeof created !== "string" || !isTime(created)) return "its created_at is not a time";
  if (header.compression !== "none" && header.compression !== "gzip") {
    return "its compression is unknown";
  }
  return cryptoProblem(header.crypto) ?? slotsProblem(header);
}

/** By type, the ids that a header has besides `vault_id` (section 3). */
const IDS: Readonly<Record<ObjectType, readonly string[]>> = {
  vault: [],
  manifest: ["node_id"],
  segment: ["node_id", "segment_id"],
  tombstone: ["node_id", "tombstone_id"],
  blob: ["blob_id"],
};

function idsProblem(header: Json, needed: readonly string[]): string | undefined {
  for (const field of ["vault_id", "node_id", "segment_id", "tombstone_id", "blob_id"]) {
    if (header[field] === null) delete header[field];
    const id = header[field];
    if (id === undefined && field !== "vault_id" && !needed.includes(field)) continue;
    const right = field === "blob_id" ? isHex(id, 32, 32) : typeof id === "string" && isUuid(id);
    if (!right) return `its ${field} is missing or not an id`;
  }
}

/** RFC 3339 with milliseconds and `Z`, of a day that exists. */
function isTime(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return false;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text;
}

function cryptoProblem(crypto: unknown): string | undefined {
  if (crypto === undefined || crypto === null) return "it is not encrypted";
  if (!isObject(crypto)) return "its crypto is not an object";
  if (crypto.enc !== "A256GCM-STREAM") return "its encryption is unknown";
  if (crypto.kw !== "A256KW") return "its key wrap is unknown";
  const { frame } = crypto;
  if (!isInteger(frame, MIN_FRAME_BYTES, MAX_FRAME_BYTES)) return "its frame size is out of range";
  if (!isHex(crypto.nonce, 7, 7)) return "its nonce is not 7 bytes";
  if (!isHex(crypto.wrapped_key, 40, 40)) return "its wrapped key is not 40 bytes";
}

/** What {@link KeySlot.iterations} may be: fewer are weak, more only keep a reader busy. */
export function isIterations(value: unknown): value is number {
  return isInteger(value, 600_000, 10_000_000);
}

function slotsProblem(header: Json): string | undefined {
  if (header.object_type !== "vault") return undefined;
  const slots = header.key_slots;
  if (!Array.isArray(slots) || slots.length > 8) return "its key_slots are not a list of 0 to 8";
  for (const slot of slots) {
    if (!isObject(slot)) return "a key slot is not an object";
    if (slot.kdf !== "PBKDF2-HMAC-SHA-256") return "the kdf of a key slot is unknown";
    if (!isHex(slot.salt, 16, MAX_HEADER_BYTES)) return "the salt of a key slot is too short";
    if (!isIterations(slot.iterations)) {
      return "the iterations of a key slot are out of range";
    }
    if (!isHex(slot.wrapped_key, 40, 40)) return "the wrapped key of a key slot is not 40 bytes";
  }
}

function isInteger(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

/** Whether a value is lower-case hex of so many bytes. */
function isHex(value: unknown, min: number, max: number): boolean {
  const bytes = typeof value === "string" ? fromHex(value) : undefined;
  return bytes !== undefined && bytes.length >= min && bytes.length <= max;
}
