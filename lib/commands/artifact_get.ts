/**
 * `hx artifact get`: writes a content to a file, or to standard output.
 *
 * @module
 */
import { basename, dirname, join } from "node:path";
import { placeFile, writeNewFile } from "../blobs/mod.ts";
import { type Blob, type Database, listArtifacts } from "../db/mod.ts";
import { HxError, isCategory } from "../errors.ts";
import { blobRange, checkedCopy, openBlob, twice } from "../sync/mod.ts";
import { bytes, printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, StoreOptions } from "./app.ts";
import { blobsOf, resolveBlob, SHOWN_HASH } from "./artifact_ref.ts";
import { parseRange, type Range } from "./byte_range.ts";
import { type Device, readDevice } from "./device.ts";
import { withSync } from "./session.ts";

/** What `hx artifact get` takes. */
export interface GetOptions extends StoreOptions {
  /** Hash or beginning of one. */
  hash: string;
  /** A file, or `-`. */
  output?: string;
  /** `A:B`. */
  range?: string;
}

/** A content, as often as it is asked for. */
type Source = () => AsyncIterable<Uint8Array>;

/** What is wanted, and where it is to go. */
interface Wanted {
  blob: Blob;
  /** Not all of it. */
  range: Range | undefined;
  /** The file; undefined = standard output. */
  target: string | undefined;
}

/** Writes the content. */
export async function runGet(app: App, ui: Ui, options: GetOptions): Promise<number> {
  using device = readDevice(app);
  const blob = resolveBlob(device.db, options.hash);
  const wanted: Wanted = {
    blob,
    range: options.range === undefined ? undefined : parseRange(options.range, blob.size),
    target: options.output === "-" ? undefined : await targetOf(device.db, blob, options.output),
  };
  if (!await fromCopy(app, ui, wanted, device)) {
    await withSync(app, ui, device, options, async (context) => {
      const { range } = wanted;
      await write(app, ui, wanted, async function* () {
        if (range) yield* blobRange(context, blob, range.start, range.stop);
        else yield* await openBlob(context, blob);
      });
    });
  }
  if (wanted.target === undefined) return 0;
  const size = wanted.range ? wanted.range.stop - wanted.range.start : blob.size;
  await ui.summary(`wrote ${bytes(size)} to ${printable(wanted.target)}`);
  return 0;
}

/** Writes this device's copy, if there is a good one. */
async function fromCopy(
  app: App,
  ui: Ui,
  wanted: Wanted,
  { db }: Device,
): Promise<boolean> {
  const { blob: { hash, size }, range, target } = wanted;
  const blobs = blobsOf(app);
  if (blobs.size(hash) !== size) return false;
  const { signal } = app;
  try {
    await write(
      app,
      ui,
      wanted,
      () => range ? blobs.read(hash, range) : checkedCopy({ db, signal }, blobs, hash),
    );
    return true;
  } catch (error) {
    // What went to standard output can't be taken back.
    if (!isCategory(error, "hash-mismatch") || target === undefined) throw error;
    ui.warn(error.message, "it is fetched from the store instead");
    return false;
  }
}

async function write(app: App, ui: Ui, wanted: Wanted, source: Source): Promise<void> {
  const { blob, range, target } = wanted;
  const total = range ? range.stop - range.start : blob.size;
  const chunks = async function* () {
    let done = 0;
    for await (const chunk of source()) {
      ui.progress("fetching", done += chunk.length, total, "bytes");
      yield chunk;
    }
  };
  if (target === undefined) {
    for await (const chunk of chunks()) await app.stdout.write(chunk);
  } else if (await isDevice(target)) {
    await writeInto(target, chunks());
  } else {
    await twice(() => writeFile(app, target, chunks()));
  }
}

async function writeFile(
  app: App,
  target: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  const doing = `writing ${printable(target)}`;
  const temp = join(dirname(target), `.${crypto.randomUUID()}.hx-part`);
  await writeNewFile(temp, chunks, { doing, signal: app.signal });
  placeFile(temp, target, doing);
}

/** What is there and no file (a pipe, `/dev/null`) is written to, never replaced. */
async function isDevice(path: string): Promise<boolean> {
  try {
    return !(await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

async function writeInto(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  using file = await Deno.open(path, { write: true });
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
  }
}

/**
 * The file to write. A link is followed; in a folder the file gets the artifact's own name, and never
 * replaces another one there.
 *
 * @throws {HxError} `usage` where that name is taken
 */
async function targetOf(db: Database, blob: Blob, output: string | undefined): Promise<string> {
  if (output !== undefined && !await isFolder(output)) {
    return await Deno.realPath(output).catch(() => output);
  }
  const target = join(output ?? ".", ownName(db, blob));
  if (!await isThere(target)) return target;
  throw new HxError("usage", `${printable(target)} is there already`, {
    hint: "say where to with -o FILE, which replaces a file",
  });
}

/** The last part of its newest record's name: names come from other devices, and may be anything. */
function ownName(db: Database, { hash }: Blob): string {
  const record = listArtifacts(db).findLast((row) => row.blob_hash === hash)!;
  const name = basename(record.name);
  // deno-lint-ignore no-control-regex
  const isGood = name !== "" && !/^\.{1,2}$|[\x00-\x1f\x7f/\\]/.test(name);
  return isGood ? name : hash.slice(0, SHOWN_HASH);
}

async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
