/**
 * What a store key is: the same rule for every store.
 *
 * @module
 */
import { HxError } from "../errors.ts";

/** The largest key in bytes of UTF-8 (S3's own limit). */
export const MAX_KEY_BYTES = 1024;

const encoder = new TextEncoder();

/**
 * Checks that `key` is one a store may be given: `/`-separated segments, none of them empty, `.` or
 * `..` (signers and servers fold those), no NUL, whole Unicode characters, at most
 * {@link MAX_KEY_BYTES} bytes.
 *
 * @throws {HxError} `config`
 */
export function checkKey(key: string): void {
  const fault = key === "" ? "is empty" : faultOf(key) ?? segmentsFault(key.split("/"));
  if (fault !== undefined) refuse("key", key, fault);
}

/**
 * Checks a listing prefix: as {@link checkKey}, but it may be empty and its last segment may be
 * anything, since the prefix can end within a name.
 *
 * @throws {HxError} `config`
 */
export function checkPrefix(prefix: string): void {
  const fault = faultOf(prefix) ?? segmentsFault(prefix.split("/").slice(0, -1));
  if (fault !== undefined) refuse("prefix", prefix, fault);
}

/** What is wrong with the text as a whole, if anything. */
function faultOf(text: string): string | undefined {
  if (text.includes("\0")) return "holds a NUL character";
  if (!text.isWellFormed()) return "holds half a Unicode character";
  if (encoder.encode(text).length > MAX_KEY_BYTES) return `is over ${MAX_KEY_BYTES} bytes`;
  return undefined;
}

function segmentsFault(segments: string[]): string | undefined {
  for (const segment of segments) {
    if (segment === "") return "has an empty segment";
    if (segment === "." || segment === "..") return `has a "${segment}" segment`;
  }
  return undefined;
}

function refuse(what: string, text: string, fault: string): never {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  throw new HxError("config", `the store ${what} ${JSON.stringify(shown)} ${fault}`);
}
