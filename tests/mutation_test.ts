/**
 * Every way to change the objects of a small vault: none is taken for what it replaces, none stops the
 * others, and the right object is taken in once it is back. The counts are printed.
 */
import assert from "node:assert/strict";
import { flips, foreign, headers, lengths, type Mutation, plaintext } from "./mutation_cases.ts";
import { type Placed, Puller, refuses, type SmallVault, withSmallVault } from "./mutation_kit.ts";

/** Every so many-th mutation of bytes also meets a whole pull. */
const SAMPLE = Number(Deno.env.get("HX_MUTATION_SAMPLE") ?? 53);

/** Opens each mutation of each object, and pulls past some of them. */
async function checkAll(
  vault: SmallVault,
  mutate: (placed: Placed) => Iterable<Mutation> | AsyncIterable<Mutation>,
  sample: number,
): Promise<string> {
  const puller = new Puller(vault);
  let count = 0;
  for (const placed of vault.objects) {
    for await (const { what, bytes } of mutate(placed)) {
      await refuses(vault.world.keys, placed, bytes, what);
      if (count++ % sample === 0) await puller.check(new Map([[placed, bytes]]), what);
    }
  }
  return `${count} mutations of ${vault.objects.length} objects, ${puller.pulls} whole pulls`;
}

Deno.test("the vault that is changed below has objects of every kind", () =>
  withSmallVault(async ({ objects, store, fresh }) => {
    const kinds = objects.map(({ name }) => name.type).sort();
    assert.deepEqual(kinds, [
      "blob",
      "manifest",
      "manifest",
      "segment",
      "segment",
      "segment",
      "tombstone",
      "tombstone",
      "vault",
    ]);
    await Promise.resolve(fresh().db.close());
    return `${store.objects.size} objects of ${
      objects.reduce((sum, { bytes }) => sum + bytes.length, 0)
    } bytes`;
  }));

Deno.test("every byte with two of its bits turned", () =>
  withSmallVault((vault) => checkAll(vault, ({ bytes }) => flips(bytes), SAMPLE)));

Deno.test("every truncation, and bytes that were added", () =>
  withSmallVault((vault) => checkAll(vault, ({ bytes }) => lengths(bytes), SAMPLE)));

Deno.test("every field of a header changed, removed and doubled, over the body as it was", () =>
  withSmallVault((vault) => checkAll(vault, ({ bytes }) => headers(bytes), SAMPLE)));

Deno.test("objects of other vaults under our keys", () =>
  withSmallVault((vault) => checkAll(vault, (placed) => foreign(vault.world, placed), 1)));

Deno.test("objects in the clear", () =>
  withSmallVault((vault) => checkAll(vault, (placed) => plaintext(vault.world, placed), 1)));

Deno.test("every two objects exchanged", () =>
  withSmallVault(async (vault) => {
    const puller = new Puller(vault);
    const { objects } = vault;
    for (const [i, one] of objects.entries()) {
      for (const other of objects.slice(0, i)) {
        await refuses(vault.world.keys, one, other.bytes, `${other.key} in place`);
        await refuses(vault.world.keys, other, one.bytes, `${one.key} in place`);
        await puller.check(new Map([[one, other.bytes], [other, one.bytes]]), "exchange");
      }
    }
    return `${puller.pulls} exchanges of ${objects.length} objects`;
  }));
