/** Sizes that a reader accepts, checked before anything is allocated (format, section 7). */
import type { ObjectType } from "./names.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Largest header, in bytes. */
export const MAX_HEADER_BYTES: number = 64 * KIB;

/** By type: largest object as stored, and largest payload, in bytes. */
export const LIMITS: Readonly<Record<ObjectType, { stored: number; plain: number }>> = {
  vault: { stored: 64 * KIB, plain: 64 * KIB },
  manifest: { stored: 16 * MIB, plain: 64 * MIB },
  tombstone: { stored: 4 * MIB, plain: 16 * MIB },
  segment: { stored: 16 * MIB, plain: 128 * MIB },
  // The record of a blob bounds it; the caller says how much.
  blob: { stored: Number.MAX_SAFE_INTEGER, plain: Number.MAX_SAFE_INTEGER },
};

/**
 * Largest object as stored, in bytes. A blob's follows from its content: twice that is more than
 * frames of 4 KiB with their tags, and gzip of what does not compress, can take.
 *
 * @param maxPlain largest payload in bytes
 */
export function storedLimit(type: ObjectType, maxPlain: number): number {
  return type === "blob" ? 2 * maxPlain + MIB : LIMITS[type].stored;
}

/** Most events in a segment. */
export const MAX_EVENTS = 50_000;

/** Deepest nesting of lists and objects in a payload. */
export const MAX_JSON_DEPTH = 1000;

/** Most values in a payload: its commas, and the lists and objects that it opens. */
export const MAX_JSON_VALUES = 2_000_000;

/** Longest `cmd`, and most bytes that `cmd_base64` keeps. */
export const MAX_CMD_BYTES: number = MIB;

/** Longest of the other strings, in bytes of UTF-8. */
export const MAX_STRING_BYTES: number = 16 * KIB;

/** Largest number that a cursor may name. */
export const MAX_CURSOR_END = 10_000_000;

/** What writers use for a frame, in bytes. */
export const FRAME_BYTES: number = MIB;

/** Frames that readers accept, in bytes. */
export const MIN_FRAME_BYTES: number = 4 * KIB;
/** Largest frame that readers accept, in bytes. */
export const MAX_FRAME_BYTES: number = 8 * MIB;

/** AES-GCM's tag, in bytes. */
export const TAG_BYTES = 16;
