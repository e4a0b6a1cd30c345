/** Bytes as text and back, strictly. */

const encoder = new TextEncoder();
// ignoreBOM: a byte order mark is kept, so that JSON with one is refused instead of silently trimmed.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Randomness: `n` fresh bytes. */
export type RandomBytes = (n: number) => Uint8Array<ArrayBuffer>;

/** UTF-8 of a text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Text of UTF-8; undefined where the bytes are not that. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Bytes of lower-case hex; undefined where it is not that. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
  return Uint8Array.from(
    { length: text.length / 2 },
    (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16),
  );
}

/** All parts in one. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Below 0, 0, above 0: byte by byte, a prefix before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!;
  }
  return a.length - b.length;
}

/** A time in Unix milliseconds as the format writes it: RFC 3339 with milliseconds and `Z`. */
export function rfc3339(unixMilliseconds: number): string {
  return new Date(unixMilliseconds).toISOString();
}
