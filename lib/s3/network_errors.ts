/**
 * What a failure of `fetch` means: Deno throws a `TypeError`, and tells the reason only in words.
 *
 * @module
 */
import { type Category, HxError } from "../errors.ts";
import type { RetryClass } from "./conditions.ts";
import { Failure, type Purpose, wordsOf } from "./errors.ts";

interface NetworkCondition {
  pattern: RegExp;
  found: string;
  category: Category;
  retry: RetryClass;
  hint: string;
}

const NO: RetryClass = { attempts: 1 };
const TWICE_MORE: RetryClass = { attempts: 3 };
const YES: RetryClass = { attempts: 8 };

/** The first row whose pattern is found counts; the texts are those of Deno 2.6 to 2.9. */
const NETWORK_CONDITIONS: readonly NetworkCondition[] = [
  {
    pattern: /requests to port \d+ are blocked/,
    found: "that port is one that Deno never talks to",
    category: "config",
    retry: NO,
    hint: "let the storage listen on another port",
  },
  {
    pattern: /requires net access/,
    found: "this program may not use the network",
    category: "config",
    retry: NO,
    hint: "run it with --allow-net",
  },
  {
    pattern: /proxy authentication required/,
    found: "the proxy wants a user name and password",
    category: "config",
    retry: NO,
    hint: "put them into HTTP_PROXY or HTTPS_PROXY",
  },
  {
    pattern: /unsuccessful tunnel/,
    found: "the proxy does not let it through",
    category: "network",
    retry: TWICE_MORE,
    hint: "check HTTPS_PROXY and NO_PROXY",
  },
  {
    pattern: /certificate.*(expired|not ?valid ?yet)/,
    found: "the server's certificate is not valid at this time",
    category: "config",
    retry: NO,
    hint: "check this machine's clock; else the server needs a new certificate",
  },
  {
    pattern: /handshake eof/,
    found: "the connection was closed before it was encrypted",
    category: "network",
    retry: TWICE_MORE,
    hint: "is it http or https? else check the network and the proxy",
  },
  {
    pattern: /invalidcontenttype|corrupt message|invalid http version/,
    found: "the two ends speak different protocols",
    category: "config",
    retry: NO,
    hint: "is it http or https?",
  },
  {
    pattern: /certificate|tls|handshake/,
    found: "no trusted encrypted connection",
    category: "config",
    retry: NO,
    hint: "set AWS_CA_BUNDLE to a file with the CA's certificate; or is it http, not https?",
  },
  {
    pattern: /dns error|failed to lookup/,
    found: "the host name is not known",
    category: "network",
    retry: TWICE_MORE,
    hint: "check the endpoint, the network and the VPN",
  },
  {
    pattern: /timed out|timeout/,
    found: "no answer in time",
    category: "timeout",
    retry: YES,
    hint: "the link is slow; try again, or raise --timeout",
  },
  {
    pattern: /connection refused|tcp connect error/,
    found: "nothing answers there",
    category: "network",
    retry: TWICE_MORE,
    hint: "check the endpoint, the network and the VPN",
  },
];

const RESET: NetworkCondition = {
  pattern: /./,
  found: "the connection broke",
  category: "network",
  retry: YES,
  hint: "check the network; it is safe to run again",
};

/** The failure that an exception of `fetch`, or of a body it gave, means. */
export function networkFailureOf(purpose: Purpose, cause: unknown): Failure {
  const text = reasonOf(cause);
  const condition = NETWORK_CONDITIONS.find(({ pattern }) => pattern.test(text)) ?? RESET;
  const message = `${wordsOf(purpose)}: ${condition.found}`;
  const error = new HxError(condition.category, message, { hint: condition.hint, cause });
  return new Failure(error, condition.retry);
}

/** The innermost text, without the URL in it: the words of a host name or a key would mislead. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return reasonOf(error.cause);
  return error.message.replace(/\(?https?:\/\/\S+/g, "").toLowerCase();
}
