/** One server: starts it, probes it, runs the suite on it, and judges what came out. */
import { join } from "node:path";
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { generateMaster } from "../../lib/crypto/mod.ts";
import type { StoreCapabilities } from "../../lib/db/mod.ts";
import { createS3Fetch } from "../../lib/s3/mod.ts";
import { createVault } from "../../lib/sync/mod.ts";
import { startMinio } from "../minio.ts";
import { s3Opener } from "../s3_kit.ts";
import { DIFFERENCES } from "./differences.ts";
import { type Server, type ServerEnv, serverOf } from "./server.ts";

const HERE = import.meta.dirname!;
/** What starts and fetches the servers. */
export const SCRIPT = join(HERE, "..", "..", "scripts", "servers.sh");

/** What a server did. */
export interface Outcome {
  name: string;
  capabilities: StoreCapabilities;
  passed: string[];
  /** Failures that were expected, with the reason. */
  known: { test: string; why: string }[];
  /** Failures that were not. */
  failed: string[];
  /** Differences that are listed and did not show. */
  gone: string[];
  /** What the suite printed, for when something is wrong. */
  output: string;
  seconds: number;
}

/** Whether all is as expected. */
export function isAsExpected({ failed, gone }: Outcome): boolean {
  return failed.length + gone.length === 0;
}

/**
 * Runs everything on one server.
 *
 * @throws {Error} where it does not start, or the suite does not run
 */
export async function runServer(name: string): Promise<Outcome> {
  const started = performance.now();
  const { server, stop } = name === "minio" ? await minio() : await start(name);
  try {
    const capabilities = await probe(server);
    const { results, output } = await runSuite(server);
    const seconds = (performance.now() - started) / 1000;
    return { name, capabilities, ...judge(name, results), output, seconds };
  } finally {
    await stop();
  }
}

interface Started {
  server: Server;
  stop(): Promise<void>;
}

async function minio(): Promise<Started> {
  const server = await startMinio();
  return { server, stop: () => server.stop() };
}

/** The script ends when its input does, so it goes with us whatever happens. */
async function start(name: string): Promise<Started> {
  const child = new Deno.Command("bash", {
    args: [SCRIPT, "start", name],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  const env: Record<string, string> = {};
  let printed = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    printed += chunk;
    for (const [, key, value] of printed.matchAll(/^export (\w+)=(.*)\n/gm)) env[key!] = value!;
    if (env.AWS_REGION) break;
  }
  const stop = async () => {
    await child.stdin.close();
    await Promise.all([child.status, said]);
  };
  if (env.AWS_REGION) return { server: serverOf(env as ServerEnv), stop };
  await stop();
  throw new Error(`${name} did not start: ${await said}`);
}

/** What the server does with conditions, found out as `hx sync init` does. */
async function probe(server: Server): Promise<StoreCapabilities> {
  const fetch = createS3Fetch();
  try {
    const store = s3Opener(server, await server.newBucket(), "probe", fetch)();
    const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
    const { signal } = new AbortController();
    const vault = {
      vaultId: crypto.randomUUID(),
      master: generateMaster(random),
      name: "probe",
      nodeId: crypto.randomUUID(),
    };
    return (await createVault({ store, clock: Date.now, random, signal }, vault)).capabilities;
  } finally {
    fetch.close();
  }
}

/** Runs `suite.ts` in a process of its own; whether each test passed. */
async function runSuite(
  server: Server,
): Promise<{ results: Map<string, boolean>; output: string }> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const env: ServerEnv & { NO_COLOR: string } = {
      AWS_ENDPOINT_URL_S3: server.endpoint,
      AWS_ACCESS_KEY_ID: server.accessKey,
      AWS_SECRET_ACCESS_KEY: server.secretKey,
      NO_COLOR: "1",
    };
    const args = ["test", "-A", "--sanitize-ops", "--sanitize-resources"];
    const suite = [`--junit-path=${report}`, join(HERE, "suite.ts")];
    const run = new Deno.Command(Deno.execPath(), { args: [...args, ...suite], env });
    const { stdout, stderr } = await run.output();
    const output = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    const results = readReport(await Deno.readTextFile(report));
    if (results.size === 0) throw new Error(`the suite did not run:\n${output}`);
    return { results, output };
  } finally {
    await Deno.remove(report);
  }
}

function readReport(xml: string): Map<string, boolean> {
  const results = new Map<string, boolean>();
  const visit = (element: XmlElement) => {
    const children = element.children.filter((child) => child instanceof XmlElement);
    if (element.name !== "testcase") return children.forEach(visit);
    results.set(element.attributes.name ?? "", children.length === 0);
  };
  if (xml !== "") visit(parseXml(xml).root!);
  return results;
}

/** What of the results was expected. */
function judge(
  name: string,
  results: Map<string, boolean>,
): Pick<Outcome, "passed" | "known" | "failed" | "gone"> {
  const expected = DIFFERENCES[name] ?? {};
  const names = [...results.keys()];
  const failing = names.filter((test) => !results.get(test));
  return {
    passed: names.filter((test) => results.get(test)),
    known: failing.filter((test) => test in expected)
      .map((test) => ({ test, why: expected[test]!.why })),
    failed: failing.filter((test) => !(test in expected)),
    gone: Object.keys(expected).filter((test) =>
      results.get(test) !== false && !expected[test]!.sometimes
    ),
  };
}
