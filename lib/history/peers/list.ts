/**
 * The tools whose histories hx reads.
 *
 * @module
 */
import { ATUIN } from "./atuin.ts";
import { HISHTORY } from "./hishtory.ts";
import { HISTDB } from "./histdb.ts";
import { HX_GO } from "./hx_go.ts";
import { MCFLY } from "./mcfly.ts";
import type { Peer, PeerName } from "./types.ts";

/** Every tool, by its name. */
export const PEERS: Readonly<Record<PeerName, Peer>> = {
  atuin: ATUIN,
  hishtory: HISHTORY,
  histdb: HISTDB,
  mcfly: MCFLY,
  "hx-go": HX_GO,
};
