/**
 * Where another tool keeps its database.
 *
 * @module
 */
import { HxError } from "../../errors.ts";
import type { Peer, Surroundings } from "./types.ts";

/**
 * Finds a tool's own database.
 *
 * @throws {HxError} `not-found` where it has none
 */
export function findPeer(peer: Peer, at: Surroundings): string {
  const places = peer.places(at);
  const found = places.find(isFile);
  if (found !== undefined) return found;
  throw new HxError("not-found", `no database of ${peer.name} was found: ${places.join(", ")}`, {
    hint: `name the file: hx import --from ${peer.name} FILE`,
  });
}

/** Whether there is a file, as far as one may look; opening it will say what is wrong with it. */
function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    return error instanceof Deno.errors.PermissionDenied;
  }
}
