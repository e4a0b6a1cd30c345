/**
 * Importing one object of the store: open, check, apply.
 *
 * @module
 */
export * from "./apply.ts";
export * from "./digests.ts";
export * from "./open.ts";
