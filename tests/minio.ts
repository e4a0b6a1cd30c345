/**
 * A real MinIO for tests, from `scripts/minio.sh`: one server for each test file that asks.
 *
 * Call {@link startMinio} at the top of the file, outside the tests, so that the leak checks of
 * single tests do not count the server as theirs. A MinIO that cannot be had fails the file.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { AwsV4Signer } from "aws4fetch";

/** A running server. */
export interface Minio {
  /** Its URL, without a slash at the end. */
  endpoint: string;
  accessKey: string;
  secretKey: string;
  /** Makes a bucket of a new name, and answers with the name. */
  newBucket(): Promise<string>;
  /** Sends a signed request that a store would not: path and query as they go over the wire. */
  request(method: string, path: string): Promise<Response>;
  /** Stops the server and removes its data; without it that happens when the tests are over. */
  stop(): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL("../scripts/minio.sh", import.meta.url));
const START_TRIES = 3;
const READY_TRIES = 300;
const READY_PAUSE_MS = 50;

/**
 * Stops MinIO and removes its data as soon as our end of its standard input closes, even by kill -9.
 * The inner shell does that, since Deno 2.6 kills the outer one when a test file is over.
 */
const WATCHDOG = `
exec 3<&0
(
  trap '' INT TERM HUP
  "$0" server --quiet --address "127.0.0.1:$1" "$2" >"$2.log" 2>&1 </dev/null 3<&- &
  server=$!
  read -r _ <&3
  kill "$server"
  wait "$server"
  rm -rf "$2" "$2.log"
) &
wait
`;

let shared: Promise<Minio> | undefined;

/** The server of this test file; the first call starts it. */
export function startMinio(): Promise<Minio> {
  shared ??= start();
  return shared;
}

async function start(): Promise<Minio> {
  for (const name of ["http_proxy", "https_proxy", "all_proxy"]) {
    Deno.env.delete(name);
    Deno.env.delete(name.toUpperCase());
  }
  const binary = await binaryPath();
  for (let attempt = 1; attempt < START_TRIES; attempt++) {
    try {
      return await launch(binary);
    } catch {
      // Someone else took the port meanwhile; the last try says what is wrong.
    }
  }
  return await launch(binary);
}

async function binaryPath(): Promise<string> {
  const command = new Deno.Command("bash", { args: [SCRIPT, "path"], stderr: "inherit" });
  const { success, stdout } = await command.output();
  if (!success) throw new Error("scripts/minio.sh gave no MinIO: the S3 tests need a real one");
  return new TextDecoder().decode(stdout).trim();
}

async function launch(binary: string): Promise<Minio> {
  const port = freePort();
  const data = await Deno.makeTempDir({ prefix: "hx-minio-" });
  const accessKey = "test-access-key";
  const secretKey = crypto.randomUUID();
  const child = new Deno.Command("bash", {
    args: ["-c", WATCHDOG, binary, String(port), data],
    env: { MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey, MINIO_BROWSER: "off" },
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  child.unref();
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      await child.stdin.close();
      await child.status;
    })();
    return stopped;
  };
  const endpoint = `http://127.0.0.1:${port}`;
  const request = async (method: string, path: string) => {
    const { url, headers } = await new AwsV4Signer({
      method,
      url: endpoint + path,
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      service: "s3",
      region: "us-east-1",
    }).sign();
    return await fetch(url, { method, headers });
  };
  if (!await isReady(request)) {
    const log = await Deno.readTextFile(`${data}.log`).catch(() => "");
    await stop();
    throw new Error(`MinIO did not start on port ${port}: ${log}`);
  }
  const newBucket = () => makeBucket(request);
  return { endpoint, accessKey, secretKey, newBucket, request, stop };
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** Asks with our own credentials: another server that has got the port refuses those. */
async function isReady(request: Minio["request"]): Promise<boolean> {
  for (let attempt = 0; attempt < READY_TRIES; attempt++) {
    try {
      const response = await request("GET", "/");
      await response.body?.cancel();
      if (response.ok) return true;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, READY_PAUSE_MS));
  }
  return false;
}

async function makeBucket(request: Minio["request"]): Promise<string> {
  const bucket = `hx-${crypto.randomUUID()}`;
  const response = await request("PUT", `/${bucket}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`making a bucket: ${response.status} ${text}`);
  return bucket;
}
