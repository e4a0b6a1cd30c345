/** Mutants of headers, payloads and limits (format, sections 2, 3, 6, 7 and 8). */
import { type Mutant, of } from "./mutant.ts";

const VECTORS = ["tests/vectors_test.ts"];

const HEADER = of(
  "lib/format/header.ts",
  VECTORS,
  ["the magic is checked", 'if (header.magic !== "HXOBJ")', "if (false)"],
  ["the version is checked", "if (header.version !== 0)", "if (false)"],
  ["an object is of the type that its key says", '["object_type", header.object_type, type],', ""],
  ["an object is of the vault that its key says", '["vault_id", header.vault_id, vaultId],', ""],
  ["an object is of the node that its key says", 'if ("nodeId" in name)', "if (false)"],
  ["a segment has the id that its key says", 'if ("segmentId" in name)', "if (false)"],
  ["a tombstone has the id that its key says", 'if ("tombstoneId" in name)', "if (false)"],
  ["a blob has the id that its key says", 'if ("blobId" in name)', "if (false)"],
  ["the cipher is known", 'if (crypto.enc !== "A256GCM-STREAM")', "if (false)"],
  ["the key wrap is known", 'if (crypto.kw !== "A256KW")', "if (false)"],
  ["the nonce has 7 bytes", "isHex(crypto.nonce, 7, 7)", "isHex(crypto.nonce, 0, 64)"],
  [
    "the wrapped key has 40 bytes",
    "isHex(crypto.wrapped_key, 40, 40)",
    "isHex(crypto.wrapped_key, 24, 48)",
  ],
  ["the compression is known", 'header.compression !== "gzip"', "false"],
  ["created_at is a time", "!isTime(created)", "false"],
  [
    "PBKDF2 takes 600,000 to 10,000,000 iterations",
    "isInteger(value, 600_000, 10_000_000)",
    "isInteger(value, 1, 1e9)",
  ],
  ["a vault has at most 8 slots", "slots.length > 8", "slots.length > 80"],
  ["hex is lower-case", "fromHex(value)", "fromHex(value.toLowerCase())"],
  [
    "a plaintext object is refused",
    'if (crypto === undefined || crypto === null) return "it is not encrypted";',
    "if (crypto === undefined || crypto === null) return undefined;",
    {
      more: [{
        file: "lib/crypto/open.ts",
        find:
          "  const cipher = await cipherFor(parsed, name, keys, what);\n  const body = await openBody(",
        replace: "  const clear = bytes.subarray(LENGTH_BYTES + parsed.bytes.length);\n" +
          "  if (!parsed.header.crypto) return { header: parsed.header, payload: clear.slice() };\n" +
          "  const cipher = await cipherFor(parsed, name, keys, what);\n  const body = await openBody(",
      }],
    },
  ],
);

const PAYLOAD = [
  ...of(
    "lib/format/payload.ts",
    VECTORS,
    [
      "a tombstone is exactly one kind",
      "if (isWindow === isEvents)",
      "if (!isWindow && !isEvents)",
    ],
    ["a window ends before it was made", "if (window.end_ts * 1000 >", "if (Infinity <"],
    ["a manifest names its own vault", "payload.vault_id !== header.vault_id || ", ""],
    ["a manifest names its own node", " || payload.node_id !== header.node_id", ""],
    ["a cursor starts before its end", "if (cursor.start > cursor.end + 1)", "if (false)"],
    ["observed names nodes", "uuid(node, what),", "node,"],
  ),
  ...of(
    "lib/format/segment.ts",
    VECTORS,
    ["a segment has at most 50,000 events", "if (events.length > MAX_EVENTS)", "if (false)"],
    ["a seq is below 2^53", "!Number.isSafeInteger(seq) || ", ""],
    ["a seq is not negative", " || (seq as number) < 0", ""],
    [
      "an event's numbers are safe",
      "!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)",
      "Number.isNaN(value)",
    ],
    ["an exit code is an integer", "if (!Number.isSafeInteger(json.exit_code))", "if (false)"],
    ["a session_id is not empty", 'if (session_id === "")', "if (false)"],
    ["cmd_base64 is base64", " || !BASE64.test(value)", ""],
    [
      "an event may have another recorder than its segment ⚑",
      "  const payload: SegmentPayload = {",
      "  if (new Set((events as { node_id: string }[]).map((e) => e.node_id)).size > 1) " +
      'throw corrupt(what, "it has several recorders");\n  const payload: SegmentPayload = {',
      { tests: ["tests/rules_pull_test.ts"] },
    ],
  ),
  ...of(
    "lib/format/check.ts",
    VECTORS,
    ["JSON nests at most 1,000 deep", "if (++depth > MAX_JSON_DEPTH)", "if (++depth > 1e9)"],
    ["JSON has at most 2,000,000 values", "if (values > MAX_JSON_VALUES)", "if (false)"],
    ["no U+0000 in a known field", 'if (text.includes("\\0"))', "if (false)"],
    ["no lone surrogate in a known field", "if (!text.isWellFormed())", "if (false)"],
    ["strings have limits", "if (text.length * 3 > maxBytes &&", "if (false &&"],
    [
      "an optional field that is null is absent",
      "value === undefined || value === null ?",
      "value === undefined ?",
    ],
    ["true is no number", 'if (typeof value !== "boolean")', "if (false)"],
    ["ids are UUIDs", 'if (typeof value !== "string" || !isUuid(value))', "if (false)"],
    ["a hash is 64 hex digits", "/^[0-9a-f]{64}$/", "/^[0-9a-fA-F]*$/"],
  ),
  ...of(
    "lib/format/bytes.ts",
    VECTORS,
    ["text is UTF-8", "fatal: true", "fatal: false"],
    ["no byte order mark", "ignoreBOM: true", "ignoreBOM: false"],
  ),
  ...of(
    "lib/format/limits.ts",
    VECTORS,
    ["a frame has 4 KiB or more", "= 4 * KIB", "= 1"],
    ["a frame has 8 MiB or less", "= 8 * MIB", "= 64 * MIB"],
    [
      "a vault is at most 64 KiB",
      "{ stored: 64 * KIB, plain: 64 * KIB }",
      "{ stored: MIB, plain: MIB }",
    ],
    ["a cursor ends by 10,000,000", "MAX_CURSOR_END = 10_000_000", "MAX_CURSOR_END = 2 ** 40"],
    ["a cmd has at most 1 MiB", "MAX_CMD_BYTES: number = MIB", "MAX_CMD_BYTES: number = 9 * MIB"],
  ),
  ...of(
    "lib/format/names.ts",
    ["tests/format_test.ts"],
    ["a key is just as written", " && keyOf(name) === key", ""],
    ["a blob's key has its id", "isBlobId(name) && ", ""],
  ),
  ...of(
    "lib/format/names.ts",
    ["tests/keys_test.ts", ...VECTORS],
    ["a segment's id follows from its number", "`segment:${number}`", "`segment-${number}`"],
    ["a tombstone's id follows from its number", "`tombstone:${number}`", "`tombstone-${number}`"],
  ),
];

export const FORMAT: readonly Mutant[] = [...HEADER, ...PAYLOAD];
