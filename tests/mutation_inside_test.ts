/** Objects that are sealed as they should be and hold what they should not: a key holder's mischief. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { listArtifacts, seenManifests } from "../lib/db/mod.ts";
import { pull } from "../lib/sync/mod.ts";
import { openWhole, resealed } from "./mutation_cases.ts";
import { type Inside, MANIFEST, SEGMENT, TOMBSTONE, VAULT } from "./mutation_inside_cases.ts";
import {
  type Bytes,
  openPlaced,
  type Placed,
  Puller,
  refuses,
  type SmallVault,
  withSmallVault,
} from "./mutation_kit.ts";
import { visible } from "./world.ts";

async function sealedWith(
  { world: { keys, random } }: SmallVault,
  placed: Placed,
  inside: Inside,
): Promise<Bytes> {
  const { payload } = await openWhole(keys, placed);
  const own = inside.payload(payload);
  const pack = inside.packed ?? (() => new Uint8Array(gzipSync(own)));
  return await resealed(keys, random, placed, { compression: "gzip", frame: 1 << 20, pack }, own);
}

/** Takes an object for what it is: nothing else is missing, and all of it can be shown. */
async function checkTaken(
  vault: SmallVault,
  puller: Puller,
  placed: Placed,
  { what, bytes }: { what: string; bytes: Bytes },
): Promise<void> {
  await openPlaced(vault.world.keys, placed, bytes);
  const [all, without] = [await puller.eventsWithout([]), await puller.eventsWithout([placed])];
  const device = vault.fresh();
  await vault.store.putAtomic(placed.key, bytes);
  const report = await pull(device.context);
  assert.deepEqual(report.rejected, {}, what);
  const shown = new Set(visible(device.db));
  for (const event of all.intersection(without)) assert.ok(shown.has(event), `${what}: ${event}`);
  assert.ok(listArtifacts(device.db).length > 0 && seenManifests(device.db).size === 2, what);
  device.db.close();
  await vault.store.putAtomic(placed.key, placed.bytes);
}

for (
  const [kind, { refused, taken }] of Object.entries({
    segment: SEGMENT,
    tombstone: TOMBSTONE,
    manifest: MANIFEST,
    vault: VAULT,
  })
) {
  Deno.test(`a ${kind} that is sealed right and wrong inside`, () =>
    withSmallVault(async (vault) => {
      const puller = new Puller(vault);
      const placed = vault.objects.find(({ name }) => name.type === kind)!;
      for (const inside of refused) {
        const bytes = await sealedWith(vault, placed, inside);
        await refuses(vault.world.keys, placed, bytes, inside.what);
        await puller.check(new Map([[placed, bytes]]), inside.what);
      }
      for (const inside of taken) {
        const bytes = await sealedWith(vault, placed, inside);
        await checkTaken(vault, puller, placed, { what: inside.what, bytes });
      }
      return `${refused.length} payloads refused, ${taken.length} taken, each in a whole pull`;
    }));
}
