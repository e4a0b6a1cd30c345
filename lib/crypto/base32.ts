/**
 * Bytes as text that people type: Crockford's base 32, without the letters that look like digits.
 * Case does not matter, and `o`, `i` and `l` are read as the digits that they look like.
 */

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** How many characters so many bytes take. */
export function base32Length(bytes: number): number {
  return Math.ceil(bytes * 8 / 5);
}

/** Bytes in base 32, in lower case. */
export function toBase32(bytes: Uint8Array): string {
  let text = "";
  let [bits, held] = [0, 0];
  for (const byte of bytes) {
    held = (held << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET[held >> (bits - 5) & 31];
  }
  return bits > 0 ? text + ALPHABET[held << (5 - bits) & 31] : text;
}

/**
 * The whole bytes of a text in base 32; bits that are left over are not looked at.
 *
 * @returns the position of the first character that is none of the alphabet, where there is one
 */
export function fromBase32(text: string): Uint8Array<ArrayBuffer> | number {
  const bytes = new Uint8Array(Math.floor(text.length * 5 / 8));
  let [bits, held, size] = [0, 0, 0];
  const plain = text.toLowerCase().replaceAll("o", "0").replaceAll(/[il]/g, "1");
  for (let i = 0; i < plain.length; i++) {
    const value = ALPHABET.indexOf(plain[i]!);
    if (value < 0) return i;
    held = (held << 5 | value) & 0xfff;
    bits += 5;
    if (bits >= 8) bytes[size++] = held >> (bits -= 8) & 0xff;
  }
  return bytes;
}
