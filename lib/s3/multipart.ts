/**
 * Multipart uploads: objects larger than one part, in bounded memory, visible whole or not at all.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import type { UploadedPart } from "../store/mod.ts";
import { Crew } from "./crew.ts";
import { isRefusal } from "./errors.ts";
import { MAX_PARTS, type PartReader } from "./parts.ts";
import { hexDigest } from "./signing.ts";
import type { Transport } from "./transport.ts";
import { abortUpload, completeUpload, createUpload, putPart } from "./upload_requests.ts";
import type { Part, UploadName } from "./upload_requests.ts";
import type { ListedPart } from "./xml.ts";

/** Parts on their way while the next one is read, as long as they are small. */
const PARALLEL = 3;

/** What parts may take of memory: those on their way and the one being read; at least two. */
const MEMORY_BYTES = 64 * 1024 * 1024;

/** Told what becomes of an upload. */
export interface UploadRecord {
  begun(uploadId: string): void;
  sent(uploadId: string, part: UploadedPart): void;
  ended(uploadId: string): void;
}

/** What a run that died has left of the same upload. */
export interface EarlierUpload {
  /** Absent where the storage does not have it any more. */
  uploadId?: string;
  /** The parts that went out, by number. */
  known: ReadonlyMap<number, UploadedPart>;
  /** The parts that the storage has, by number. */
  there: ReadonlyMap<number, ListedPart>;
}

/** What {@link uploadParts} sends. */
export interface Upload {
  /** Key in the bucket. */
  key: string;
  /** The parts read already; they are taken out as they are sent. */
  first: Uint8Array<ArrayBuffer>[];
  /** What follows them. */
  parts: PartReader;
  /** `if-match` or `if-none-match`, for the last step. */
  conditions: Readonly<Record<string, string>>;
  /** Told what becomes of it. */
  record?: UploadRecord;
  /** To go on with. */
  earlier?: EarlierUpload | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Uploads all parts and completes the object. Whatever goes wrong, the parts are removed again: by
 * us, or where that fails too, by whoever reads the record.
 *
 * @throws {HxError} as the transport; `config` where there are too many parts; `conflict` where a
 * part differs from what went out before; {@link LostUpload}
 */
export async function uploadParts(transport: Transport, upload: Upload): Promise<void> {
  const { key, record, signal, earlier } = upload;
  const uploadId = earlier?.uploadId ?? await createUpload(transport, key, signal);
  if (earlier?.uploadId === undefined) record?.begun(uploadId);
  const name = { key, uploadId };
  try {
    const sent = await sendParts(transport, name, upload);
    await complete(transport, name, sent, upload);
  } catch (error) {
    if (!(error instanceof LostUpload)) await giveUp(transport, name, upload);
    else record?.ended(uploadId);
    throw error;
  }
  record?.ended(uploadId);
}

/** Somebody waits for the end: giving up must not take long then. */
export const HURRY_MS = 10_000;

/** Aborts an upload, if it can; not stopped by the signal: it is what cleans up after that. */
export async function giveUp(
  transport: Transport,
  name: UploadName,
  { record, signal }: Pick<Upload, "record" | "signal">,
): Promise<void> {
  try {
    await abortUpload(transport, name, signal?.aborted ? { timeoutMs: HURRY_MS } : {});
    record?.ended(name.uploadId);
  } catch {
    // It stays on record; the error that led here matters more.
  }
}

/** What went out. */
interface Sent {
  etags: string[];
  /** Bytes in all. */
  size: number;
}

/** The upload was gone before its time: perhaps an earlier try did complete it. */
export class LostUpload extends HxError {
  /** What was uploaded. */
  readonly sent: Sent;
  /** Its completion was asked for before, and the answer lost; otherwise it is not there for sure. */
  readonly perhapsDone: boolean;

  constructor(cause: HxError, sent: Sent, perhapsDone: boolean) {
    super("server", `the upload is gone before its end: ${cause.message}`, {
      hint: "someone else may have given it up; it is safe to run again",
      cause,
    });
    this.sent = sent;
    this.perhapsDone = perhapsDone;
  }
}

/** Sends some parts while the next one is read. */
async function sendParts(transport: Transport, name: UploadName, upload: Upload): Promise<Sent> {
  const { parts, first, record, earlier } = upload;
  const crew = new Crew(parallelOf(parts.partBytes), upload.signal);
  const sent: Sent = { etags: [], size: 0 };
  try {
    for (let number = 1;; number++) {
      const body = first.shift() ?? await parts.next(crew.signal);
      if (body === undefined) break;
      if (number > MAX_PARTS) throw parts.tooLarge();
      const sha256 = await hexDigest(body);
      sent.size += body.length;
      const there = compared({ number, body, sha256 }, earlier);
      sent.etags.push(there ?? "");
      if (there === undefined) {
        await crew.start(async () => {
          const etag = await putPart(transport, name, { number, body, sha256 }, crew.signal);
          record?.sent(name.uploadId, { number, etag, sha256 });
          sent.etags[number - 1] = etag;
          parts.recycle(body);
        });
      } else parts.recycle(body);
    }
    const last = Math.max(0, ...earlier?.known.keys() ?? []);
    if (last > sent.etags.length) throw differs(last);
  } catch (error) {
    crew.fail(error);
  }
  await crew.finish().catch((error) => {
    throw isRefusal(error, "NoSuchUpload") ? new LostUpload(error, sent, false) : error;
  });
  return sent;
}

function parallelOf(partBytes: number): number {
  return Math.max(1, Math.min(PARALLEL, Math.floor(MEMORY_BYTES / partBytes) - 1));
}

/** The ETag of a part that need not be sent, since it is there; undefined for the others. */
function compared(part: Part, earlier: EarlierUpload | undefined): string | undefined {
  const known = earlier?.known.get(part.number);
  if (known === undefined) return undefined;
  if (known.sha256 !== part.sha256) throw differs(part.number);
  const there = earlier?.there.get(part.number);
  const isThere = there?.size === part.body.length && unquoted(there.etag) === unquoted(known.etag);
  return isThere ? known.etag : undefined;
}

/** Some servers quote the ETags of parts in one answer and not in the other. */
function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/, "$1");
}

function differs(number: number): HxError {
  return new HxError("conflict", `part ${number} of the upload differs from what was sent before`, {
    hint: "the source has changed meanwhile: it has to be sealed anew",
  });
}

async function complete(
  transport: Transport,
  name: UploadName,
  sent: Sent,
  { conditions, signal }: Upload,
): Promise<void> {
  let tries = 0;
  const onTry = () => void tries++;
  try {
    await completeUpload(transport, name, { ...sent, conditions, onTry }, signal);
  } catch (error) {
    if (isRefusal(error, "NoSuchUpload")) throw new LostUpload(error, sent, tries > 1);
    throw error;
  }
}
