/**
 * HTTP/1.1 on bare connections, as far as a proxy needs it that must be able to break it anywhere.
 *
 * @module
 */

import { concat } from "../lib/store/streams.ts";

/** A request as it came over the wire. */
export interface WireRequest {
  method: string;
  /** Path and query, as sent. */
  target: string;
  headers: Headers;
  body: Uint8Array<ArrayBuffer>;
}

/** An answer, its body whole. */
export interface WireAnswer {
  status: number;
  headers: Headers;
  body: Uint8Array<ArrayBuffer>;
}

/** Reads heads and bodies from a connection. */
export class WireReader {
  readonly #connection: Deno.Conn;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** The first line and the headers; undefined where the connection ends before. */
  async head(): Promise<{ first: string; headers: Headers } | undefined> {
    for (;;) {
      const end = indexOfBlankLine(this.#buffer);
      if (end >= 0) {
        const text = new TextDecoder("latin1").decode(this.#buffer.subarray(0, end));
        this.#buffer = this.#buffer.slice(end + 4);
        const [first = "", ...lines] = text.split("\r\n");
        const headers = lines.map((line): [string, string] => {
          const colon = line.indexOf(":");
          return [line.slice(0, colon), line.slice(colon + 1).trim()];
        });
        return { first, headers: new Headers(headers) };
      }
      if (!await this.#fill()) return undefined;
    }
  }

  /** Exactly `length` bytes, or fewer where the connection ends before. */
  async bytes(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    const taken = this.#buffer.subarray(0, length);
    bytes.set(taken);
    this.#buffer = this.#buffer.slice(taken.length);
    for (let at = taken.length; at < length;) {
      const read = await this.#connection.read(bytes.subarray(at));
      if (read === null) return bytes.slice(0, at);
      at += read;
    }
    return bytes;
  }

  /** A body sent in chunks. */
  async chunks(): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for (;;) {
      while (!this.#buffer.includes(10) && await this.#fill());
      const end = this.#buffer.indexOf(10) + 1;
      const size = parseInt(new TextDecoder().decode(this.#buffer.subarray(0, end)), 16);
      this.#buffer = this.#buffer.slice(end);
      if (!(size > 0)) return concat(chunks, chunks.reduce((sum, { length }) => sum + length, 0));
      chunks.push(await this.bytes(size));
      await this.bytes(2);
    }
  }

  /** All bytes up to the end of the connection. */
  async rest(): Promise<Uint8Array<ArrayBuffer>> {
    while (await this.#fill());
    return this.#buffer;
  }

  async #fill(): Promise<boolean> {
    const chunk = new Uint8Array(65_536);
    const read = await this.#connection.read(chunk);
    if (read === null) return false;
    const joined = new Uint8Array(this.#buffer.length + read);
    joined.set(this.#buffer);
    joined.set(chunk.subarray(0, read), this.#buffer.length);
    this.#buffer = joined;
    return true;
  }
}

function indexOfBlankLine(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}

/** Writes all of it. */
export async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Writes a first line, headers and body at once: in two writes, TCP would wait between them. */
export async function writeMessage(
  connection: Deno.Conn,
  first: string,
  headers: Headers,
  body: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `${first}\r\n${lines.join("")}\r\n`;
  const head = Uint8Array.from(text, (character) => character.charCodeAt(0));
  await writeAll(connection, concat([head, body], head.length + body.length));
}

/** Sends a request over a connection of its own and reads the answer. */
export async function roundTrip(
  connection: Deno.Conn,
  { method, target, headers, body }: WireRequest,
): Promise<WireAnswer> {
  const sending = (async () => {
    await writeMessage(connection, `${method} ${target} HTTP/1.1`, headers, body);
  })().catch(() => {}); // it may answer without reading; the answer counts
  const reader = new WireReader(connection);
  const head = await reader.head();
  if (head === undefined) throw new Error("the server answered nothing");
  const status = Number(head.first.split(" ")[1]);
  const answer = await bodyOf(reader, method, status, head.headers);
  await sending;
  for (const name of ["transfer-encoding", "connection"]) head.headers.delete(name);
  return { status, headers: head.headers, body: answer };
}

async function bodyOf(
  reader: WireReader,
  method: string,
  status: number,
  headers: Headers,
): Promise<Uint8Array<ArrayBuffer>> {
  if (method === "HEAD" || status === 204 || status === 304) return new Uint8Array();
  const length = headers.get("content-length");
  if (length !== null) return await reader.bytes(Number(length));
  return headers.has("transfer-encoding") ? await reader.chunks() : await reader.rest();
}

/** Works with a connection that is closed after it; until then it is among those that are open. */
export async function whileOpen<T>(
  open: Set<Deno.Conn>,
  connection: Deno.Conn,
  work: () => Promise<T>,
): Promise<T> {
  open.add(connection);
  try {
    return await work();
  } finally {
    open.delete(connection);
    close(connection);
  }
}

/** Closes a connection that may be closed already. */
export function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}
