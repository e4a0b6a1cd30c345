/** Mutants of keys, frames, gzip and hashes (format, sections 4, 5 and 8). */
import { type Mutant, of } from "./mutant.ts";

const VECTORS = ["tests/vectors_test.ts"];
const KEYS = ["tests/keys_test.ts"];

export const CRYPTO: readonly Mutant[] = [
  ...of(
    "lib/crypto/frames.ts",
    VECTORS,
    [
      "the header's bytes are the associated data",
      '{ name: "AES-GCM", iv, additionalData: header }, key, sealed',
      '{ name: "AES-GCM", iv }, key, sealed',
      {
        more: [{
          file: "lib/crypto/frames.ts",
          find: '{ name: "AES-GCM", iv, additionalData: header }, key, plain',
          replace: '{ name: "AES-GCM", iv }, key, plain',
        }],
      },
    ],
    ["the last frame says so", "iv[11] = last ? 1 : 0;", "iv[11] = 0;"],
    ["a frame has its number", "setUint32(7, index)", "setUint32(7, 0)"],
    ["no empty last frame after data", "if (last && index > 0 &&", "if (false &&"],
  ),
  ...of(
    "lib/crypto/open.ts",
    VECTORS,
    ["a blob is what its name says", 'if (name.type === "blob") await', "if (false) await"],
    ["a payload has its limit", "if (payload.length > maxPlain)", "if (false)"],
    [
      "an object has its limit",
      "if (bytes.length > storedLimit(name.type, maxPlain))",
      "if (false)",
    ],
    [
      "a header is checked against the key",
      "checkHeaderMatches(header, name, what);",
      "",
    ],
  ),
  ...of(
    "lib/crypto/open_stream.ts",
    ["tests/vectors_test.ts"],
    [
      "a streamed blob is what its name says",
      'if (name.type === "blob") await check',
      "if (false) await check",
    ],
    ["a streamed payload has its limit", "if (size > maxPlain)", "if (false)"],
    [
      "a frame is the last only where nothing follows",
      "ended = await reader.ended();",
      "ended = sealed.length < cipher.frame + TAG_BYTES;",
    ],
  ),
  ...of(
    "lib/crypto/byte_reader.ts",
    VECTORS,
    ["a stream has its limit", "if (this.#received > this.#limit)", "if (false)"],
  ),
  ...of(
    "lib/crypto/gzip.ts",
    VECTORS,
    [
      "nothing follows the gzip member",
      "if (trailer.length !== TRAILER_BYTES)",
      "if (trailer.length < TRAILER_BYTES)",
    ],
    ["the gzip checksum is right", "view.getUint32(0, true) !== crc32(plain) || ", ""],
    ["the gzip size is right", " || view.getUint32(4, true) !== plain.length", ""],
    [
      "decompression stops at its limit",
      "maxOutputLength: Math.max(limit, 1)",
      "maxOutputLength: 2 ** 30",
      { tests: ["tests/rules_format_test.ts"] },
    ],
    ["reserved flags of gzip are refused", " || (flags & 0xe0) !== 0", ""],
    ["the header sum of gzip is right", "if (sum !== ", "if (false && sum !== "],
  ),
  ...of(
    "lib/crypto/hash.ts",
    VECTORS,
    ["a blob's hash has to fit", "=== name.blobId) return;", "!== undefined) return;"],
  ),
  ...of(
    "lib/crypto/keys.ts",
    KEYS,
    [
      "the vault's id is the salt",
      "uuidBytes(vaultId);\n  const derive",
      "new Uint8Array(16);\n  const derive",
    ],
    [
      "a vault may bring its own K_forget",
      "    forgetKey\n      ? ",
      "    forgetKey && false\n      ? ",
      {
        tests: ["tests/new_key_test.ts"],
      },
    ],
    ["blob names have a key of their own", '"hx/v0 blob-name"', '"hx/v0 forget"'],
    [
      "no key can be exported",
      "      false,\n      usages,",
      "      true,\n      usages,",
    ],
  ),
  ...of(
    "lib/crypto/slots.ts",
    KEYS,
    ["iterations are checked before deriving", "if (!isIterations(iterations))", "if (false)"],
    ["a passphrase is NFKC", 'passphrase.normalize("NFKC")', "passphrase"],
  ),
  ...of(
    "lib/crypto/seal.ts",
    ["tests/rules_format_test.ts"],
    [
      "every object has a key of its own",
      "const raw = random(KEY_BYTES);",
      "const raw = new Uint8Array(KEY_BYTES).fill(7);",
    ],
    [
      "every object has a nonce of its own",
      "const nonce = random(7);",
      "const nonce = new Uint8Array(7);",
    ],
    ["what no reader takes is not written", "if (size <= limit) return;", "return;", {
      tests: ["tests/crypto_stream_test.ts"],
    }],
  ),
];
