/** What can be done to an object by whoever keeps it, and what a holder of the key can put in one. */
import { gzipSync } from "node:zlib";
import {
  deriveVaultKeys,
  type OpenedBytes,
  openObject,
  readHeader,
  type VaultKeys,
} from "../lib/crypto/mod.ts";
import { concatBytes, frameHeader, fromUtf8, LENGTH_BYTES, utf8 } from "../lib/format/mod.ts";
import type { RandomBytes } from "../lib/format/mod.ts";
import { type Bytes, CONTENT, type Placed } from "./mutation_kit.ts";
import { type Craft, craft } from "./vector_kit.ts";
import { testNode, type World } from "./world.ts";

type Json = Record<string, unknown>;

/** A changed object, and what was changed. */
export interface Mutation {
  what: string;
  bytes: Bytes;
}

/** Two bits of every byte turned, one after the other. */
export function* flips(bytes: Bytes): Generator<Mutation> {
  for (let at = 0; at < bytes.length; at++) {
    for (const bits of [1, 0x80]) {
      const changed = bytes.slice();
      changed[at]! ^= bits;
      yield { what: `byte ${at} xor ${bits}`, bytes: changed };
    }
  }
}

/** Every shorter length, and a few bytes more. */
export function* lengths(bytes: Bytes): Generator<Mutation> {
  for (let size = 0; size < bytes.length; size++) {
    yield { what: `the first ${size} bytes`, bytes: bytes.slice(0, size) };
  }
  for (const more of [[0], [0xff], [...bytes.slice(-17)], [...bytes]]) {
    const longer = concatBytes(bytes, Uint8Array.from(more));
    yield { what: `${more.length} bytes more`, bytes: longer };
  }
}

/** Values that a field of a header might have instead of its own. */
const VALUES: unknown[] = [
  null,
  true,
  0,
  1,
  -1,
  1e400,
  "",
  "x",
  "none",
  "gzip",
  [],
  {},
  testNode(1),
];

/** The header written anew, over the body as it was: each field changed, removed, doubled, and more. */
export function* headers(bytes: Bytes): Generator<Mutation> {
  const { bytes: header } = readHeader(bytes);
  const text = fromUtf8(header)!;
  const body = bytes.slice(LENGTH_BYTES + header.length);
  const over = (json: string) => concatBytes(frameHeader(utf8(json)), body);
  const written = (what: string, value: unknown) => ({ what, bytes: over(JSON.stringify(value)) });
  const parse = () => JSON.parse(text) as Json;
  for (const path of fieldsOf(parse())) {
    for (const value of [...VALUES, changedText(at(parse(), path))]) {
      const json = parse();
      if (JSON.stringify(at(json, path)) === JSON.stringify(value)) continue;
      set(json, path, value);
      yield written(`header with ${path.join(".")} = ${JSON.stringify(value)}`, json);
    }
    const removed = parse();
    set(removed, path, undefined);
    yield written(`header without ${path.join(".")}`, removed);
    const field = `"${path.at(-1)}":`;
    for (const first of ["null", JSON.stringify(at(parse(), path))]) {
      const doubled = text.replace(field, `${field}${first},${field}`);
      yield { what: `header with ${path.join(".")} twice`, bytes: over(doubled) };
    }
  }
  yield written("header with one more field", { ...parse(), later: 1 });
  yield written("header in another order", Object.fromEntries(Object.entries(parse()).reverse()));
  yield { what: "header with a space", bytes: over(` ${text}`) };
}

/** Paths of all fields, those of `crypto` and of key slots too. */
function fieldsOf(json: Json): string[][] {
  return Object.entries(json).flatMap(([name, value]) => [
    [name],
    ...(name === "crypto" ? Object.keys(value as Json).map((inner) => [name, inner]) : []),
  ]);
}

function at(json: Json, [first, second]: string[]): unknown {
  const value = json[first!];
  return second === undefined ? value : (value as Json)[second];
}

function set(json: Json, [first, second]: string[], value: unknown): void {
  if (second === undefined) json[first!] = value;
  else (json[first!] as Json)[second] = value;
}

/** A value of the same form: another digit, another number. */
function changedText(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value !== "string") return [value];
  return value.replace(/[0-9](?!.*[0-9])/, (digit) => digit === "0" ? "1" : "0") + " ".repeat(
    /[0-9]/.test(value) ? 0 : 1,
  );
}

/** Opens an object of the vault. */
export function openWhole(keys: VaultKeys, { bytes, name }: Placed): Promise<OpenedBytes> {
  return openObject(bytes, name, keys, name.type === "blob" ? { maxPlain: CONTENT.length } : {});
}

/** Seals the payload of an object once more, otherwise than right; the header keeps its ids. */
export async function resealed(
  keys: VaultKeys,
  random: RandomBytes,
  placed: Placed,
  how: Craft,
  payload?: Bytes,
): Promise<Bytes> {
  const { header, payload: own } = await openWhole(keys, placed);
  const { magic: _, version: __, created_at, compression: ___, crypto: ____, ...fields } = header;
  const { header: change, ...rest } = how;
  return await craft(keys, random, fields, payload ?? own, {
    ...rest,
    header: (json) => {
      const right = { ...json, created_at };
      return change ? change(right) : right;
    },
  });
}

/** The same content from elsewhere: another vault with this master key, and with another one. */
export async function* foreign(world: World, placed: Placed): AsyncGenerator<Mutation> {
  const { keys, master, random, vaultId } = world;
  const other = testNode(77);
  const name = { ...placed.name, vaultId: other };
  for (const [whose, key] of [["this", master], ["another", random(32)]] as const) {
    const wrap = (await deriveVaultKeys(key, other)).wrap;
    const how: Craft = { wrap, header: (json) => ({ ...json, vault_id: name.vaultId }) };
    const what = `an object of another vault with ${whose} key`;
    yield { what, bytes: await resealed(keys, random, placed, how) };
    yield { what: `${what} and our id`, bytes: await resealed(keys, random, placed, { wrap }) };
  }
  const { wrap } = await deriveVaultKeys(random(32), vaultId);
  yield {
    what: "an object of our vault's id with another key",
    bytes: await resealed(keys, random, placed, { wrap }),
  };
}

/** The payload in the clear, under headers that say so in every way. */
export async function* plaintext(world: World, placed: Placed): AsyncGenerator<Mutation> {
  const { keys, random } = world;
  const { payload } = await openWhole(keys, placed);
  const none = { enc: "none", kw: "none", frame: 1 << 20, nonce: "", wrapped_key: "" };
  const ways: [string, (crypto: unknown) => unknown][] = [
    ["no crypto", () => undefined],
    ["crypto null", () => null],
    ["crypto {}", () => ({})],
    ["enc none", (crypto) => ({ ...crypto as Json, enc: "none" })],
    ["all none", () => none],
    ["enc null", (crypto) => ({ ...crypto as Json, enc: null })],
    ["a right header", (crypto) => crypto],
  ];
  for (const [what, change] of ways) {
    const how: Craft = {
      header: (json) => ({ ...json, crypto: change(json.crypto) }),
      sealed: () => [payload],
    };
    yield { what: `plaintext, ${what}`, bytes: await resealed(keys, random, placed, how) };
  }
}

/** gzip of so many spaces. */
export function bomb(bytes: number): Bytes {
  return new Uint8Array(gzipSync(new Uint8Array(bytes).fill(0x20)));
}
