/**
 * The replication format, without I/O, clock or keys: names, headers, payloads.
 *
 * @module
 */
export * from "./bytes.ts";
export * from "./canonical.ts";
export { corrupt } from "./corrupt.ts";
export * from "./encode.ts";
export * from "./header.ts";
export * from "./limits.ts";
export * from "./names.ts";
export * from "./payload.ts";
export { parseSegment } from "./segment.ts";
export * from "./types.ts";
export * from "./uuid.ts";
