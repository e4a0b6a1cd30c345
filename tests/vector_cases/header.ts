/** Vectors of headers that are wrong in one place (sections 3 and 8). */
import { deriveVaultKeys } from "../../lib/crypto/mod.ts";
import { concatBytes, fromHex, utf8 } from "../../lib/format/mod.ts";
import { type Craft, MASTER, OTHER, VAULT } from "../vector_kit.ts";
import { bad, type Base, blob, json, manifest, segment, SLOT, tombstone, vault } from "./bases.ts";

const header = (
  file: string,
  about: string,
  change: (h: Record<string, unknown>) => unknown,
  base: Base = segment,
) => bad(`header-${file}`, about, base, { header: change });
const crypto = (file: string, about: string, field: Record<string, unknown>) =>
  header(file, about, (h) => ({ ...h, crypto: { ...h.crypto as object, ...field } }));
header("magic", "another magic", (h) => ({ ...h, magic: "HXOBX" }));
header("version", "version 1", (h) => ({ ...h, version: 1 }));
header("version-text", "a version that is a string", (h) => ({ ...h, version: "0" }));
header("no-type", "no object_type", (h) => ({ ...h, object_type: undefined }));
header("no-time", "no created_at", (h) => ({ ...h, created_at: undefined }));
header(
  "time-seconds",
  "created_at without milliseconds",
  (h) => ({ ...h, created_at: "2026-01-02T03:04:05Z" }),
);
header(
  "time-zone",
  "created_at with an offset",
  (h) => ({ ...h, created_at: "2026-01-02T03:04:05.678+00:00" }),
);
header(
  "time-none",
  "created_at on a day that is none",
  (h) => ({ ...h, created_at: "2026-02-30T03:04:05.678Z" }),
);
header("compression", "an unknown compression", (h) => ({ ...h, compression: "zstd" }));
// A plaintext object is no object: its body is the bare payload, for whoever would take it.
const plaintext = (file: string, about: string, crypto: unknown) =>
  bad(`header-${file}`, about, segment, {
    header: (h) => ({ ...h, crypto }),
    sealed: () => [segment.payload],
  });
plaintext("plaintext", "no crypto, and a body in the clear", undefined);
plaintext("plaintext-null", "crypto is null, and the body in the clear", null);
plaintext("plaintext-text", "crypto is a string, and the body in the clear", "none");
plaintext("plaintext-enc", "enc is none, and the body in the clear", { enc: "none" });
header("list", "a header that is a list", () => []);
header("type-unknown", "an unknown object_type", (h) => ({ ...h, object_type: "index" }));
header("vault-upper", "a vault in upper case", (h) => ({ ...h, vault_id: VAULT.toUpperCase() }));
header("no-node", "a segment without node_id", (h) => ({ ...h, node_id: undefined }));
header(
  "tombstone-no-node",
  "a tombstone without node_id",
  (h) => ({ ...h, node_id: undefined }),
  tombstone,
);
header("other-blob", "another blob", (h) => ({ ...h, blob_id: "00".repeat(32) }), blob);
header("no-blob", "no blob_id", (h) => ({ ...h, blob_id: undefined }), blob);
crypto("enc", "an unknown cipher", { enc: "A128GCM-STREAM" });
crypto("kw", "an unknown key wrap", { kw: "A128KW" });
crypto("frame-small", "a frame below 4 KiB", { frame: 4095 });
crypto("frame-large", "a frame above 8 MiB", { frame: (8 << 20) + 1 });
crypto("frame-text", "a frame that is a string", { frame: "4096" });
crypto("nonce-missing", "no nonce", { nonce: undefined });
crypto("frame-float", "a frame that is no integer", { frame: 4096.5 });
/** The header's own nonce or wrapped key, changed as text. */
const changed = (field: "nonce" | "wrapped_key", change: (hex: string) => string): Craft => ({
  header: (h) => {
    const crypto = h.crypto as Record<typeof field, string>;
    return { ...h, crypto: { ...crypto, [field]: change(crypto[field]) } };
  },
});
const zeroEnd = (nonce: Uint8Array<ArrayBuffer>) => nonce.fill(0, 6);
bad("header-nonce-short", "a nonce of 6 bytes, the 7th being 0", segment, {
  ...changed("nonce", (hex) => hex.slice(0, 12)),
  nonce: zeroEnd,
});
bad("header-nonce-long", "a nonce with 5 bytes more behind it", segment, {
  ...changed("nonce", (hex) => hex + "00".repeat(5)),
});
bad("header-nonce-upper", "a nonce in upper case", segment, {
  ...changed("nonce", (hex) => hex.toUpperCase()),
});
bad("header-wrapped-upper", "a wrapped key in upper case", segment, {
  ...changed("wrapped_key", (hex) => hex.toUpperCase()),
});
bad("header-wrapped-24", "a wrapped key of 24 bytes, which is right but of AES-128", segment, {
  keyBytes: 16,
});
bad("header-wrapped-48", "a wrapped key with 8 bytes more behind it", segment, {
  ...changed("wrapped_key", (hex) => hex + "00".repeat(8)),
});
crypto("wrapped-other", "a wrapped key of 40 bytes that does not unwrap", {
  wrapped_key: "00".repeat(40),
});
bad("header-wrapped-vault", "a key that another vault's key wraps", segment, {
  wrap: (await deriveVaultKeys(fromHex(MASTER)!, OTHER)).wrap,
});
header("other-type", "the type of another object", (h) => ({ ...h, object_type: "manifest" }));
header("other-vault", "another vault", (h) => ({ ...h, vault_id: OTHER }));
header("other-node", "another node", (h) => ({ ...h, node_id: OTHER }));
header("other-segment", "another segment", (h) => ({ ...h, segment_id: OTHER }));
header("no-segment", "no segment_id", (h) => ({ ...h, segment_id: undefined }));
header("other-tombstone", "another tombstone", (h) => ({ ...h, tombstone_id: OTHER }), tombstone);
header(
  "tombstone-node",
  "a tombstone of another node than the manifest's",
  (h) => ({ ...h, node_id: OTHER }),
  tombstone,
);
header("manifest-node", "a manifest of another node", (h) => ({ ...h, node_id: OTHER }), manifest);
const slot = (file: string, about: string, field: Record<string, unknown>) =>
  header(file, about, (h) => ({ ...h, key_slots: [{ ...SLOT, ...field }] }), vault);
