/**
 * `hx artifact attach`: takes a file in.
 *
 * @module
 */
import { basename } from "node:path";
import { fileChunks } from "../blobs/mod.ts";
import { type Database, eventById, newestOwnEvent } from "../db/mod.ts";
import { HxError } from "../errors.ts";
import type { EventKey } from "../format/types.ts";
import { keepArtifact } from "../sync/mod.ts";
import { bytes, printable } from "../ui/text.ts";
import type { Ui } from "../ui/ui.ts";
import type { App, GlobalOptions } from "./app.ts";
import { blobsOf, SHOWN_HASH } from "./artifact_ref.ts";
import { openDevice } from "./device.ts";
import { resolveEvent } from "./event_ref.ts";
import { mediaTypeOf } from "./media_type.ts";

/** What `hx artifact attach` takes. */
export interface AttachOptions extends GlobalOptions {
  /** The file, or `-`. */
  file: string;
  /** The event. */
  to?: string;
  /** The newest event of this device. */
  last?: boolean;
  name?: string;
}

/** Longest name, in bytes: so many records always fit a segment. */
const MAX_NAME_BYTES = 1024;

/** As much of a content as is looked at to tell its type, in bytes. */
const PEEK_BYTES = 4096;

/** Copies the file, and leaves its record to be published. */
export async function runAttach(app: App, ui: Ui, options: AttachOptions): Promise<number> {
  const { file, to, last = false } = options;
  if (to !== undefined && last) {
    throw new HxError("usage", "--to and --last name two commands; say one of them");
  }
  const name = nameOf(options);
  using device = openDevice(app);
  const { db } = device;
  const event = to !== undefined ? keyOf(db, to) : last ? lastOf(db) : undefined;
  const source = new Watched(file === "-" ? app.stdin.bytes() : fileChunks(file));
  const total = file === "-" ? undefined : sizeOf(file);
  const staged = await blobsOf(app).stage(source, {
    doing: `attaching ${printable(name)}`,
    signal: app.signal,
    onChunk: () => ui.progress("attaching", source.size, total, "bytes"),
  });
  const record = await keepArtifact(db, app.random, staged, {
    ...(event && { event }),
    name,
    media_type: mediaTypeOf(name, source.start),
    created_at: app.clock() / 1000,
  });
  if (options.json) await ui.json(record);
  else {
    const hash = record.blob_hash.slice(0, SHOWN_HASH);
    await ui.summary(`attached ${printable(name)}, ${bytes(record.byte_len)}, as ${hash}`);
  }
  return 0;
}

function nameOf({ file, name }: AttachOptions): string {
  const chosen = name ?? (file === "-" ? "stdin" : basename(file).toWellFormed());
  const length = new TextEncoder().encode(chosen).length;
  if (length > 0 && length <= MAX_NAME_BYTES && !chosen.includes("\0")) return chosen;
  throw new HxError("usage", `an artifact's name has 1 to ${MAX_NAME_BYTES} bytes`, {
    hint: "give it another one with --name",
  });
}

function keyOf(db: Database, text: string): EventKey {
  const { node_id, session_id, seq } = eventById(db, resolveEvent(db, text))!;
  return { node_id, session_id, seq };
}

function lastOf(db: Database): EventKey {
  const event = newestOwnEvent(db);
  if (event) return event;
  throw new HxError("not-found", "the history has no command of this device", {
    hint: "attach it without --last, or `hx import` the history first",
  });
}

function sizeOf(path: string): number | undefined {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile ? size : undefined;
  } catch {
    return undefined; // reading it says what is wrong
  }
}

/** Looks at what passes by. */
class Watched implements AsyncIterable<Uint8Array> {
  /** Bytes so far. */
  size = 0;
  /** The first of them. */
  start: Uint8Array = new Uint8Array();
  readonly #chunks: AsyncIterable<Uint8Array>;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#chunks) {
      if (this.size === 0) this.start = chunk.slice(0, PEEK_BYTES);
      this.size += chunk.length;
      yield chunk;
    }
  }
}
