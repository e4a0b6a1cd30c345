/**
 * Histories of other tools -> events: find, open, read, key.
 *
 * @module
 */
export { findPeer } from "./find.ts";
export { peerEvents, type PeerOptions } from "./import.ts";
export { PEERS } from "./list.ts";
export { PeerFile } from "./open.ts";
export type { Peer, PeerBatch, PeerName, PeerRecord, Row, Surroundings } from "./types.ts";