slot("slot-kdf", "a slot with another kdf", { kdf: "scrypt" });
slot("slot-salt", "a slot with a salt of 15 bytes", { salt: "00".repeat(15) });
slot("slot-iterations-low", "a slot with 599,999 iterations", { iterations: 599_999 });
slot("slot-iterations-high", "a slot with 10,000,001 iterations", { iterations: 10_000_001 });
slot("slot-wrapped", "a slot with a wrapped key of 24 bytes", { wrapped_key: "00".repeat(24) });
header("slots-nine", "nine slots", (h) => ({ ...h, key_slots: Array(9).fill(SLOT) }), vault);
header("slots-none", "a vault without key_slots", (h) => ({ ...h, key_slots: undefined }), vault);
bad("length-zero", "a header length of 0", segment, { length: () => 0 });
header(
  "length-large",
  "a header of more than 64 KiB",
  (h) => ({ ...h, later: "x".repeat(65_536) }),
);
bad("length-beyond", "a header length beyond the object", segment, { length: (n) => n + 2000 });
bad("length-short", "a header length one too short", segment, { length: (n) => n - 1 });
bad("header-edited", "white space added to the header: its bytes are authenticated", segment, {
  headerBytesAfter: (bytes) => concatBytes(bytes, utf8(" ")),
});
bad("header-not-utf8", "a byte that is not UTF-8 in a field that is not known", segment, {
  header: (h) => ({ ...h, later: "X" }),
  headerBytesBefore: (bytes) => bytes.map((byte, i) => i === bytes.length - 3 ? 0xff : byte),
});
bad("header-bom", "a byte order mark before the header's JSON", segment, {
  headerBytesBefore: (bytes) => concatBytes(Uint8Array.of(0xef, 0xbb, 0xbf), bytes),
});
bad("header-reserialised", "the same header with its first two fields changed about", segment, {
  headerBytesAfter: (bytes) => {
    const { magic, version, ...rest } = JSON.parse(new TextDecoder().decode(bytes));
    return json({ version, magic, ...rest });
  },
});
bad("empty", "no bytes at all", segment, { object: () => new Uint8Array() });
bad("three-bytes", "three bytes", segment, { object: (bytes) => bytes.slice(0, 3) });
