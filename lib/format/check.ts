/** The small checks that payload parsers are made of (section 6: known fields are strictly typed). */
import { corrupt } from "./corrupt.ts";
import { fromUtf8 } from "./bytes.ts";
import { MAX_JSON_DEPTH, MAX_JSON_VALUES, MAX_STRING_BYTES } from "./limits.ts";
import { isUuid } from "./uuid.ts";

/** A JSON object. */
export type Json = Record<string, unknown>;

/** Parses a payload's JSON. @throws {HxError} `corrupt` */
export function parseJson(bytes: Uint8Array, what: string): Json {
  checkShape(bytes, what);
  const text = fromUtf8(bytes);
  if (text === undefined) throw corrupt(what, "it is not UTF-8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch { // whose message would quote the text: a history stays out of errors
    throw corrupt(what, "it is not JSON");
  }
  return object(value, what);
}

const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const [LIST, LIST_END, OBJECT, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Refuses JSON that would take many times its own memory once it is parsed: 128 MiB of empty lists, in
 * a segment of 130 KiB, take more than 4 GiB (section 7). What is no JSON at all is left to the parser.
 */
function checkShape(bytes: Uint8Array, what: string): void {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
    } else if (byte === LIST || byte === OBJECT) {
      values++;
      if (++depth > MAX_JSON_DEPTH) {
        throw corrupt(what, `it nests more than ${MAX_JSON_DEPTH} deep`);
      }
    } else if (byte === LIST_END || byte === OBJECT_END) depth--;
    else if (byte === COMMA) values++;
  }
  if (values > MAX_JSON_VALUES) throw corrupt(what, `it holds more than ${MAX_JSON_VALUES} values`);
}

/** A JSON object. */
export function object(value: unknown, what: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw corrupt(what, "it is not a JSON object");
  }
  return value as Json;
}

/** A list. */
export function list(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw corrupt(what, "it is not a list");
  return value;
}

/** A field that may be absent; null is absent. */
export function optional<T>(
  value: unknown,
  what: string,
  check: (value: unknown, what: string) => T,
): T | undefined {
  return value === undefined || value === null ? undefined : check(value, what);
}

/** A string within its limit, without lone surrogates and U+0000. */
export function string(value: unknown, what: string, maxBytes: number = MAX_STRING_BYTES): string {
  if (typeof value !== "string") throw corrupt(what, "it is not a string");
  const problem = stringProblem(value, maxBytes);
  if (problem) throw corrupt(what, problem);
  return value;
}

/** What is wrong with a string, if anything is. */
export function stringProblem(text: string, maxBytes: number): string | undefined {
  if (text.includes("\0")) return "it holds U+0000";
  if (!text.isWellFormed()) return "it holds a lone surrogate";
  // A UTF-16 unit is at most 3 bytes of UTF-8, so short texts need no count.
  if (text.length * 3 > maxBytes && utf8Length(text) > maxBytes) return "it is too long";
}

/** Bytes of UTF-8 that a well-formed text takes. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // A surrogate pair is two units and 4 bytes, so each half counts for 2.
    if (unit >= 0x800 && (unit < 0xd800 || unit > 0xdfff)) bytes += 2;
    else if (unit >= 0x80) bytes += 1;
  }
  return bytes;
}

/** A string that is not empty. */
export function nonEmpty(value: unknown, what: string): string {
  const text = string(value, what);
  if (text === "") throw corrupt(what, "it is empty");
  return text;
}

/** A number that is finite and within 2^53 - 1. */
export function number(value: unknown, what: string): number {
  if (typeof value !== "number" || !(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) {
    throw corrupt(what, "it is not a safe number");
  }
  return value;
}

/** An integer in a range. */
export function integer(value: unknown, what: string, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    throw corrupt(what, `it is not an integer from ${min} to ${max}`);
  }
  return value as number;
}

/** true or false. */
export function boolean(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") throw corrupt(what, "it is not true or false");
  return value;
}

/** A lower-case UUID. */
export function uuid(value: unknown, what: string): string {
  if (typeof value !== "string" || !isUuid(value)) throw corrupt(what, "it is not a UUID");
  return value;
}

/** 32 bytes in lower-case hex. */
export function hash(value: unknown, what: string): string {
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) {
    throw corrupt(what, "it is not 64 hex digits");
  }
  return value;
}
