/**
 * Contents of artifacts as files of this device.
 *
 * @module
 */
export { LocalBlobs, type ReadOptions, type StagedBlob } from "./local.ts";
export { fileChunks } from "./source.ts";
export { placeFile, writeNewFile, type WriteOptions } from "./new_file.ts";
