/** Every test vector of the format, opened whole, in odd chunks and byte by byte. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  deriveVaultKeys,
  openObject,
  type OpenOptions,
  openStream,
  type VaultKeys,
} from "../lib/crypto/mod.ts";
import { HxError } from "../lib/errors.ts";
import {
  fromHex,
  type Header,
  type ObjectName,
  parseKey,
  parseManifest,
  parseSegment,
  parseTombstone,
  parseVault,
} from "../lib/format/mod.ts";
import { collect, streamOf } from "../lib/store/mod.ts";
import { makeVectors } from "../scripts/make_vectors.ts";
import type { Vector } from "./vector_kit.ts";

const FOLDER = fileURLToPath(new URL("./vectors/", import.meta.url));

type Way = (
  bytes: Uint8Array<ArrayBuffer>,
  vector: Vector,
) => Promise<{ header: Header; payload: Uint8Array<ArrayBuffer> }>;

/** What opening takes besides the bytes. */
async function openingOf(vector: Vector): Promise<[ObjectName, VaultKeys, OpenOptions]> {
  const name = parseKey(vector.key);
  assert.ok(name);
  const keys = await deriveVaultKeys(fromHex(vector.master)!, name.vaultId);
  return [name, keys, { maxPlain: vector.max_plain }];
}

const streamed = (chunk: number): Way => async (bytes, vector) => {
  const { header, body } = await openStream(streamOf(bytes, chunk), ...await openingOf(vector));
  return { header, payload: await collect(body) };
};

const WAYS: Record<string, Way> = {
  whole: async (bytes, vector) => await openObject(bytes, ...await openingOf(vector)),
  "in odd chunks": streamed(997),
  "byte by byte": streamed(1),
};

/** Reads the payload by its own rules. */
function parse(vector: Vector, header: Header, payload: Uint8Array): void {
  switch (parseKey(vector.key)?.type) {
    case "segment":
      return void parseSegment(payload);
    case "tombstone":
      if (header.node_id !== vector.node_id) throw new HxError("corrupt", "another node's");
      return void parseTombstone(payload, header);
    case "manifest":
      return void parseManifest(payload, header);
    case "vault":
      return void parseVault(payload);
  }
}

const files = [...Deno.readDirSync(FOLDER)]
  .filter((entry) => entry.isFile).map((entry) => entry.name).sort();

for (const file of files) {
  const vector: Vector = JSON.parse(Deno.readTextFileSync(FOLDER + file));
  Deno.test(`vector ${file.replace(".json", "")}: ${vector.about}`, async () => {
    const bytes = Uint8Array.fromBase64(vector.object);
    for (const [way, open] of Object.entries(WAYS)) {
      const work = async () => {
        const { header, payload } = await open(bytes, vector);
        parse(vector, header, payload);
        return payload;
      };
      if ("payload" in vector.expect) {
        assert.equal((await work()).toBase64(), vector.expect.payload, way);
      } else {
        const { category } = vector.expect;
        await assert.rejects(work(), (e) => e instanceof HxError && e.category === category, way);
      }
    }
  });
}

Deno.test("the vectors on disk are those that the generator makes, and at least 190", async () => {
  const made = await makeVectors();
  assert.deepEqual([...made.keys()].filter((file) => !file.includes("/")).sort(), files);
  for (const [file, text] of made) assert.equal(Deno.readTextFileSync(FOLDER + file), text, file);
  assert.ok(files.length >= 190);
});
