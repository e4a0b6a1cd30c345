/**
 * Writes the test vectors of the format, `tests/vectors/*.json`, and the known answers beside them,
 * `tests/vectors/known/*.json`. The same bytes every time: the randomness of each comes from its name.
 *
 * Usage: deno run --allow-read --allow-write scripts/make_vectors.ts
 */
import { fileURLToPath } from "node:url";
import { seeded, seededBytes } from "../tests/seeded.ts";
import { keyOf } from "../lib/format/mod.ts";
import { knownAnswers } from "../tests/known_answers.ts";
import { CASES } from "../tests/vector_cases.ts";
import { craft, MASTER, NODE, type Vector, vectorKeys } from "../tests/vector_kit.ts";

const folder = fileURLToPath(new URL("../tests/vectors/", import.meta.url));

/** The text of every vector, by file name. */
export async function makeVectors(): Promise<Map<string, string>> {
  const keys = await vectorKeys();
  const files = new Map<string, string>();
  for (const { file, about, base, payload, how, maxPlain, fails } of CASES) {
    if (files.has(file)) throw new Error(`two vectors are named ${file}`);
    const random = seededBytes(seeded(seedOf(file)));
    const object = await craft(keys, random, base.fields, payload, how);
    const vector: Vector = {
      about,
      master: MASTER,
      key: keyOf(base.name),
      ...(base.name.type === "tombstone" && { node_id: NODE }),
      ...(maxPlain !== undefined && { max_plain: maxPlain }),
      object: object.toBase64(),
      expect: fails ? { category: fails } : { payload: payload.toBase64() },
    };
    files.set(`${file}.json`, textOf(vector));
  }
  files.set("known/answers.json", textOf(await knownAnswers()));
  return files;
}

function textOf(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}

function seedOf(text: string): number {
  let seed = 0;
  for (let i = 0; i < text.length; i++) seed = (Math.imul(seed, 31) + text.charCodeAt(i)) | 0;
  return seed;
}

if (import.meta.main) {
  const files = await makeVectors();
  await Deno.remove(folder, { recursive: true });
  await Deno.mkdir(`${folder}known`, { recursive: true });
  for (const [file, text] of files) {
    await Deno.writeTextFile(`${folder}${file}`, text);
  }
}
