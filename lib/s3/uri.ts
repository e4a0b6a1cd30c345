/**
 * Store URIs as people type them, and what they mean.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { checkKey } from "../store/mod.ts";

/** Where an S3 store's objects lie. */
export interface S3Location {
  /** Tells it from the other stores. */
  kind: "s3";
  /** The bucket's name. */
  bucket: string;
  /** Key prefix without a slash at either end; empty = the whole bucket. */
  prefix: string;
  /** The region to sign for. */
  region: string;
  /** `http:` or `https:` URL of a server that is not AWS, without a slash at the end. */
  endpoint?: string;
  /** The bucket is in the path, not in the host name. */
  pathStyle: boolean;
  /** Name of the AWS profile to take credentials from. */
  profile?: string;
}

/** Where a folder store's objects lie. */
export interface FolderLocation {
  /** Tells it from the other stores. */
  kind: "folder";
  /** Absolute path. */
  path: string;
}

/** What a store URI and its options mean. */
export type StoreLocation = S3Location | FolderLocation;

/** The options that belong to a store URI. */
export interface StoreUriOptions {
  /** AWS region. */
  region?: string;
  /** URL of a server that is not AWS. */
  endpoint?: string;
  /** Bucket in the path. @default true for an endpoint and for names with dots */
  pathStyle?: boolean;
  /** AWS profile. */
  profile?: string;
}

const FORMS =
  "s3://BUCKET/PREFIX --region R · s3+endpoint://BUCKET/PREFIX --endpoint URL · folder:/PATH";

/**
 * What a store URI means. The prefix is taken as typed: nothing in it is decoded.
 *
 * @throws {HxError} `usage`, showing the three forms
 */
export function parseStoreUri(text: string, options: StoreUriOptions = {}): StoreLocation {
  if (text.startsWith("folder:")) return parseFolder(text);
  const match = /^(s3|s3\+endpoint):\/\/([^/]*)(?:\/(.*))?$/s.exec(text);
  if (match === null) throw usage("this is no store");
  const [, scheme, bucket = "", rest = ""] = match;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket) || bucket.includes("..")) {
    throw usage("the store's bucket name is not one that S3 has");
  }
  const prefix = parsePrefix(rest);
  const endpoint = options.endpoint === undefined ? undefined : parseEndpoint(options.endpoint);
  if (scheme === "s3+endpoint" && endpoint === undefined) {
    throw usage("an s3+endpoint store needs --endpoint URL");
  }
  const region = options.region ?? (endpoint === undefined ? undefined : "us-east-1");
  if (region === undefined) {
    throw usage("an s3 store needs --region R (or AWS_REGION, or a profile's)");
  }
  if (!/^[A-Za-z0-9-]+$/.test(region)) throw usage("this is no region");
  return {
    kind: "s3",
    bucket,
    prefix,
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    pathStyle: options.pathStyle ?? (endpoint !== undefined || bucket.includes(".")),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
  };
}

/** The URI of a location, as a user would type it; it holds no secret. */
export function formatStoreUri(location: StoreLocation): string {
  if (location.kind === "folder") return `folder:${location.path}`;
  const scheme = location.endpoint === undefined ? "s3" : "s3+endpoint";
  return `${scheme}://${location.bucket}${location.prefix === "" ? "" : `/${location.prefix}`}`;
}

/**
 * The options, completed from the environment as the AWS tools do.
 *
 * @param env reads one variable
 */
export function storeOptionsFromEnv(
  options: StoreUriOptions,
  env: (name: string) => string | undefined,
): StoreUriOptions {
  const region = options.region ?? (env("AWS_REGION") || env("AWS_DEFAULT_REGION"));
  const endpoint = options.endpoint ?? (env("AWS_ENDPOINT_URL_S3") || env("AWS_ENDPOINT_URL"));
  return {
    ...options,
    ...(region ? { region } : {}),
    ...(endpoint ? { endpoint } : {}),
  };
}

/**
 * The options, completed from the environment, and then from the AWS profile: that of the options,
 * of `AWS_PROFILE`, or the default one.
 *
 * @param env reads one variable
 * @throws {HxError} `config` where a named profile is not there, or AWS's files can't be read
 */
export async function completeStoreOptions(
  options: StoreUriOptions,
  env: (name: string) => string | undefined,
): Promise<StoreUriOptions> {
  const own = storeOptionsFromEnv(options, env);
  if (own.region !== undefined && own.endpoint !== undefined) return own;
  const { readProfile } = await import("./credentials/profile_files.ts");
  const profile = await readProfile(env, options.profile);
  const region = own.region ?? profile?.get("region");
  const endpoint = own.endpoint ?? profile?.services.get("s3.endpoint_url") ??
    profile?.get("endpoint_url");
  return { ...own, ...(region ? { region } : {}), ...(endpoint ? { endpoint } : {}) };
}

function parseFolder(text: string): FolderLocation {
  const path = text.slice("folder:".length);
  if (!path.startsWith("/") || path.includes("\0")) {
    throw usage("a folder store needs an absolute path");
  }
  return { kind: "folder", path: path.replace(/(?<=.)\/+$/, "") };
}

function parsePrefix(rest: string): string {
  const prefix = rest.length > 1 && rest.endsWith("/") ? rest.slice(0, -1) : rest;
  if (prefix === "") return "";
  try {
    checkKey(prefix);
  } catch (error) {
    throw usage(error instanceof Error ? error.message : "the prefix is no key");
  }
  return prefix;
}

function parseEndpoint(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw usage("the endpoint is no http or https URL");
  }
  if (url.username !== "" || url.password !== "") {
    throw usage("the endpoint holds a user name or password; credentials go elsewhere");
  }
  if (url.search !== "" || url.hash !== "") throw usage("the endpoint has more than a path");
  return url.href.replace(/\/+$/, "");
}

function usage(message: string): HxError {
  return new HxError("usage", message, { hint: `a store is one of: ${FORMS}` });
}
