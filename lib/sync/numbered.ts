/** Reading one segment or tombstone from the store. */
import { asHxError, type Category, isCategory } from "../errors.ts";
import { LIMITS } from "../format/mod.ts";
import { type NumberedObject, type OpenedObject, openNumbered } from "../importer/mod.ts";
import type { SyncContext } from "./context.ts";
import { keyOfNumber } from "./names.ts";
import { readObject } from "./read.ts";

/** One object as the store gave it; no bytes where it is not there. */
export type Fetched =
  & { object: NumberedObject }
  & ({ bytes: Uint8Array<ArrayBuffer> | undefined } | { error: unknown });

/** Failures that are one object's own; the others would meet every object alike. */
const OBJECT_FAILURES: ReadonlySet<Category> = new Set([
  "corrupt",
  "hash-mismatch",
  "auth",
  "server",
  "conflict",
]);

/** Whether a failure is one object's own. */
export function isObjectFailure(error: unknown): boolean {
  return OBJECT_FAILURES.has(asHxError(error).category);
}

/** Reads one object; a failure that is its own comes back as a value. */
export async function fetchNumbered(
  context: SyncContext,
  object: NumberedObject,
): Promise<Fetched> {
  const { store, keys, signal } = context;
  const key = await keyOfNumber(object, keys.vaultId);
  try {
    const found = await readObject(store, key, LIMITS[object.kind].stored, signal);
    return { object, bytes: found?.bytes };
  } catch (error) {
    if (!isObjectFailure(error)) throw error;
    return { object, error };
  }
}

/**
 * Opens one object; what does not open is fetched once more. It is opened only when its turn has come:
 * decoded it takes many times the memory, and many are under way.
 */
export async function openFetched(
  context: SyncContext,
  fetched: Fetched,
): Promise<OpenedObject | "absent" | "future"> {
  const { object } = fetched;
  const open = async (from: Fetched) => {
    if ("error" in from) throw from.error;
    if (!from.bytes) return "absent";
    const { keys, clock } = context;
    return await openNumbered(object, from.bytes, keys, clock()) ?? "future";
  };
  try {
    return await open(fetched);
  } catch (error) {
    if (!isCategory(error, "corrupt")) throw error;
    return await open(await fetchNumbered(context, object));
  }
}
