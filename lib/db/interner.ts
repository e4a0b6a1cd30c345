import type { Database } from "./open.ts";

/**
 * Gives the long names of a vault their small numbers, and remembers them for the length of one
 * transaction (another process may change the rows after that).
 */
export class Interner {
  readonly #db: Database;
  readonly #nodes = new Map<string, number>();
  readonly #sessions = new Map<string, number>();
  readonly #directories = new Map<string, number>();
  readonly #commands = new Map<string, number>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** The number of a node, made where it is new. */
  node(nodeId: string): number {
    return this.#number(
      this.#nodes,
      nodeId,
      "SELECT id FROM node WHERE node_id = ?",
      "INSERT INTO node (node_id) VALUES (?)",
    );
  }

  /** The number of a session, made where it is new. */
  session(sessionId: string): number {
    return this.#number(
      this.#sessions,
      sessionId,
      "SELECT id FROM session WHERE session_id = ?",
      "INSERT INTO session (session_id) VALUES (?)",
    );
  }

  /** The number of a directory, made where it is new. */
  directory(path: string): number {
    return this.#number(
      this.#directories,
      path,
      "SELECT id FROM directory WHERE path = ?",
      "INSERT INTO directory (path) VALUES (?)",
    );
  }

  /** The number of a command text, made where it is new; a digest that comes along is kept. */
  command(cmd: string, digest?: string): number {
    const known = this.#commands.get(cmd);
    const id = known ?? this.#findCommand(cmd) ?? this.#addCommand(cmd);
    if (known === undefined) this.#commands.set(cmd, id);
    if (digest !== undefined) {
      this.#db.run("UPDATE command SET digest = ? WHERE id = ? AND digest IS NULL", digest, id);
    }
    return id;
  }

  /** Forgets the number of a text whose row may be gone. */
  drop(cmd: string): void {
    this.#commands.delete(cmd);
  }

  /** Forgets all numbers: what gave them out was rolled back. */
  clear(): void {
    for (const cache of [this.#nodes, this.#sessions, this.#directories, this.#commands]) {
      cache.clear();
    }
  }

  #findCommand(cmd: string): number | undefined {
    const row = this.#db.get<{ id: number }>(
      "SELECT id FROM command WHERE hash = ? AND cmd = ?",
      textHash(cmd),
      cmd,
    );
    return row?.id;
  }

  #addCommand(cmd: string): number {
    return this.#db.insert("INSERT INTO command (hash, cmd) VALUES (?, ?)", textHash(cmd), cmd)!;
  }

  #number(cache: Map<string, number>, name: string, find: string, add: string): number {
    let id = cache.get(name);
    if (id === undefined) {
      id = this.#db.get<{ id: number }>(find, name)?.id ?? this.#db.insert(add, name)!;
      cache.set(name, id);
    }
    return id;
  }
}

/**
 * 53 bits of a text by two 32-bit multiplicative hashes (the constants are those of MurmurHash3's
 * finaliser). It only narrows a look-up; the text itself decides.
 */
export function textHash(text: string): number {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x85ebca6b);
    b = Math.imul(b ^ unit, 0xc2b2ae35);
  }
  a = Math.imul(a ^ (a >>> 16), 0xc2b2ae35) ^ (b >>> 15);
  b = Math.imul(b ^ (b >>> 13), 0x85ebca6b) ^ (a >>> 16);
  return (b & 0x1fffff) * 0x100000000 + (a >>> 0);
}
