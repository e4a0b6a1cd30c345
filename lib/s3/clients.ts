/**
 * The HTTP clients of the S3 transport. Made by the composition root only.
 *
 * @module
 */

/** A `fetch` as the transport calls it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The two ways to send a request. */
export interface S3Fetch {
  /** Over connections that are kept for a while. */
  pooled: Fetch;
  /**
   * Over a connection of its own. Deno silently repeats a request whose pooled connection dies
   * before the answer; a conditional write repeated that way answers 412 to its own success.
   */
  fresh: Fetch;
  /** Closes the connections. */
  close(): void;
}

/** S3 closes idle connections after 5 s; ours go before that. */
const POOL_IDLE_MS = 4000;

/**
 * Clients of Deno's `fetch`; close them when done.
 *
 * Proxies are the runtime's affair: it heeds `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`,
 * for 127.0.0.1 too; and `DENO_CERT` and `DENO_TLS_CA_STORE` for what to trust.
 *
 * @param caCerts certificates in PEM to trust beside the usual ones, as `caCertsFromEnv` reads them
 */
export function createS3Fetch(caCerts: string[] = []): S3Fetch {
  // One HTTP/2 connection for everything is slower than several of HTTP/1.1.
  const options = { caCerts, http2: false };
  const pool = Deno.createHttpClient({ ...options, poolIdleTimeout: POOL_IDLE_MS });
  const single = Deno.createHttpClient({ ...options, poolMaxIdlePerHost: 0 });
  return {
    pooled: (url, init) => fetch(url, { ...init, ...lentBody(init), client: pool }),
    fresh: (url, init) => fetch(url, { ...init, ...lentBody(init), client: single }),
    close() {
      pool.close();
      single.close();
    },
  };
}

/** Smaller bodies may be copied, in bytes. */
const LENT_BYTES = 1 << 20;

/**
 * The body so that `fetch` reads it where it lies. It keeps a copy of its own, made by `slice()`, which
 * takes memory for it from the array's species (ECMAScript, TypedArraySpeciesCreate): here the array
 * itself. The garbage collector hardly sees such copies, and those of 8 MiB parts pile up to some
 * 70 MiB. Where a runtime copies otherwise it costs that memory and nothing else.
 */
function lentBody({ body }: RequestInit): { body?: Uint8Array<ArrayBuffer> } {
  if (!(body instanceof Uint8Array) || body.length < LENT_BYTES) return {};
  const lent = new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.length);
  const constructor = {
    [Symbol.species]: function () {
      return lent;
    },
  };
  return { body: Object.defineProperty(lent, "constructor", { value: constructor }) };
}
