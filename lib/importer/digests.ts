/**
 * Digests of command texts. Whether a line of a shell's file was forgotten is told by its digest, and
 * the database insists on that (format, sections 6 and 9).
 */
import { forgetDigest, type VaultKeys } from "../crypto/mod.ts";
import {
  type Database,
  nodesWithForgottenLines,
  setDigest,
  textsWithoutDigest,
} from "../db/mod.ts";

/** Digests of command texts, by text. */
export type Digests = ReadonlyMap<string, string>;

/**
 * Runs `work` in a transaction with every needed digest in place.
 *
 * WebCrypto is asynchronous and SQLite is not, so digests are made before the transaction. Where
 * another process brings new texts in between, the transaction does nothing and this starts over.
 *
 * @param keys of the vault; without one nothing can have been forgotten by digest
 * @param needed the texts that need a digest, asked again inside the transaction
 */
export async function withDigests<T>(
  db: Database,
  keys: VaultKeys | undefined,
  needed: () => string[],
  work: (digests: Digests) => T,
): Promise<T> {
  const digests = new Map<string, string>();
  for (;;) {
    for (const text of keys ? needed() : []) {
      if (!digests.has(text)) digests.set(text, await forgetDigest(keys!, text));
    }
    const done = db.transaction(() => {
      if (keys && !needed().every((text) => digests.has(text))) return undefined;
      for (const [text, digest] of digests) setDigest(db, text, digest);
      return { result: work(digests) };
    });
    if (done) return done.result;
  }
}

/** The texts in the database that need a digest when lines of these nodes can be forgotten. */
export function storedTexts(db: Database, nodes: Iterable<string>): string[] {
  return [...nodes].flatMap((node) => textsWithoutDigest(db, node));
}

/** Those of `events` whose digest decides whether they may come in. */
export function incomingTexts(
  events: readonly { node_id: string; cmd: string }[],
  nodes: ReadonlySet<string>,
): string[] {
  return events.filter((event) => nodes.has(event.node_id)).map((event) => event.cmd);
}

/** Nodes with forgotten lines, and those that `more` names. */
export function forgottenNodes(db: Database, more: Iterable<string> = []): Set<string> {
  return new Set([...nodesWithForgottenLines(db), ...more]);
}
