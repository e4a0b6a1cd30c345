/**
 * Runs the tests with the leak sanitizers on and ends with one line of counts,
 * `N passed, N failed, N skipped`, taken from the run itself. What is skipped is named.
 *
 * Usage: deno run --allow-run --allow-env scripts/test.ts [FILE or FILTER OPTION ...]
 */
import process from "node:process";

const args = ["test", "-A", "--sanitize-ops", "--sanitize-resources", "--parallel"];
const run = new Deno.Command(Deno.execPath(), {
  args: [...args, ...Deno.args],
  env: { NO_COLOR: "1", DENO_JOBS: process.env.DENO_JOBS ?? "2" },
  stdout: "piped",
  stderr: "inherit",
}).spawn();

const counts = { passed: 0, failed: 0, ignored: 0 };
const skipped: string[] = [];
let summary = false;

function read(line: string): void {
  const skip = line.match(/^(.+) \.\.\. ignored\b/);
  if (skip) skipped.push(skip[1]!);
  const end = line.match(/^(?:ok|FAILED) \| (.+) \(/);
  if (!end) return;
  summary = true;
  for (const [, count, what] of end[1]!.matchAll(/(\d+) (passed|failed|ignored)/g)) {
    counts[what as keyof typeof counts] = Number(count);
  }
}

let rest = "";
for await (const chunk of run.stdout.pipeThrough(new TextDecoderStream())) {
  Deno.stdout.writeSync(new TextEncoder().encode(chunk));
  const lines = (rest + chunk).split("\n");
  rest = lines.pop()!;
  lines.forEach(read);
}
read(rest);
const { code } = await run.status;

const report = skipped.map((name) => `skipped: ${name}`);
if (!summary) report.push("the test run ended without a summary");
if (code !== 0 && counts.failed === 0) counts.failed = 1; // a file that does not even load
report.push(`${counts.passed} passed, ${counts.failed} failed, ${counts.ignored} skipped`);
Deno.stdout.writeSync(new TextEncoder().encode(`\n${report.join("\n")}\n`));
const failOnSkip = process.env.HX_TESTS_NO_SKIP === "1" && counts.ignored > 0;
Deno.exit(code !== 0 || !summary ? 1 : failOnSkip ? 1 : 0);
