/**
 * Stores in S3 buckets: URIs, credentials, and the store itself.
 *
 * @module
 */
export { caCertsFromEnv } from "./ca.ts";
export { createS3Fetch, type Fetch, type S3Fetch } from "./clients.ts";
export { type ChainOptions, credentialsChain } from "./credentials/chain.ts";
export { environmentSource, firstOf } from "./credentials.ts";
export type { Credentials, CredentialsProvider, CredentialsSource } from "./credentials.ts";
export type { Sleep } from "./retry.ts";
export type { TransportOptions } from "./call.ts";
export type { Timer } from "./deadline.ts";
export { type Findings, S3Store, type S3StoreOptions } from "./s3_store.ts";
export { completeStoreOptions, formatStoreUri, parseStoreUri, storeOptionsFromEnv } from "./uri.ts";
export type { FolderLocation, S3Location, StoreLocation, StoreUriOptions } from "./uri.ts";
export type { ClearUploadsOptions } from "./writer.ts";
