/**
 * Known answers of the format's small functions: keys, names, digests, words. Computed from the
 * primitives alone and not with the code that they are there to test.
 */
import { entropyToMnemonic } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { MASTER, NODE, VAULT } from "./vector_kit.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What the file holds. */
export interface KnownAnswers {
  about: string;
  master: string;
  words: string;
  vault_id: string;
  keys: { wrap: string; blob: string; forget: string };
  wrap: { object_key: string; wrapped_key: string };
  uuid5: { namespace: string; name: string; uuid: string }[];
  blob: { content: string; blob_hash: string; blob_id: string };
  forget: { cmd: string; digest: string }[];
  slot: {
    passphrase: string;
    kdf: "PBKDF2-HMAC-SHA-256";
    salt: string;
    iterations: number;
    wrapped_key: string;
  };
  lines: {
    label: string;
    node_id: string;
    shell: string;
    session_id: string;
    lines: { started_at: number | null; cmd: string; n: number; json: string; seq: number }[];
  };
}

const utf8 = (text: string): Bytes => new TextEncoder().encode(text);
const unhex = (text: string): Bytes => Uint8Array.fromHex(text);
const id = (uuid: string): Bytes => unhex(uuid.replaceAll("-", ""));
const { subtle } = crypto;

async function bits(kdf: string, secret: Bytes, params: HkdfParams | Pbkdf2Params): Promise<Bytes> {
  const key = await subtle.importKey("raw", secret, kdf, false, ["deriveBits"]);
  return new Uint8Array(await subtle.deriveBits(params, key, 256));
}

const hkdf = (info: string): Promise<Bytes> =>
  bits("HKDF", unhex(MASTER), {
    name: "HKDF",
    hash: "SHA-256",
    salt: id(VAULT),
    info: utf8(info),
  });

async function hash(name: "SHA-1" | "SHA-256", ...parts: Bytes[]): Promise<Bytes> {
  return new Uint8Array(
    await subtle.digest(name, new Uint8Array(parts.flatMap((part) => [...part]))),
  );
}

async function hmac(key: Bytes, data: Bytes): Promise<string> {
  const mac = { name: "HMAC", hash: "SHA-256" };
  const imported = await subtle.importKey("raw", key, mac, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", imported, data)).toHex();
}

async function wrapKey(by: Bytes, key: Bytes): Promise<string> {
  const wrapping = await subtle.importKey("raw", by, "AES-KW", false, ["wrapKey"]);
  const mac = { name: "HMAC", hash: "SHA-256" };
  const wrapped = await subtle.importKey("raw", key, mac, true, ["sign"]);
  return new Uint8Array(await subtle.wrapKey("raw", wrapped, wrapping, "AES-KW")).toHex();
}

async function uuid5(namespace: string, name: string): Promise<string> {
  const digest = (await hash("SHA-1", id(namespace), utf8(name))).slice(0, 16);
  digest[6] = digest[6]! & 15 | 0x50;
  digest[8] = digest[8]! & 63 | 0x80;
  return digest.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const IMPORTS = "c0de5a11-5e1f-5a1d-9b1e-2f0a7d3c9e51";

async function lineOf(started_at: number | null, cmd: string, n: number) {
  const json = JSON.stringify([started_at, cmd, n]);
  const first = new DataView((await hash("SHA-256", utf8(json))).buffer).getBigUint64(0);
  return { started_at, cmd, n, json, seq: Number(first >> 11n) };
}

/** All of them. */
export async function knownAnswers(): Promise<KnownAnswers> {
  const [wrap, blob, forget] = await Promise.all(
    ["hx/v0 key-wrap", "hx/v0 blob-name", "hx/v0 forget"].map(hkdf),
  );
  const objectKey = unhex("f0".repeat(32));
  const content = utf8("all 12 tests passed\n");
  const blobHash = await hash("SHA-256", content);
  const salt = "00112233445566778899aabbccddeeff";
  const passphrase = "gru\u0308ne Wiese \ufb01n";
  const iterations = 600_000;
  const slotKey = await bits("PBKDF2", utf8(passphrase.normalize("NFKC")), {
    name: "PBKDF2",
    hash: "SHA-256",
    salt: unhex(salt),
    iterations,
  });
  const importNode = await uuid5(IMPORTS, "import:ada");
  const names = ["segment:1", "segment:2", "segment:10000000", "tombstone:1"];
  return {
    about: "known answers: master key, words, derived keys, names, digests, a slot, imported lines",
    master: MASTER,
    words: entropyToMnemonic(unhex(MASTER), wordlist),
    vault_id: VAULT,
    keys: { wrap: wrap!.toHex(), blob: blob!.toHex(), forget: forget!.toHex() },
    wrap: { object_key: objectKey.toHex(), wrapped_key: await wrapKey(wrap!, objectKey) },
    uuid5: await Promise.all(
      names.map(async (name) => ({ namespace: NODE, name, uuid: await uuid5(NODE, name) })),
    ),
    blob: {
      content: content.toHex(),
      blob_hash: blobHash.toHex(),
      blob_id: await hmac(blob!, blobHash),
    },
    forget: await Promise.all(
      ["ls", "export TOKEN='größer 😀'", ""].map(async (cmd) => ({
        cmd,
        digest: await hmac(forget!, utf8(cmd)),
      })),
    ),
    slot: {
      passphrase,
      kdf: "PBKDF2-HMAC-SHA-256",
      salt,
      iterations,
      wrapped_key: await wrapKey(slotKey, unhex(MASTER)),
    },
    lines: {
      label: "ada",
      node_id: importNode,
      shell: "zsh",
      session_id: await uuid5(importNode, "zsh"),
      lines: await Promise.all([
        lineOf(1700000000, "ls -la", 1),
        lineOf(1700000000, "ls -la", 2),
        lineOf(null, "ls -la", 1),
        lineOf(1700000000.5, 'echo "größer" \\ 😀\n\t\u0001', 1),
      ]),
    },
  };
}
