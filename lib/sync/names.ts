/** Keys of a node's numbered objects. */
import { nameOf, type NumberedObject } from "../importer/mod.ts";
import { keyOf } from "../format/mod.ts";

/** The key of a segment or tombstone by its number. */
export async function keyOfNumber(object: NumberedObject, vaultId: string): Promise<string> {
  return keyOf(await nameOf(object, vaultId));
}
