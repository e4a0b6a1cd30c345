/**
 * A proxy in front of a real S3 server that breaks chosen requests in a chosen way. It works on the
 * bare connection, so that it can break off anywhere; `Host` is passed on as it came, so that
 * signatures stay valid.
 *
 * @module
 */
import { serveConnection } from "./fault_serving.ts";
import { close, whileOpen, type WireAnswer } from "./http_wire.ts";
import type { Minio } from "./minio.ts";

/** What becomes of an answer's bytes on their way to the client, after so many of its body. */
export type Delivery = { cutAfter: number } | { stallAfter: number } | { bytewise: true };

/** What becomes of a request. */
export type Fault =
  /** The connection breaks: with nothing read of the body, in its middle, or with it all stored. */
  | { kind: "reset"; at: "head" | "body" | "answer" }
  /** Nobody ever answers. */
  | { kind: "silence" }
  /** The proxy answers by itself; the server hears nothing of it. */
  | { kind: "answer"; answer: WireAnswer }
  /** The server answers; request, answer, or the way it arrives are changed. */
  | {
    kind: "change";
    /** Changes the headers, and signs anew. */
    headers?: (headers: Headers) => void;
    /** Changes the body, under the old signature. */
    body?: (body: Uint8Array<ArrayBuffer>) => void;
    answer?: (answer: WireAnswer) => WireAnswer | Promise<WireAnswer>;
    delivery?: Delivery;
  };

/** What S3 calls a request, more or less. */
export type Operation =
  | "list"
  | "get"
  | "head"
  | "put"
  | "delete"
  | "create upload"
  | "upload part"
  | "complete upload"
  | "abort upload"
  | "list parts"
  | "list uploads";

/** A request, as the one who chooses its fate sees it. */
export interface SeenRequest {
  /** How many requests came before. */
  n: number;
  /** How many came before over the same connection. */
  onConnection: number;
  /** Requests under way when it came, itself among them. */
  inFlight: number;
  operation: Operation;
  method: string;
  /** The path as sent. */
  path: string;
  query: URLSearchParams;
  headers: Headers;
}

/** Chooses what becomes of a request; undefined = it is passed on as it is. */
export type Choose = (request: SeenRequest) => Fault | undefined;

/** A running proxy. */
export interface FaultProxy extends AsyncDisposable {
  /** Its URL, without a slash at the end. */
  endpoint: string;
  /** May be changed at any time. */
  choose: Choose;
  /** Every request that came, and what was done to it. */
  seen: (SeenRequest & { fault: Fault | undefined })[];
  /** How many requests of an operation came. */
  count(operation: Operation): number;
  /** Ends it, and every connection that it still holds. */
  stop(): Promise<void>;
}

/** Starts a proxy on a free port; with a key and a certificate (PEM), it speaks TLS. */
export function startFaultProxy(
  minio: Minio,
  choose: Choose = () => undefined,
  tls?: { key: string; cert: string },
): FaultProxy {
  const at = { hostname: "127.0.0.1", port: 0 };
  const listener = tls === undefined ? Deno.listen(at) : Deno.listenTls({ ...at, ...tls });
  const { port } = listener.addr as Deno.NetAddr;
  const open = new Set<Deno.Conn>();
  const serving = new Set<Promise<void>>();
  const proxy: FaultProxy = {
    endpoint: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    choose,
    seen: [],
    count: (operation) => proxy.seen.filter((one) => one.operation === operation).length,
    async stop() {
      listener.close();
      for (const connection of open) close(connection);
      await accepting;
      await Promise.all(serving);
    },
    [Symbol.asyncDispose]: () => proxy.stop(),
  };
  const state = { proxy, minio, open, inFlight: 0 };
  const accepting = (async () => {
    for await (const connection of listener) {
      const one = whileOpen(open, connection, () => serveConnection(state, connection))
        .catch(() => {}) // broken connections are what this is for
        .finally(() => serving.delete(one));
      serving.add(one);
    }
  })();
  return proxy;
}
