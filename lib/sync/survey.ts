/**
 * Looks at every object of a vault, whether or not it is here already: each is read, opened and checked.
 * Nothing is changed, here or there.
 */
import { asHxError, isCategory } from "../errors.ts";
import { keyOf } from "../format/mod.ts";
import type { Blob } from "../db/mod.ts";
import type { NumberedObject, OpenedObject } from "../importer/mod.ts";
import type { SyncContext } from "./context.ts";
import { takeInventory } from "./inventory.ts";
import type { ObjectKind, Rejection } from "./report.ts";
import { Artifacts, surveyBlobs } from "./survey_blobs.ts";
import { surveyManifests } from "./survey_manifests.ts";
import { surveyNumbered } from "./survey_numbered.ts";
import { requireVault } from "./vault.ts";

/** What was found out about one object, or about a key that is none's. */
export interface Finding {
  kind: ObjectKind | "vault" | "unknown";
  key: string;
  /** What is wrong with it; absent = nothing. */
  problem?: Rejection;
  /** The same in words, where there are any. */
  message?: string;
  /** A manifest, or of a blob an artifact's record, says that it exists. */
  named: boolean;
  /** Who wrote it, where that is known. */
  nodeId?: string;
  /** The segment or tombstone that it is, where its number is known. */
  object?: NumberedObject;
  /** Its content; absent also for a tombstone that waits for its day. */
  opened?: OpenedObject;
  /** The content that a record describes. */
  blob?: Blob;
  /** So many objects: this one, and others that are missing after it. @default 1 */
  count?: number;
}

/**
 * Looks at the whole vault: the vault itself, manifests, tombstones, segments, blobs, unknown keys.
 *
 * @throws {HxError} what the store fails with, where that is not an object's own failure
 */
export async function* survey(context: SyncContext): AsyncGenerator<Finding> {
  const inventory = await takeInventory(context);
  let done = 0;
  const seen = (finding: Finding) => {
    if (finding.problem !== "missing") done++;
    context.notify({ type: "progress", phase: "verify", done, total: inventory.total });
    return finding;
  };
  yield seen(await surveyVault(context));
  const { findings, cursors } = await surveyManifests(context, inventory.manifests);
  for (const finding of findings) yield seen(finding);
  const artifacts = new Artifacts();
  for (const kind of ["tombstone", "segment"] as const) {
    for await (const finding of surveyNumbered(context, kind, inventory, cursors)) {
      artifacts.note(finding);
      yield seen(finding);
    }
  }
  for await (const finding of surveyBlobs(context, inventory.blobs, artifacts)) yield seen(finding);
  for (const key of inventory.unknown) yield seen({ kind: "unknown", key, named: false });
}

async function surveyVault(context: SyncContext): Promise<Finding> {
  const key = keyOf({ type: "vault", vaultId: context.keys.vaultId });
  const finding: Finding = { kind: "vault", key, named: true };
  try {
    await requireVault(context);
    return finding;
  } catch (error) {
    const { category, message } = asHxError(error);
    if (isCategory(error, "not-found")) return { ...finding, problem: "missing", message };
    if (category !== "auth" && category !== "corrupt") throw error;
    return { ...finding, problem: category, message };
  }
}
