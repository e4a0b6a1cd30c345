/**
 * How a manifest stands to what was accepted before (format, section 8, step 7). A bad answer is
 * reported and never obeyed: what the manifest names is known to exist all the same.
 */

/** What is remembered of the newest accepted manifest of a node. */
export interface Accepted {
  /** Its `manifest_seq`. */
  manifestSeq: number;
  /** SHA-256 of the decrypted payload. */
  digest: string;
}

/** How an authentic manifest stands to the accepted one. */
export type Freshness = "newer" | "same" | "rollback" | "equivocation";

/** Compares a manifest with the newest accepted one of its node. */
export function freshness(accepted: Accepted | undefined, found: Accepted): Freshness {
  if (!accepted || found.manifestSeq > accepted.manifestSeq) return "newer";
  if (found.manifestSeq < accepted.manifestSeq) return "rollback";
  return found.digest === accepted.digest ? "same" : "equivocation";
}

/** What a node is known by: the number accepted, and the numbers that it says it has seen. */
export interface Witness {
  /** Its `manifest_seq`. */
  manifestSeq: number;
  /** What it says it has accepted, by node. */
  observed: Record<string, number>;
}

/**
 * The nodes of which another has seen a newer manifest than was accepted here (0: none was).
 *
 * @returns by node, the highest number that another claims
 */
export function staleNodes(
  accepted: ReadonlyMap<string, Witness>,
  self: string,
): Map<string, number> {
  const claims = new Map<string, number>();
  for (const [witness, { observed }] of accepted) {
    for (const [node, seq] of Object.entries(observed)) {
      // What a node says of itself, and what others say of us, is no witness.
      if (node === witness || node === self) continue;
      if (seq > (accepted.get(node)?.manifestSeq ?? 0) && seq > (claims.get(node) ?? 0)) {
        claims.set(node, seq);
      }
    }
  }
  return claims;
}
