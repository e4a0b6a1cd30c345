/**
 * Writes the test vectors of the format, `tests/vectors/*.json`. The same bytes every time: the
 * randomness of each comes from its name.
 *
 * Usage: deno run --allow-read --allow-write scripts/make_vectors.ts
 */
import { fileURLToPath } from "node:url";
import { seeded, seededBytes } from "../tests/seeded.ts";
import { CASES } from "../tests/vector_cases.ts";
import { craft, MASTER, NODE, type Vector, vectorKeys } from "../tests/vector_kit.ts";

const folder = fileURLToPath(new URL("../tests/vectors/", import.meta.url));

/** The text of every vector, by file name. */
export async function makeVectors(): Promise<Map<string, string>> {
  const keys = await vectorKeys();
  const files = new Map<string, string>();
  for (const { file, about, base, payload, how, good } of CASES) {
    if (files.has(file)) throw new Error(`two vectors are named ${file}`);
    const random = seededBytes(seeded(seedOf(file)));
    const object = await craft(keys, random, base.fields, payload, how);
    const vector: Vector = {
      about,
      master: MASTER,
      name: base.name,
      ...(base.name.type === "tombstone" && { node_id: NODE }),
      object: object.toBase64(),
      expect: good ? { payload: payload.toBase64() } : { category: "corrupt" },
    };
    files.set(`${file}.json`, `${JSON.stringify(vector, null, 1)}\n`);
  }
  return files;
}

function seedOf(text: string): number {
  let seed = 0;
  for (let i = 0; i < text.length; i++) seed = (Math.imul(seed, 31) + text.charCodeAt(i)) | 0;
  return seed;
}

if (import.meta.main) {
  for await (const entry of Deno.readDir(folder)) await Deno.remove(`${folder}${entry.name}`);
  for (const [file, text] of await makeVectors()) {
    await Deno.writeTextFile(`${folder}${file}`, text);
  }
}
