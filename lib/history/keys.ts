/**
 * The keys of imported lines: the same at every import, on every machine (format, section 9).
 *
 * @module
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { HxError } from "../errors.ts";
import type { EventKey } from "../format/types.ts";
import { uuid5 } from "../format/uuid.ts";
import { SeenNumbers } from "./seen_numbers.ts";
import type { HistoryLine, Shell } from "./types.ts";

/** The namespace of import identities (format, section 9). */
const IMPORTS = "c0de5a11-5e1f-5a1d-9b1e-2f0a7d3c9e51";
/** Limit of a host name in a session record, in bytes of UTF-8 (format, section 6). */
const MAX_LABEL_BYTES = 16 * 1024;

const encoder = new TextEncoder();

/** Whose import it is. */
export interface ImportSource {
  /** The host's name, as it was fixed at the first import. */
  label: string;
  /** The shell whose file it is. */
  shell: Shell;
}

/** The node that records what is imported under a label. */
export async function importNodeId(label: string): Promise<string> {
  return await uuid5(IMPORTS, `import:${label}`);
}

/** The session that all lines of one shell's file belong to. */
export async function importSessionId({ label, shell }: ImportSource): Promise<string> {
  return await uuid5(await importNodeId(label), shell);
}

/**
 * Gives the lines of ONE file their keys, in file order. Holds one number for each different line.
 *
 * @example
 * ```ts
 * import { ImportKeys } from "./keys.ts";
 *
 * const keys = await ImportKeys.of({ label: "laptop", shell: "bash" });
 * console.assert(keys.next({ started_at: 0, cmd: "ls" }).seq === 6218389631810864);
 * ```
 */
export class ImportKeys {
  /** The (time, command) pairs that came, by their `seq` at n = 1. */
  readonly #seen = new SeenNumbers();
  /** How often those came that came more than once. */
  readonly #counts = new Map<number, number>();
  readonly #nodeId: string;
  readonly #sessionId: string;

  private constructor(nodeId: string, sessionId: string) {
    this.#nodeId = nodeId;
    this.#sessionId = sessionId;
  }

  /**
   * Starts on a file.
   *
   * @throws {HxError} `usage` where the label can't be used
   */
  static async of(source: ImportSource): Promise<ImportKeys> {
    checkLabel(source.label);
    return new ImportKeys(await importNodeId(source.label), await importSessionId(source));
  }

  /** The key of the next line; `cmd` as it is stored. */
  next({ started_at, cmd }: Pick<HistoryLine, "started_at" | "cmd">): EventKey {
    const first = importSeq(started_at, cmd, 1);
    const seq = this.#seen.add(first) ? first : importSeq(started_at, cmd, this.#again(first));
    return { node_id: this.#nodeId, session_id: this.#sessionId, seq };
  }

  /** Which one of its equals a pair is that came before. */
  #again(first: number): number {
    const n = (this.#counts.get(first) ?? 1) + 1;
    this.#counts.set(first, n);
    return n;
  }
}

/**
 * The `seq` of the n-th of the equal lines of a file: the first 53 bits of SHA-256 over the
 * canonical JSON `[started_at, cmd, n]`.
 *
 * `JSON.stringify` makes that JSON as it is: RFC 8785 takes its rules for numbers and strings from
 * ECMAScript, an array keeps its order, and a lone surrogate can't come out of decoded UTF-8.
 *
 * @param started_at Unix seconds; 0 = the file has no time, null in the JSON
 * @param n counts equal pairs within the file, from 1
 */
export function importSeq(started_at: number, cmd: string, n: number): number {
  const time = started_at === 0 ? null : started_at;
  const hash = sha256(encoder.encode(JSON.stringify([time, cmd, n])));
  // The u64 shifted right by 11, in halves: no BigInt for each of a million lines.
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0] = hash;
  const high = a * 0x1000000 + (b << 16 | c << 8 | d);
  return high * 0x200000 + (e << 13 | f << 5 | g >>> 3);
}

/**
 * Refuses a label that no session record could hold as its host.
 *
 * @throws {HxError} `usage`
 */
export function checkLabel(label: string): void {
  const bad = label === "" || /[\0\p{Cs}]/u.test(label);
  if (bad || encoder.encode(label).length > MAX_LABEL_BYTES) {
    throw new HxError("usage", "importing history: the host label can't be used", {
      hint: "give a short name of this host with --host",
    });
  }
}
