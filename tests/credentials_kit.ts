/** A home with AWS's files in it, and a server that hands out credentials. */
import { join } from "node:path";
import type { MetadataFetch, MetadataOptions } from "../lib/s3/credentials/metadata.ts";

/** Reads variables that are given here, and no others. */
export function envOf(variables: Record<string, string>): (name: string) => string | undefined {
  return (name) => variables[name];
}

/** A home directory of a test. */
export class AwsHome implements AsyncDisposable {
  private constructor(readonly path: string) {}

  /** A home with these AWS files. */
  static async make(config?: string, credentials?: string): Promise<AwsHome> {
    const home = new AwsHome(await Deno.makeTempDir({ prefix: "hx aws-" }));
    await Deno.mkdir(join(home.path, ".aws"));
    if (config !== undefined) await home.write(".aws/config", config);
    if (credentials !== undefined) await home.write(".aws/credentials", credentials);
    return home;
  }

  /** Its environment, and more. */
  env(more: Record<string, string> = {}): (name: string) => string | undefined {
    return envOf({ HOME: this.path, ...more });
  }

  /** Writes a file; gives its path. */
  async write(name: string, text: string, mode = 0o600): Promise<string> {
    const path = join(this.path, name);
    await Deno.writeTextFile(path, text, { mode });
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** A request that a server got. */
export interface Seen {
  method: string;
  path: string;
  headers: Headers;
}

/** A real server on a free port of this machine. */
export interface LocalServer extends AsyncDisposable {
  url: string;
  seen: Seen[];
}

/** Serves until it is disposed of; requests that hang are cut off then. */
export function serve(handler: (request: Request) => Response | Promise<Response>): LocalServer {
  const seen: Seen[] = [];
  const stop = new AbortController();
  const options = { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen() {} };
  const server = Deno.serve(options, (request) => {
    const { pathname, search } = new URL(request.url);
    seen.push({ method: request.method, path: pathname + search, headers: request.headers });
    return handler(request);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    seen,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
}

/** An answer that does not come. */
export const hang = (): Promise<Response> => new Promise(() => {});

/** For addresses that no test can serve: notes the URL, and answers what is given. */
export function noting(
  urls: string[],
  answer: { status: number; text: string },
): MetadataFetch {
  return (url) => {
    urls.push(url.href);
    return Promise.resolve(answer);
  };
}

/** What a container's endpoint and an instance's service answer. */
export const ANSWER = {
  Code: "Success",
  AccessKeyId: "AK1",
  SecretAccessKey: "s3cret",
  Token: "t0ken",
  Expiration: "2033-05-18T03:33:20Z",
};
/** The credentials in it, but for where they came from. */
export const FOUND = {
  accessKeyId: "AK1",
  secretAccessKey: "s3cret",
  sessionToken: "t0ken",
  expiresAt: 2_000_000_000_000,
};
/** For servers that answer, however busy the machine is. */
export const PATIENT: MetadataOptions = { timeoutMs: 60_000, sleep: () => Promise.resolve() };
/** For servers that do not. */
export const HASTY: MetadataOptions = { ...PATIENT, timeoutMs: 50 };
/** What something else answers. */
export const HTML = "<html>\n<body>s3cret</body></html>";
