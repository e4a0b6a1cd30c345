/**
 * What the fault proxy does with one client's connection.
 *
 * @module
 */
import { AwsV4Signer } from "aws4fetch";
import type { Delivery, Fault, FaultProxy, Operation } from "./fault_proxy.ts";
import { roundTrip, whileOpen, WireReader, writeAll, writeMessage } from "./http_wire.ts";
import type { WireAnswer, WireRequest } from "./http_wire.ts";
import type { Minio } from "./minio.ts";

/** What all connections of a proxy share. */
export interface ProxyState {
  proxy: FaultProxy;
  minio: Minio;
  /** Connections of both sides, to be closed when the proxy ends. */
  open: Set<Deno.Conn>;
  /** Requests that wait for their answers. */
  inFlight: number;
}

/** Serves request after request until the connection, or a fault, ends it. */
export async function serveConnection(state: ProxyState, client: Deno.Conn): Promise<void> {
  // Else what is written byte by byte would arrive in larger pieces.
  if ("setNoDelay" in client) (client as Deno.TcpConn).setNoDelay();
  const reader = new WireReader(client);
  for (let onConnection = 0;; onConnection++) {
    const head = await reader.head();
    if (head === undefined) return;
    const [method = "", target = ""] = head.first.split(" ");
    const { pathname: path, searchParams: query } = new URL(target, "http://proxy");
    const { headers } = head;
    state.inFlight++;
    const { proxy, inFlight } = state;
    const operation = operationOf(method, query);
    const n = proxy.seen.length;
    const seen = { n, onConnection, inFlight, operation, method, path, query, headers };
    const fault = proxy.choose(seen);
    proxy.seen.push({ ...seen, fault });
    let answer: Prepared | undefined;
    try {
      const request = { method, target, headers, body: new Uint8Array() };
      answer = await prepare(state, reader, request, fault);
    } finally {
      // Before the answer goes out: who has it may send the next request at once.
      state.inFlight--;
    }
    if (answer === undefined) return;
    const goesOn = await deliver(client, method, answer);
    if (answer.delivery && "stallAfter" in answer.delivery) await reader.rest();
    if (!goesOn) return;
  }
}

/** An answer, and how it is to arrive. */
interface Prepared extends WireAnswer {
  delivery?: Delivery;
}

/** Reads the request's body and has it answered; undefined where there is to be no answer. */
async function prepare(
  state: ProxyState,
  reader: WireReader,
  request: WireRequest,
  fault: Fault | undefined,
): Promise<Prepared | undefined> {
  const length = Number(request.headers.get("content-length") ?? 0);
  if (fault?.kind === "reset" && fault.at !== "answer") {
    if (fault.at === "body") await reader.bytes(Math.floor(length / 2));
    return undefined;
  }
  request.body = await reader.bytes(length);
  switch (fault?.kind) {
    case undefined:
      return await forward(state, request);
    case "silence":
      await reader.rest();
      return undefined;
    case "reset":
      await forward(state, request);
      return undefined;
    case "answer":
      return fault.answer;
    case "change": {
      fault.body?.(request.body);
      const { headers, delivery } = fault;
      const changed = headers ? await resigned(state.minio, request, headers) : request;
      const answer = await forward(state, changed);
      return { ...await fault.answer?.(answer) ?? answer, ...(delivery && { delivery }) };
    }
  }
}

async function forward(
  { minio, open }: ProxyState,
  request: WireRequest,
): Promise<WireAnswer> {
  const { hostname, port } = new URL(minio.endpoint);
  const server = await Deno.connect({ hostname, port: Number(port) });
  return await whileOpen(open, server, () => roundTrip(server, request));
}

/** The request with other headers, which the server would not believe to be its sender's. */
async function resigned(
  minio: Minio,
  request: WireRequest,
  change: (headers: Headers) => void,
): Promise<WireRequest> {
  const headers = new Headers(request.headers);
  change(headers);
  const host = headers.get("host")!;
  for (const name of ["authorization", "x-amz-date", "x-amz-security-token", "host"]) {
    headers.delete(name);
  }
  const signed = await new AwsV4Signer({
    method: request.method,
    url: `http://${host}${request.target}`,
    headers,
    accessKeyId: minio.accessKey,
    secretAccessKey: minio.secretKey,
    service: "s3",
    region: "us-east-1",
  }).sign();
  signed.headers.set("host", host);
  return { ...request, headers: signed.headers };
}

/** Sends an answer as far as it is to arrive; false where the connection is over then. */
async function deliver(
  client: Deno.Conn,
  method: string,
  { status, headers: given, body, delivery }: Prepared,
): Promise<boolean> {
  const headers = new Headers(given);
  const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
  if (hasBody) headers.set("content-length", String(body.length));
  const first = `HTTP/1.1 ${status} ${status < 300 ? "OK" : "No"}`;
  const { now, later } = hasBody ? planOf(body, delivery) : planOf(NOTHING);
  await writeMessage(client, first, headers, now);
  for (const byte of later) await writeAll(client, Uint8Array.of(byte));
  return !hasBody || delivery === undefined || "bytewise" in delivery;
}

const NOTHING = new Uint8Array();

/** What of a body goes out at once, and what byte by byte. */
function planOf(
  body: Uint8Array<ArrayBuffer>,
  delivery?: Delivery,
): { now: Uint8Array<ArrayBuffer>; later: Uint8Array<ArrayBuffer> } {
  if (delivery === undefined) return { now: body, later: NOTHING };
  if ("bytewise" in delivery) return { now: NOTHING, later: body };
  const end = "cutAfter" in delivery ? delivery.cutAfter : delivery.stallAfter;
  return { now: body.subarray(0, end), later: NOTHING };
}

function operationOf(method: string, query: URLSearchParams): Operation {
  const ofUpload = query.has("uploadId");
  switch (method) {
    case "HEAD":
      return "head";
    case "PUT":
      return ofUpload ? "upload part" : "put";
    case "POST":
      return ofUpload ? "complete upload" : "create upload";
    case "DELETE":
      return ofUpload ? "abort upload" : "delete";
    default:
      if (query.has("list-type")) return "list";
      if (query.has("uploads")) return "list uploads";
      return ofUpload ? "list parts" : "get";
  }
}
