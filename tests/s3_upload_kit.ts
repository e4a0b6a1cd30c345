/** Uploads to a real MinIO that can be broken off as by a crash, and a journal that survives it. */
import assert from "node:assert/strict";
import { createS3Fetch, parseStoreUri, S3Store, type S3StoreOptions } from "../lib/s3/mod.ts";
import { Meter, type OpenUpload, sleep, type UploadJournal } from "../lib/store/mod.ts";
import type { Minio } from "./minio.ts";

/** A journal in memory that also remembers in which order it was told. */
export class MemoryJournal implements UploadJournal {
  readonly told: string[] = [];
  readonly uploads = new Map<string, OpenUpload>();

  begun(upload: Omit<OpenUpload, "parts">): void {
    this.told.push("begun");
    this.uploads.set(upload.uploadId, { ...upload, parts: [] });
  }

  sent(uploadId: string, part: OpenUpload["parts"][number]): void {
    this.told.push(`sent ${part.number}`);
    this.uploads.get(uploadId)!.parts.push(part);
  }

  ended(uploadId: string): void {
    this.told.push("ended");
    this.uploads.delete(uploadId);
  }

  open(): OpenUpload[] {
    return structuredClone([...this.uploads.values()]);
  }
}

/** What a request of an upload is. */
export type UploadStep = "create" | "part" | "complete" | "abort" | "parts" | "other";

/** Which step of an upload a request is. */
export function stepOf(url: URL, method: string | undefined): UploadStep {
  const has = (name: string) => url.searchParams.has(name);
  if (has("uploads")) return method === "POST" ? "create" : "other";
  if (!has("uploadId")) return "other";
  if (has("partNumber")) return "part";
  if (method === "POST") return "complete";
  return method === "DELETE" ? "abort" : "parts";
}

/** Sees every request before it goes out; may answer it, or throw as a network does. */
export type Intercept = (
  step: UploadStep,
  url: URL,
) => Response | void | Promise<Response | void>;

/** A bucket of a MinIO, with stores at its prefix `p`. */
export class UploadRig {
  readonly journal = new MemoryJournal();
  readonly #fetch = createS3Fetch();

  private constructor(readonly minio: Minio, readonly bucket: string) {}

  static async make(minio: Minio): Promise<UploadRig> {
    return new UploadRig(minio, await minio.newBucket());
  }

  /** A store with the journal. */
  open(
    intercept: Intercept = () => {},
    options: Partial<S3StoreOptions> = {},
  ): { store: S3Store; meter: Meter; steps: UploadStep[] } {
    const { endpoint, accessKey: accessKeyId, secretKey: secretAccessKey } = this.minio;
    const location = parseStoreUri(`s3+endpoint://${this.bucket}/p`, { endpoint });
    assert.ok(location.kind === "s3");
    const steps: UploadStep[] = [];
    const send = async (url: string, init: RequestInit) => {
      const step = stepOf(new URL(url), init.method);
      steps.push(step);
      return await intercept(step, new URL(url)) ?? await this.#fetch.fresh(url, init);
    };
    const meter = new Meter();
    const store = new S3Store({
      location,
      credentials: () => Promise.resolve({ accessKeyId, secretAccessKey }),
      fetch: { pooled: send, fresh: send, close() {} },
      clock: Date.now,
      random: () => 0,
      sleep: (_, signal) => sleep(0, signal),
      timeoutMs: 20_000,
      observer: meter,
      journal: this.journal,
      ...options,
    });
    return { store, meter, steps };
  }

  /** Uploads until the part `last` is there, and dies: nothing reaches the server any more. */
  async crash(key: string, body: ReadableStream<Uint8Array>, last: number): Promise<void> {
    let isDead = false;
    const sent = () => this.journal.open().find((upload) => upload.key === key)?.parts.length ?? 0;
    const { store } = this.open(async (step, url) => {
      const isBeyond = step === "part" && Number(url.searchParams.get("partNumber")) > last;
      while (isBeyond && sent() < last) await new Promise((resolve) => setTimeout(resolve, 1));
      isDead ||= isBeyond;
      if (isDead) throw new TypeError("error sending request");
    });
    await assert.rejects(store.putAtomic(key, body));
  }

  /** The multipart uploads that the bucket still holds parts of, as the server tells. */
  async openUploads(): Promise<number> {
    const response = await this.minio.request("GET", `/${this.bucket}/?uploads`);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return text.split("<Upload>").length - 1;
  }

  /** Aborts an upload behind everyone's back. */
  async abort(key: string, uploadId: string): Promise<void> {
    const path = `/${this.bucket}/p/${key}?uploadId=${encodeURIComponent(uploadId)}`;
    const response = await this.minio.request("DELETE", path);
    assert.equal(response.status, 204, await response.text());
  }

  close(): void {
    this.#fetch.close();
  }
}
