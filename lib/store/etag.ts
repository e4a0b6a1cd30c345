/**
 * ETags of the stores that have none of their own: the quoted hex SHA-256 of the content.
 *
 * @module
 */

/** The ETag of `bytes`. */
export async function etagOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return quoteDigest(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** A digest as an ETag. */
export function quoteDigest(digest: Uint8Array): string {
  return `"${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
}
