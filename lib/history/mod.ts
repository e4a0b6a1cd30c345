/**
 * Shell history files -> events: find, open, parse, key.
 *
 * @module
 */

export { detectShell } from "./detect.ts";
export { findHistoryFiles, type FoundFile } from "./find.ts";
export { importEvents, sessionOf } from "./import.ts";
export { ImportKeys, importNodeId, importSeq, importSessionId, type ImportSource } from "./keys.ts";
export { openHistoryFile, type OpenOptions } from "./open.ts";
export { parseHistory } from "./parse.ts";
export type { HistoryLine, Shell } from "./types.ts";
