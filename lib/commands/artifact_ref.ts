/**
 * Where the contents of artifacts lie on this device, and how people name them: by their hash, or its
 * beginning.
 *
 * @module
 */
import { join } from "node:path";
import { LocalBlobs } from "../blobs/mod.ts";
import { type Blob, blobsWithPrefix, type Database } from "../db/mod.ts";
import { HxError } from "../errors.ts";
import type { App } from "./app.ts";

/** As much of a hash as is shown. */
export const SHOWN_HASH = 12;

/** So many candidates of an ambiguous beginning are listed. */
const CANDIDATES = 10;

/** The contents on this device. */
export function blobsOf(app: Pick<App, "dataDir">): LocalBlobs {
  return new LocalBlobs(join(app.dataDir, "blobs"));
}

/**
 * The content whose hash begins with `text`.
 *
 * @throws {HxError} `usage` where it is no hash or several begin so, `not-found`
 */
export function resolveBlob(db: Database, text: string): Blob {
  if (!/^[0-9a-f]{1,64}$/i.test(text)) {
    throw new HxError("usage", `'${text}' is not the hash of an artifact, nor its beginning`, HINT);
  }
  const found = blobsWithPrefix(db, text.toLowerCase());
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new HxError("not-found", `there is no artifact ${text}`, HINT);
  const listed = found.slice(0, CANDIDATES).map(({ hash }) => hash).join(", ");
  throw new HxError("usage", `${found.length} artifacts begin with ${text}: ${listed}`, {
    hint: "say more of the hash",
  });
}

const HINT = { hint: "`hx artifact list` shows them" };
