/** Looking at the contents of artifacts in the store, each read to its end in bounded memory. */
import { blobId, openStream } from "../crypto/mod.ts";
import { allBlobs, type Blob, blobUse, type Database, isDeadArtifact } from "../db/mod.ts";
import { asHxError, HxError, isCategory } from "../errors.ts";
import { keyOf, storedLimit } from "../format/mod.ts";
import type { ArtifactRecord } from "../format/types.ts";
import type { StoreEntry } from "../store/mod.ts";
import { twice } from "./blob_pull.ts";
import type { SyncContext } from "./context.ts";
import { fetchAhead } from "./fetch_ahead.ts";
import { isObjectFailure } from "./numbered.ts";
import type { Finding } from "./survey.ts";

/** Up to here many are read at once, in stored bytes. */
const SMALL_BYTES = 1 << 20;
const SMALL_AT_ONCE = 8;

/** What deflate gives at most for a byte: bounds a content that no record describes. */
const MAX_INFLATION = 1032;

/** A content that records describe. */
interface Described {
  blob: Blob;
  /** What they say that its size is, in bytes. */
  sizes: Set<number>;
  /** One of them lives, so the store has to have it. */
  isNeeded: boolean;
}

/** The records of artifacts that a survey comes across, by the hash of their content. */
export class Artifacts {
  readonly #byHash = new Map<string, { ids: string[]; sizes: Set<number> }>();

  /** Notes the records of a segment. */
  note({ opened }: Finding): void {
    if (opened?.kind !== "segment") return;
    for (const record of opened.payload.artifacts ?? []) this.#add(record);
  }

  #add({ artifact_id, blob_hash, byte_len }: ArtifactRecord): void {
    const known = this.#byHash.get(blob_hash) ?? { ids: [], sizes: new Set() };
    known.ids.push(artifact_id);
    known.sizes.add(byte_len);
    this.#byHash.set(blob_hash, known);
  }

  /** All contents that these records, or those of the database, describe. */
  *described(db: Database): Generator<Described> {
    const here = new Map(allBlobs(db).map((blob) => [blob.hash, blob]));
    for (const hash of new Set([...this.#byHash.keys(), ...here.keys()])) {
      const { ids, sizes } = this.#byHash.get(hash) ?? { ids: [], sizes: new Set<number>() };
      const size = here.get(hash)?.size;
      if (size !== undefined) sizes.add(size);
      yield {
        blob: { hash, size: Math.max(...sizes) },
        sizes,
        isNeeded: blobUse(db, hash) === "published" || ids.some((id) => !isDeadArtifact(db, id)),
      };
    }
  }
}

/** Yields a finding for each blob that is listed, and for each that should be. */
export async function* surveyBlobs(
  context: SyncContext,
  listed: ReadonlyMap<string, StoreEntry>,
  artifacts: Artifacts,
): AsyncGenerator<Finding> {
  const byId = new Map<string, Described>();
  for (const described of artifacts.described(context.db)) {
    byId.set(await blobId(context.keys, described.blob.hash), described);
  }
  const { signal } = context;
  const isSmall = ([, entry]: [string, StoreEntry]) => entry.size <= SMALL_BYTES;
  const call = ([id, entry]: [string, StoreEntry], signal: AbortSignal) =>
    check({ ...context, signal }, id, entry, byId.get(id));
  const small = [...listed].filter(isSmall);
  const large = [...listed].filter((one) => !isSmall(one));
  yield* fetchAhead(small, { limit: SMALL_AT_ONCE, signal, call });
  yield* fetchAhead(large, { limit: 1, signal, call });
  for (const [id, { blob, isNeeded }] of byId) {
    if (!isNeeded || listed.has(id)) continue;
    const key = keyOf({ type: "blob", vaultId: context.keys.vaultId, blobId: id });
    const finding: Finding = { kind: "blob", key, named: true, blob };
    yield await isThere(context, key) ? finding : { ...finding, problem: "missing" };
  }
}

async function isThere({ store, signal }: SyncContext, key: string): Promise<boolean> {
  try {
    await store.head(key, { signal });
    return true;
  } catch (error) {
    if (isCategory(error, "not-found")) return false;
    throw error;
  }
}

async function check(
  context: SyncContext,
  id: string,
  { key, size }: StoreEntry,
  described: Described | undefined,
): Promise<Finding> {
  const { vaultId } = context.keys;
  const finding: Finding = {
    kind: "blob",
    key,
    named: described !== undefined,
    ...(described && { blob: described.blob }),
  };
  const maxPlain = described?.blob.size ?? size * MAX_INFLATION;
  try {
    const name = { type: "blob", vaultId, blobId: id } as const;
    const found = await twice(() => readThrough(context, name, maxPlain));
    if (!described || described.sizes.has(found)) return finding;
    const message = `${key} holds ${found} bytes, and its record says ${described.blob.size}`;
    throw new HxError("corrupt", message);
  } catch (error) {
    const { category, message } = asHxError(error);
    if (category === "not-found") {
      return finding.named ? { ...finding, problem: "missing" } : finding;
    }
    if (!isObjectFailure(error)) throw error;
    return { ...finding, problem: category, message };
  }
}

/** Reads a content to its end, which checks it; gives its size in bytes. */
async function readThrough(
  { store, keys, signal }: SyncContext,
  name: { type: "blob"; vaultId: string; blobId: string },
  maxPlain: number,
): Promise<number> {
  const maxBytes = storedLimit("blob", maxPlain);
  const { body } = await store.get(keyOf(name), { maxBytes, signal });
  const opened = await openStream(body, name, keys, { maxPlain });
  let size = 0;
  for await (const chunk of opened.body) size += chunk.length;
  return size;
}
