/** Sending the outbox: numbered objects first, the manifest that names them last. */
import { HxError, isCategory } from "../errors.ts";
import { openObject } from "../crypto/mod.ts";
import { compareBytes, LIMITS, parseKey } from "../format/mod.ts";
import { type OutboxEntry, readIdentity, readOutbox, readOutboxManifest } from "../db/mod.ts";
import { CONCURRENCY, type SyncContext } from "./context.ts";
import { fetchAhead } from "./fetch_ahead.ts";
import { publishArrived, readOwnManifest } from "./own_manifest.ts";
import { readOwn } from "./read.ts";
import { requireVault } from "./vault.ts";

/** The store holds an object of our name that we did not make: our identity was copied. */
export class IdentityCloned extends Error {}

/** How often a publish is tried again after the manifest changed under it. */
const PUBLISH_ATTEMPTS = 5;

/**
 * Sends everything in the outbox and takes back what arrived. Sends the same bytes however often it is
 * called.
 *
 * @throws {IdentityCloned} where another machine writes under our name
 */
export async function sendOutbox(context: SyncContext): Promise<void> {
  const entries = readOutbox(context.db);
  const numbered = entries.filter((entry) => entry.kind !== "manifest");
  const sent = fetchAhead(numbered, {
    limit: context.concurrency ?? CONCURRENCY,
    signal: context.signal,
    call: async (entry, signal) => {
      await context.step?.(`put ${entry.kind}`);
      await putOnce({ ...context, signal }, entry);
    },
  });
  let done = 0;
  for await (const _ of sent) {
    context.notify({ type: "progress", phase: "push", done: ++done, total: numbered.length });
  }
  if (readOutboxManifest(context.db)) await publish(context);
}

/**
 * Puts an object that must not exist yet, or must be the one we put before.
 *
 * @throws {IdentityCloned} where the store holds another one of its name that opens
 */
export async function putOnce(context: SyncContext, entry: OutboxEntry): Promise<void> {
  const { store, signal, conditionalWrites } = context;
  if (!conditionalWrites) {
    if ((await look(context, entry)).state === "ours") return;
    await store.putAtomic(entry.key, entry.bytes, { signal });
    if ((await look(context, entry)).state === "ours") return;
    throw new HxError("server", `${entry.key} was stored and can't be read back`, AGAIN);
  }
  try {
    await store.putAtomic(entry.key, entry.bytes, { ifNoneMatch: "*", signal });
  } catch (error) {
    if (!isCategory(error, "conflict")) throw error;
    const found = await look(context, entry);
    if (found.state === "ours") return;
    if (found.state === "absent") {
      throw new HxError("conflict", `${entry.key} is there and can't be read back`, AGAIN);
    }
    await store.putAtomic(entry.key, entry.bytes, { ifMatch: found.etag, signal });
  }
}

const AGAIN = { hint: "run the command again; nothing is lost" };

/** How what lies under the key of an object of ours stands to it. */
type Found = { state: "ours" } | { state: "absent" } | { state: "damaged"; etag: string };

/**
 * Looks at what lies under our object's key. Another object that opens with the vault's key means a
 * clone; what does not open was written without the key, and is damage that may be written over.
 */
async function look(context: SyncContext, entry: OutboxEntry): Promise<Found> {
  const { store, keys, signal } = context;
  const found = await readOwn(store, entry.key, LIMITS.segment.stored, signal);
  if (!found) return { state: "absent" };
  if (compareBytes(found.bytes, entry.bytes) === 0) return { state: "ours" };
  try {
    await openObject(found.bytes, parseKey(entry.key)!, keys);
  } catch (error) {
    if (isCategory(error, "corrupt")) return { state: "damaged", etag: found.etag };
    throw error;
  }
  throw new IdentityCloned();
}

/** Publishes the manifest by compare-and-swap, or by reading before and after. */
async function publish(context: SyncContext): Promise<void> {
  const manifest = readOutboxManifest(context.db)!;
  if (!context.conditionalWrites && await settled(context)) return;
  for (let attempt = 0; attempt < PUBLISH_ATTEMPTS; attempt++) {
    await context.step?.("put manifest");
    const etag = await swap(context, manifest);
    // Without conditions a write says nothing of what it met: what lies there now does.
    if (etag !== undefined && context.conditionalWrites) return await publishArrived(context, etag);
    if (await settled(context)) return;
  }
  throw new HxError("conflict", "the manifest of this device changes under every publish", {
    hint: "is another copy of this device's data directory in use? run the command again",
  });
}

/** Puts the manifest over the one that we know; undefined where the store holds another. */
async function swap(context: SyncContext, manifest: OutboxEntry): Promise<string | undefined> {
  const { store, signal, conditionalWrites } = context;
  const known = readIdentity(context.db)!.etag;
  const condition = known === undefined ? { ifNoneMatch: "*" as const } : { ifMatch: known };
  try {
    const options = conditionalWrites ? { ...condition, signal } : { signal };
    return (await store.putAtomic(manifest.key, manifest.bytes, options)).etag;
  } catch (error) {
    if (isCategory(error, "conflict")) return undefined;
    throw error;
  }
}

/** Reads the manifest back: true where the publish had arrived already. */
async function settled(context: SyncContext): Promise<boolean> {
  const state = await readOwnManifest(context);
  const { etag, manifestSeq } = readIdentity(context.db)!;
  if (state === "foreign") throw new IdentityCloned();
  if (state === "arrived") {
    await publishArrived(context, etag!);
    return true;
  }
  // Gone, though it was published before: never write into what only looks like our vault.
  if (etag === undefined && manifestSeq > 1) await requireVault(context);
  return false;
}
