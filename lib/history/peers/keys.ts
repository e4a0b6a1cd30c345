/**
 * The keys of what came from other tools: the same at every import, on every machine.
 *
 * They follow the rule for lines of shell files (format, section 9): the node is the import node of
 * the host that the record names, and `seq` is made of time, command and count. The session is
 * `UUIDv5(node, TOOL + ":" + the tool's own session)`, and equal pairs are counted within it.
 *
 * @module
 */
import type { EventKey } from "../../format/types.ts";
import { uuid5 } from "../../format/uuid.ts";
import { importNodeId, importSeq } from "../keys.ts";
import { SeenNumbers } from "../seen_numbers.ts";
import type { PeerName } from "./types.ts";

/** Sessions whose ids are at hand; they come close together. */
const CACHED = 4096;

/** A session and its recorder. */
export type PeerSession = Pick<EventKey, "node_id" | "session_id">;

/** Gives the records of ONE database their keys, in its order. */
export class PeerKeys {
  readonly #tool: PeerName;
  readonly #nodes = new Map<string, string>();
  readonly #sessions = new Map<string, PeerSession>();
  readonly #seen = new SeenNumbers();
  readonly #counts = new Map<number, number>();

  /** Starts on a database. */
  constructor(tool: PeerName) {
    this.#tool = tool;
  }

  /** The ids of a session, by the host and the tool's own name of it. */
  async session(host: string, session: string): Promise<PeerSession> {
    const name = `${host}\0${session}`;
    let ids = this.#sessions.get(name);
    if (ids === undefined) {
      const node_id = await this.#node(host);
      ids = { node_id, session_id: await uuid5(node_id, `${this.#tool}:${session}`) };
      if (this.#sessions.size >= CACHED) this.#sessions.clear();
      this.#sessions.set(name, ids);
    }
    return ids;
  }

  /** The `seq` of the session's next event; `cmd` as it is stored. */
  seq({ session_id }: PeerSession, started_at: number, cmd: string): number {
    const first = importSeq(started_at, cmd, 1);
    const pair = sum(first, Number(`0x${session_id.slice(-12)}`) * 32);
    if (this.#seen.add(pair)) return first;
    const n = (this.#counts.get(pair) ?? 1) + 1;
    this.#counts.set(pair, n);
    return importSeq(started_at, cmd, n);
  }

  async #node(host: string): Promise<string> {
    let node = this.#nodes.get(host);
    if (node === undefined) {
      node = await importNodeId(host);
      if (this.#nodes.size >= CACHED) this.#nodes.clear();
      this.#nodes.set(host, node);
    }
    return node;
  }
}

/** Sum modulo 2^53, of numbers below it: no step of it is beyond what a number holds. */
function sum(a: number, b: number): number {
  const room = 2 ** 53 - a;
  return b < room ? a + b : b - room;
}
