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
  const decode = textOf(root, "EncodingType") === "url" ? decodeKey : (text: string) => text;
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
 * The upload id of an InitiateMultipartUploadResult.
 *
 * @throws {HxError} `server`
 */
export function parseUploadId(xml: string): string {
  const id = textOf(rootOf(xml, "InitiateMultipartUploadResult"), "UploadId");
  if (!id) throw bad("a multipart upload without an id");
  return id;
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

function rootOf(xml: string, name: string): XmlElement {
  let root: XmlElement | null;
  try {
    root = parseXml(xml.trim()).root;
  } catch (cause) {
    throw bad("XML that is cut or malformed", cause);
  }
  if (root?.name !== name) throw bad(`no ${name}`);
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
