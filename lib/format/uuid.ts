/** UUIDs (RFC 9562): random ones, and ones that a name determines. */
import { concatBytes, fromHex, type RandomBytes, toHex, utf8 } from "./bytes.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is a UUID of any version, in lower case. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The 16 bytes of a UUID. */
export function uuidBytes(uuid: string): Uint8Array<ArrayBuffer> {
  const bytes = fromHex(uuid.replaceAll("-", ""));
  if (bytes?.length !== 16) throw new TypeError("not a lower-case UUID");
  return bytes;
}

/** A random UUID, version 4. */
export function uuid4(random: RandomBytes): string {
  return withVersion(random(16), 4);
}

/** The UUID that a name has within a namespace, version 5. */
export async function uuid5(namespace: string, name: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", concatBytes(uuidBytes(namespace), utf8(name)));
  return withVersion(new Uint8Array(digest, 0, 16), 5);
}

function withVersion(bytes: Uint8Array, version: number): string {
  bytes[6] = bytes[6]! & 0x0f | version << 4;
  bytes[8] = bytes[8]! & 0x3f | 0x80;
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
    .join("-");
}
