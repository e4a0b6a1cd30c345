/**
 * The XML that S3 answers with, read strictly: a document that is cut anywhere is an error.
 *
 * @module
 */
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { HxError } from "../errors.ts";

/** One page of ListObjectsV2; keys are decoded, and still those of the bucket. */
export interface ListAnswer {
  entries: { key: string; size: number; etag: string }[];
  continuation?: string;
}

/** A part in a listing. */
export interface ListedPart {
  /** From 1. */
  number: number;
  /** As the listing has it, with its quotes or without. */
  etag: string;
  size: number;
}

/** An upload in a listing; the key is decoded, and still that of the bucket. */
export interface ListedUpload {
  key: string;
  uploadId: string;
  /** When it was begun by the server's clock, in milliseconds since 1970; undefined = not told. */
  begunAt: number | undefined;
}

/** An `<Error>` document. */
export interface ErrorAnswer {
  code: string;
  /** The region that the bucket is in, where the error tells. */
  region?: string;
}

/**
 * Reads a ListBucketResult.
 *
 * @throws {HxError} `server` where it is not whole and sound
 */
export function parseListAnswer(xml: string): ListAnswer {
  const root = rootOf(xml, "ListBucketResult");
  const decode = decoderOf(root);
  const entries = childrenOf(root, "Contents").map((item) => {
    const key = textOf(item, "Key");
    const etag = textOf(item, "ETag");
    const size = Number(textOf(item, "Size") || NaN);
    if (!key || !etag || !Number.isSafeInteger(size) || size < 0) throw bad("an incomplete entry");
    return { key: decode(key), size, etag };
  });
  if (textOf(root, "IsTruncated") !== "true") return { entries };
  const continuation = textOf(root, "NextContinuationToken");
  if (!continuation) throw bad("a page cut off without a token for the next");
  return { entries, continuation };
}

/**
 * The upload id of an InitiateMultipartUploadResult, which rclone calls InitiateMultipartUpload.
 *
 * @throws {HxError} `server`
 */
export function parseUploadId(xml: string): string {
  const root = rootOf(xml, "InitiateMultipartUploadResult", "InitiateMultipartUpload");
  const id = textOf(root, "UploadId");
  if (!id) throw bad("a multipart upload without an id");
  return id;
}

/**
 * Reads a ListPartsResult; `next` is the marker of the page that follows.
 *
 * @throws {HxError} `server`
 */
export function parsePartsAnswer(xml: string): { parts: ListedPart[]; next?: string } {
  const root = rootOf(xml, "ListPartsResult");
  const parts = childrenOf(root, "Part").map((item) => {
    const number = Number(textOf(item, "PartNumber") || NaN);
    const etag = textOf(item, "ETag");
    const size = Number(textOf(item, "Size") || NaN);
    if (!Number.isSafeInteger(number) || !etag || !Number.isSafeInteger(size)) {
      throw bad("an incomplete part");
    }
    return { number, etag, size };
  });
  if (textOf(root, "IsTruncated") !== "true") return { parts };
  const next = textOf(root, "NextPartNumberMarker");
  if (!next) throw bad("a page of parts cut off without a marker for the next");
  return { parts, next };
}

/**
 * Reads a ListMultipartUploadsResult; `next` is what the request for the page that follows says.
 *
 * @throws {HxError} `server`
 */
export function parseUploadsAnswer(
  xml: string,
): { uploads: ListedUpload[]; next?: [string, string][] } {
  const root = rootOf(xml, "ListMultipartUploadsResult");
  const decode = decoderOf(root);
  const uploads = childrenOf(root, "Upload").map((item) => {
    const key = textOf(item, "Key");
    const uploadId = textOf(item, "UploadId");
    if (!key || !uploadId) throw bad("an incomplete upload");
    const begunAt = Date.parse(textOf(item, "Initiated") ?? "");
    return { key: decode(key), uploadId, begunAt: Number.isNaN(begunAt) ? undefined : begunAt };
  });
  if (textOf(root, "IsTruncated") !== "true") return { uploads };
  const key = textOf(root, "NextKeyMarker");
  if (!key) throw bad("a page of uploads cut off without a marker for the next");
  const uploadId = textOf(root, "NextUploadIdMarker");
  const next: [string, string][] = [["key-marker", decode(key)]];
  if (uploadId) next.push(["upload-id-marker", uploadId]);
  return { uploads, next };
}

/**
 * Reads the answer to CompleteMultipartUpload, which may be an error in spite of its status 200.
 *
 * @throws {HxError} `server` where it is neither
 */
export function parseCompleteAnswer(xml: string): ErrorAnswer | undefined {
  const error = parseErrorAnswer(xml);
  if (error === undefined) rootOf(xml, "CompleteMultipartUploadResult");
  return error;
}

/** Reads an `<Error>`; undefined where the body is something else: HTML, JSON, nothing. */
export function parseErrorAnswer(body: string): ErrorAnswer | undefined {
  let root: XmlElement | null;
  try {
    root = parseXml(body.trim()).root;
  } catch {
    return undefined;
  }
  if (root?.name !== "Error") return undefined;
  const code = textOf(root, "Code") ?? "";
  if (!/^[A-Za-z0-9.]{1,80}$/.test(code)) return undefined;
  const region = textOf(root, "Region");
  return region ? { code, region } : { code };
}

/** The body of a CompleteMultipartUpload request; part numbers count from 1. */
export function completeBody(etags: readonly string[]): string {
  const parts = etags.map((etag, index) =>
    `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escape(etag)}</ETag></Part>`
  );
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${
    parts.join("")
  }</CompleteMultipartUpload>`;
}

function rootOf(xml: string, ...names: [string, ...string[]]): XmlElement {
  let root: XmlElement | null;
  try {
    root = parseXml(xml.trim()).root;
  } catch (cause) {
    throw bad("XML that is cut or malformed", cause);
  }
  if (root === null || !names.includes(root.name)) throw bad(`no ${names[0]}`);
  return root;
}

function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child): child is XmlElement =>
    child instanceof XmlElement && child.name === name
  );
}

function textOf(element: XmlElement, name: string): string | undefined {
  return childrenOf(element, name)[0]?.text;
}

/** Some servers ignore the wish for encoded keys: the answer tells. */
function decoderOf(root: XmlElement): (text: string) => string {
  return textOf(root, "EncodingType") === "url" ? decodeKey : (text) => text;
}

/** With `encoding-type=url` a `+` is a space. */
function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (cause) {
    throw bad("a key that does not decode", cause);
  }
}

function escape(text: string): string {
  return text.replace(/[<>&"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function bad(found: string, cause?: unknown): HxError {
  return new HxError("server", `the storage answered with ${found}`, {
    hint: "is the endpoint an S3 server? otherwise try again",
    ...(cause === undefined ? {} : { cause }),
  });
}
