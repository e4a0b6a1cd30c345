/**
 * Stores in S3 buckets: URIs, credentials, and the store itself.
 *
 * @module
 */
export { createS3Fetch, type Fetch, type S3Fetch } from "./clients.ts";
export { environmentSource, firstOf } from "./credentials.ts";
export type { Credentials, CredentialsProvider, CredentialsSource } from "./credentials.ts";
export type { Sleep } from "./retry.ts";
export { S3Store, type S3StoreOptions } from "./s3_store.ts";
export type { TransportOptions } from "./transport.ts";
export { formatStoreUri, parseStoreUri, storeOptionsFromEnv } from "./uri.ts";
export type { FolderLocation, S3Location, StoreLocation, StoreUriOptions } from "./uri.ts";
