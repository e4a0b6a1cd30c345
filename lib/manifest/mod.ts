/**
 * Manifests: what each node says it has published, and what of it is missing here.
 *
 * @module
 */
export * from "./codec.ts";
export * from "./cursor.ts";
export * from "./freshness.ts";
