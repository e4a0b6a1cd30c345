/**
 * Addresses and signatures of S3 requests. aws4fetch signs; it sends nothing.
 *
 * @module
 */
import { AwsV4Signer } from "aws4fetch";
import type { Credentials } from "./credentials.ts";
import type { S3Location } from "./uri.ts";

/** A request before it is signed. */
export interface Unsigned {
  method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Key in the bucket; absent = the bucket itself. */
  key?: string;
  query?: readonly (readonly [string, string])[];
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the body in hex, where the caller knows it already. */
  sha256?: string;
}

/** What a signature hangs on beside the request. */
export interface SigningContext {
  location: S3Location;
  credentials: Credentials;
  /** The time to sign with, in milliseconds since 1970. */
  now: number;
  /** Derived keys by day; may be kept as long as the process. */
  cache?: Map<string, ArrayBuffer>;
}

/** A request ready to send. */
export interface Signed {
  url: string;
  headers: Headers;
}

/** One path segment or query word: what `encodeURIComponent` leaves but signers do not. */
export function encodeWord(word: string): string {
  return encodeURIComponent(word).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The URL of a key, or of the bucket, with a query. */
export function urlOf(
  location: S3Location,
  key: string | undefined,
  query: readonly (readonly [string, string])[] = [],
): string {
  const path = key === undefined ? "" : key.split("/").map(encodeWord).join("/");
  const search = query.map(([name, value]) => `${encodeWord(name)}=${encodeWord(value)}`).join("&");
  const url = `${baseOf(location)}/${path}`;
  return search === "" ? url : `${url}?${search}`;
}

function baseOf({ endpoint, region, bucket, pathStyle }: S3Location): string {
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const server = endpoint ?? `https://s3.${region}.${domain}`;
  return pathStyle ? `${server}/${bucket}` : server.replace("://", `://${bucket}.`);
}

/** SHA-256 of nothing (FIPS 180-4): most requests have no body, and a digest takes as long as a GET. */
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Signs a request. The payload's real hash goes along, so the server checks what arrives. */
export async function sign(request: Unsigned, context: SigningContext): Promise<Signed> {
  const { credentials } = context;
  const signer = new AwsV4Signer({
    method: request.method,
    url: urlOf(context.location, request.key, request.query),
    headers: {
      ...request.headers,
      "x-amz-content-sha256": await payloadHash(request),
    },
    accessKeyId: credentials.accessKeyId,
    secretAccessKey: credentials.secretAccessKey,
    ...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
    service: "s3",
    region: context.location.region,
    datetime: new Date(context.now).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    ...(context.cache === undefined ? {} : { cache: context.cache }),
  });
  const { url, headers } = await signer.sign();
  // Unsigned, since proxies change it: a compressed answer would not be the object's bytes.
  headers.set("accept-encoding", "identity");
  return { url: url.href, headers };
}

async function payloadHash({ sha256, body }: Unsigned): Promise<string> {
  if (sha256 !== undefined) return sha256;
  return body === undefined ? EMPTY_SHA256 : await hexDigest(body);
}

/** The SHA-256 of bytes, in hex. */
export async function hexDigest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
