/**
 * The faults that networks, proxies and S3 servers are known for, ready for the fault proxy.
 *
 * @module
 */
import type { Choose, Delivery, Fault, Operation, SeenRequest } from "./fault_proxy.ts";
import type { WireAnswer } from "./http_wire.ts";

/** The connection breaks before the body is read. */
export const resetBefore: Fault = { kind: "reset", at: "head" };
/** The connection breaks in the middle of the request's body. */
export const resetDuring: Fault = { kind: "reset", at: "body" };
/** The request is carried out, and the connection breaks before the answer. */
export const lostAnswer: Fault = { kind: "reset", at: "answer" };
/** Nobody ever answers. */
export const blackHole: Fault = { kind: "silence" };

/** The answer's body breaks off. */
export function cutAfter(bytes: number): Fault {
  return delivered({ cutAfter: bytes });
}

/** The answer's body does not go on, and the connection stays. */
export function stallAfter(bytes: number): Fault {
  return delivered({ stallAfter: bytes });
}

/** The answer's body comes byte by byte. */
export const dripped: Fault = delivered({ bytewise: true });

function delivered(delivery: Delivery): Fault {
  return { kind: "change", delivery };
}

/** One bit of the answer's body is another one; from the end where `at` is negative. */
export function flippedAt(at: number): Fault {
  return {
    kind: "change",
    answer(answer) {
      flip(answer.body, at);
      return answer;
    },
  };
}

/** One bit of the request's body is another one. */
export const flippedRequest: Fault = { kind: "change", body: (body) => flip(body, 0) };

function flip(bytes: Uint8Array, at: number): void {
  if (bytes.length > 0) bytes[at < 0 ? bytes.length + at : at]! ^= 1;
}

/** The server never hears of a header; where the client has not sent it, nothing is changed. */
export function without(header: string, { headers }: SeenRequest): Fault | undefined {
  if (!headers.has(header)) return undefined;
  return { kind: "change", headers: (sent) => sent.delete(header) };
}

/** The answer has a header's value changed. */
export function withHeader(name: string, value: string): Fault {
  return {
    kind: "change",
    answer(answer) {
      answer.headers.set(name, value);
      return answer;
    },
  };
}

/** The answer's body is text made from its text. */
export function rewritten(rewrite: (text: string) => string): Fault {
  return {
    kind: "change",
    answer(answer) {
      const text = rewrite(new TextDecoder().decode(answer.body));
      return { ...answer, body: new TextEncoder().encode(text) };
    },
  };
}

/** A proxy compresses the answer, whatever was asked for. */
export const gzipped: Fault = {
  kind: "change",
  async answer(answer) {
    const stream = new Blob([answer.body]).stream().pipeThrough(new CompressionStream("gzip"));
    const headers = new Headers(answer.headers);
    headers.set("content-encoding", "gzip");
    return { ...answer, headers, body: await new Response(stream).bytes() };
  },
};

/** An S3 error, as servers send it. */
export function refusal(
  status: number,
  code: string,
  headers: Record<string, string> = {},
  more = "",
): Fault {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code>` +
    `<Message>no</Message>${more}</Error>`;
  return answered(status, text, { "content-type": "application/xml", ...headers });
}

/** What a gateway or a captive portal says. */
export function html(status: number): Fault {
  const text = `<!DOCTYPE html><html><head><title>${status}</title></head><body><br></body></html>`;
  return answered(status, text, { "content-type": "text/html" });
}

/** An answer of the proxy's own. */
export function answered(
  status: number,
  text: string,
  headers: Record<string, string> = {},
): Fault {
  const answer: WireAnswer = {
    status,
    headers: new Headers(headers),
    body: new TextEncoder().encode(text),
  };
  return { kind: "answer", answer };
}

/** MinIO's way to ask for less load. */
export const slowDown: Fault = refusal(503, "SlowDown", { "retry-after": "60" });

/** The fault for the first requests of an operation; the others pass. */
export function first(operation: Operation, ...faults: readonly (Fault | undefined)[]): Choose {
  let count = 0;
  return (request) => request.operation === operation ? faults[count++] : undefined;
}

/** The fault for every request of some operations. */
export function every(fault: Fault, ...operations: readonly Operation[]): Choose {
  return ({ operation }) => operations.includes(operation) ? fault : undefined;
}

/** Whether a request takes up a body again where it broke. */
export function isResume({ operation, headers }: SeenRequest): boolean {
  return operation === "get" && headers.has("range");
}
