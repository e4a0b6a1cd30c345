/**
 * Runs the store suite, and a sync of two devices, on S3 servers other than the one of the tests.
 *
 * Usage: deno task servers [--get] [NAME ...]
 *
 * Without names: MinIO, and every server that `scripts/servers.sh` has. What is not there is named and
 * skipped; `--get` fetches it first. A server that is named has to be there. The exit code is 1 where
 * a server differs in a way that is not known (`differences.ts`).
 */
import { table } from "../../lib/ui/table.ts";
import { isAsExpected, type Outcome, runServer, SCRIPT } from "./run.ts";

const SYNC = /^sync: /;

/** A server that can be run, or could be. */
interface Known {
  name: string;
  version: string;
  ready: boolean;
}

function say(...lines: string[]): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${lines.join("\n")}\n`));
}

async function knownServers(): Promise<Known[]> {
  const { stdout } = await new Deno.Command("bash", { args: [SCRIPT, "list"] }).output();
  const others = new TextDecoder().decode(stdout).trim().split("\n").map((line) => {
    const [name = "", version = "", state] = line.split(" ");
    return { name, version, ready: state === "ready" };
  });
  return [{ name: "minio", version: "as in the tests", ready: true }, ...others];
}

async function get(server: Known): Promise<void> {
  const args = [SCRIPT, "get", server.name];
  const command = new Deno.Command("bash", { args, stdout: "inherit", stderr: "inherit" });
  server.ready = (await command.output()).success;
}

function rowOf({ version }: Known, outcome: Outcome): string[] {
  const { name, passed, known, failed, gone, capabilities, seconds } = outcome;
  const count = (tests: string[], sync: boolean) =>
    tests.filter((test) => SYNC.test(test) === sync).length;
  const differing = [...failed, ...known.map(({ test }) => test)];
  return [
    `${name} ${version}`,
    String(count(passed, false)),
    String(count(failed, false) + gone.length),
    String(count(known.map(({ test }) => test), false)),
    count(differing, true) === 0 ? "ok" : `${count(differing, true)} failed`,
    said(capabilities.conditionalPut),
    said(capabilities.conditionalComplete),
    `${seconds.toFixed(0)} s`,
  ];
}

function said(support: string): string {
  return support === "yes" ? "412" : support;
}

function detailsOf(outcome: Outcome): string[] {
  const { name, known, failed, gone } = outcome;
  return [
    ...known.map(({ test, why }) => `${name}: known: ${test}: ${why}`),
    ...failed.map((test) => `${name}: FAILED: ${test}`),
    ...gone.map((test) => `${name}: NO LONGER DIFFERS: ${test}`),
  ];
}

async function main(args: readonly string[]): Promise<number> {
  const names = args.filter((arg) => arg !== "--get");
  const known = await knownServers();
  const strange = names.find((name) => !known.some((server) => server.name === name));
  if (strange !== undefined) {
    say(
      `no server of that name: ${strange}`,
      `there are ${known.map(({ name }) => name).join(", ")}`,
    );
    return 2;
  }
  const wanted = known.filter(({ name }) => names.length === 0 || names.includes(name));
  const head = ["server", "passed", "failed", "known", "sync", "PUT", "Complete", "time"];
  const rows = [head];
  const skipped: string[] = [];
  let ok = true;
  for (const server of wanted) {
    if (!server.ready && args.includes("--get")) await get(server);
    if (!server.ready) {
      skipped.push(`skipped: ${server.name} ${server.version}: not here; --get fetches it`);
      ok &&= names.length === 0;
      continue;
    }
    try {
      const outcome = await runServer(server.name);
      rows.push(rowOf(server, outcome));
      say(...detailsOf(outcome), `${server.name}: done`);
      if (isAsExpected(outcome)) continue;
      say(outcome.output);
    } catch (error) {
      rows.push([`${server.name} ${server.version}`, "did not run"]);
      say(`${server.name}: ${error}`);
    }
    ok = false;
  }
  const right = "right" as const;
  say("", ...table(rows, ["left", right, right, right, "left", "left", "left", right]), ...skipped);
  return ok ? 0 : 1;
}

Deno.exit(await main(Deno.args));
