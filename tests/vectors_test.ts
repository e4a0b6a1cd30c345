/** Every test vector of the format, opened whole, in odd chunks and byte by byte. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { deriveVaultKeys, openObject, openStream } from "../lib/crypto/mod.ts";
import { HxError } from "../lib/errors.ts";
import {
  fromHex,
  type Header,
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

const keysOf = ({ master, name }: Vector) => deriveVaultKeys(fromHex(master)!, name.vaultId);

const streamed = (chunk: number): Way => async (bytes, vector) => {
  const { header, body } = await openStream(
    streamOf(bytes, chunk),
    vector.name,
    await keysOf(vector),
  );
  return { header, payload: await collect(body) };
};

const WAYS: Record<string, Way> = {
  whole: async (bytes, vector) => await openObject(bytes, vector.name, await keysOf(vector)),
  "in odd chunks": streamed(997),
  "byte by byte": streamed(1),
};

/** Reads the payload by its own rules. */
function parse(vector: Vector, header: Header, payload: Uint8Array): void {
  switch (vector.name.type) {
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

/** Byte by byte, what is larger than this would only take long. */
const SMALL = 64 * 1024;

const files = [...Deno.readDirSync(FOLDER)].map((entry) => entry.name).sort();

for (const file of files) {
  const vector: Vector = JSON.parse(Deno.readTextFileSync(FOLDER + file));
  Deno.test(`vector ${file.replace(".json", "")}: ${vector.about}`, async () => {
    const bytes = Uint8Array.fromBase64(vector.object);
    for (const [way, open] of Object.entries(WAYS)) {
      if (way === "byte by byte" && bytes.length > SMALL) continue;
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

Deno.test("the vectors on disk are those that the generator makes, and at least 60", async () => {
  const made = await makeVectors();
  assert.deepEqual([...made.keys()].sort(), files);
  for (const [file, text] of made) assert.equal(Deno.readTextFileSync(FOLDER + file), text, file);
  assert.ok(files.length >= 60);
});
