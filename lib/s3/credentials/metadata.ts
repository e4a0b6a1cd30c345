/**
 * Questions to a server beside this machine, which hands out the credentials of its role.
 *
 * @module
 */
import { asHxError, HxError, isCategory } from "../../errors.ts";
import { collect, sleep as realSleep } from "../../store/mod.ts";
import { MAX_ANSWER_BYTES } from "./answer.ts";
import { within } from "./within.ts";

/** What such a server answered. */
export interface MetadataAnswer {
  /** The HTTP status. */
  status: number;
  /** The body. */
  text: string;
}

/** Sends one request; never follows a redirect, which would take the token with it. */
export type MetadataFetch = (url: URL, init: RequestInit) => Promise<MetadataAnswer>;

/** How to ask. */
export interface MetadataOptions {
  /** Sends a request. @default {@link directFetch} */
  fetch?: MetadataFetch;
  /** Waits so many milliseconds between tries. */
  sleep?: (milliseconds: number) => Promise<void>;
  /** How long one try may take, in milliseconds. @default 1000 */
  timeoutMs?: number;
}

const TIMEOUT_MS = 1000;
const TRIES = 2;
const PAUSE_MS = 100;

/** A `http:` request goes to that host itself: a proxy is another machine, with another role. */
export async function directFetch(url: URL, init: RequestInit): Promise<MetadataAnswer> {
  const hostname = url.hostname;
  const port = Number(url.port || 80);
  const client = url.protocol === "http:"
    ? Deno.createHttpClient({ proxy: { transport: "tcp", hostname, port } })
    : Deno.createHttpClient({});
  try {
    const { status, body } = await fetch(url, { ...init, redirect: "manual", client });
    const signal = init.signal ?? undefined;
    const bytes = body ? await collect(body, { maxBytes: MAX_ANSWER_BYTES, signal }) : undefined;
    return { status, text: new TextDecoder().decode(bytes) };
  } finally {
    client.close();
  }
}

/**
 * The answer to one question, asked again where nobody answered in time or the server was in
 * trouble.
 *
 * @param where who is asked, for error texts, which do not hold the URL: it may have a token in it
 * @throws {HxError} `timeout`, `network`, and `config` for an answer that is too long
 */
export async function askMetadata(
  where: string,
  url: URL,
  init: { method?: string; headers?: Record<string, string> },
  options: MetadataOptions,
): Promise<MetadataAnswer> {
  const { sleep = realSleep } = options;
  for (let attempt = 1;; attempt++) {
    try {
      const answer = await askOnce(where, url, init, options);
      if (answer.status < 500 || attempt === TRIES) return answer;
    } catch (error) {
      if (attempt === TRIES || isCategory(error, "config")) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

async function askOnce(
  where: string,
  url: URL,
  init: RequestInit,
  { fetch = directFetch, timeoutMs = TIMEOUT_MS }: MetadataOptions,
): Promise<MetadataAnswer> {
  try {
    return await within(timeoutMs, (signal) => fetch(url, { ...init, signal }));
  } catch (error) {
    throw failure(where, error);
  }
}

function failure(where: string, error: unknown): HxError {
  if (isCategory(error, "corrupt")) return new HxError("config", `${where} answers too much`);
  if (asHxError(error).category !== "timeout") {
    return new HxError("network", `${where} can't be reached`);
  }
  return new HxError("timeout", `${where} does not answer`);
}
