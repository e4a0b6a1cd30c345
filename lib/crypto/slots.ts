/** Passphrase slots: the master key under a passphrase, in the vault's header (format, section 6). */
import {
  fromHex,
  isIterations,
  type KeySlot,
  type RandomBytes,
  toHex,
  utf8,
} from "../format/mod.ts";
import { KEY_BYTES } from "./keys.ts";

const SALT_BYTES = 16;

/** The fewest and the most iterations that the format has. */
const MIN_ITERATIONS = 600_000;
const MAX_ITERATIONS = 10_000_000;
/** How long one try of a passphrase is to take on the device that makes its slot, in milliseconds. */
const TRY_MS = 500;
/** Iterations that are timed. */
const SAMPLE_ITERATIONS = 100_000;

/**
 * How many iterations take about half a second on this device, within what the format allows.
 *
 * @param clock in milliseconds
 */
export async function measureIterations(clock: () => number): Promise<number> {
  const base = await crypto.subtle.importKey("raw", utf8("sample"), "PBKDF2", false, [
    "deriveBits",
  ]);
  const salt = new Uint8Array(SALT_BYTES);
  const from = clock();
  await crypto.subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations: SAMPLE_ITERATIONS },
    base,
    256,
  );
  const took = clock() - from;
  // A clock that stood still or went back has measured nothing.
  const fitting = took > 0 ? Math.round(SAMPLE_ITERATIONS * TRY_MS / took) : MIN_ITERATIONS;
  return Math.min(MAX_ITERATIONS, Math.max(MIN_ITERATIONS, fitting));
}

/**
 * Puts a master key under a passphrase.
 *
 * @param iterations of PBKDF2: 600,000 to 10,000,000
 * @throws {RangeError} for other iterations, which no reader would take
 */
export async function makeSlot(
  master: Uint8Array<ArrayBuffer>,
  passphrase: string,
  iterations: number,
  random: RandomBytes,
): Promise<KeySlot> {
  if (master.length !== KEY_BYTES) throw new TypeError("the master key is not 32 bytes");
  const salt = random(SALT_BYTES);
  const wrapping = await slotKey(passphrase, salt, iterations);
  // Any 32-byte key type can be wrapped; HMAC's is one that may be extracted (HKDF's may not).
  const key = await crypto.subtle.importKey("raw", master, HMAC, true, ["sign"]);
  const wrapped = await crypto.subtle.wrapKey("raw", key, wrapping, "AES-KW");
  return {
    kdf: "PBKDF2-HMAC-SHA-256",
    salt: toHex(salt),
    iterations,
    wrapped_key: toHex(new Uint8Array(wrapped)),
  };
}

/**
 * The master key of a slot; undefined where the passphrase is not its own.
 *
 * @param slot as `parseHeader` has checked it
 * @throws {RangeError} for iterations that are out of range, before anything is derived
 */
export async function openSlot(
  slot: KeySlot,
  passphrase: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const wrapping = await slotKey(passphrase, fromHex(slot.salt)!, slot.iterations);
  const wrapped = fromHex(slot.wrapped_key)!;
  try {
    const key = await crypto.subtle.unwrapKey("raw", wrapped, wrapping, "AES-KW", HMAC, true, [
      "sign",
    ]);
    return new Uint8Array(await crypto.subtle.exportKey("raw", key));
  } catch {
    return undefined; // RFC 3394's own integrity check: another passphrase
  }
}

const HMAC = { name: "HMAC", hash: "SHA-256", length: 256 };

async function slotKey(
  passphrase: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<CryptoKey> {
  if (!isIterations(iterations)) throw new RangeError("PBKDF2 iterations are out of range");
  const secret = utf8(passphrase.normalize("NFKC"));
  const base = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveKey"]);
  return await crypto.subtle.deriveKey(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations },
    base,
    { name: "AES-KW", length: 256 },
    false,
    ["wrapKey", "unwrapKey"],
  );
}
