/**
 * Breaks one rule of the code at a time, in copies of the tree, and shows that a test notices: the list
 * is `tests/mutants/`. Ends with a line of counts; a mutant that no test kills makes it fail, and so does
 * one that no longer fits the code.
 *
 * Usage: deno task mutants [--sample N] [--seed S] [--jobs J] [WORD ...]
 *
 * With `--sample`, N mutants that the seed chooses (the day's, where none is given); with words, those
 * whose rule or file has one of them.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { type Edit, type Mutant, MUTANTS } from "../tests/mutants/mod.ts";
import { seeded } from "../tests/seeded.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const COPIED = ["cli.ts", "mod.ts", "deno.json", "deno.lock", "lib", "tests", "scripts", "docs"];

/** After so long a mutant counts as killed: what it broke made a test go on for ever. */
const PATIENCE_MS = 180_000;

/** What a run of test files says. */
interface Verdict {
  outcome: "passed" | "failed" | "hung" | "broken";
  /** The first test that failed, or what is broken. */
  what: string;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: "string" },
    seed: { type: "string" },
    jobs: { type: "string", default: "2" },
  },
});

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** The mutants to run. */
function chosen(): Mutant[] {
  const named = MUTANTS.filter(({ rule, file }) =>
    positionals.length === 0 || positionals.some((word) => `${file} ${rule}`.includes(word))
  );
  if (values.sample === undefined) return named;
  const seed = Number(values.seed ?? Math.floor(Date.now() / 86_400_000));
  say(`a sample of ${values.sample} by --seed ${seed}`);
  const next = seeded(seed);
  const ranked = named.map((mutant) => ({ mutant, rank: next() }));
  return ranked.sort((a, b) => a.rank - b.rank).slice(0, Number(values.sample))
    .map(({ mutant }) => mutant);
}

function editsOf(mutant: Mutant): Edit[] {
  return [mutant, ...mutant.more ?? []];
}

/** What keeps the list from fitting the code. */
function misfits(): string[] {
  return MUTANTS.flatMap((mutant) =>
    editsOf(mutant).flatMap(({ file, find, replace }) => {
      const count = Deno.readTextFileSync(ROOT + file).split(find).length - 1;
      if (count === 1 && find !== replace) return [];
      return [`${file}: ${mutant.rule}: its text stands there ${count} times`];
    })
  );
}

/** Copies the tree, without what tests don't need. */
async function copyTree(): Promise<string> {
  const to = await Deno.makeTempDir({ prefix: "hx-mutants-" });
  const args = ["-r", ...COPIED.map((name) => ROOT + name), to];
  const { success } = await new Deno.Command("cp", { args }).output();
  if (!success) throw new Error("the tree could not be copied");
  return to;
}

/** Runs test files in a copy, up to the first failure. */
async function runTests(copy: string, files: readonly string[]): Promise<Verdict> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE_MS);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", "--fail-fast", ...files],
    cwd: copy,
    env: { NO_COLOR: "1" },
    signal: stop.signal,
  }).output();
  clearTimeout(timer);
  if (stop.signal.aborted) return { outcome: "hung", what: "a test goes on for ever" };
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (success) return { outcome: "passed", what: "" };
  const broken = text.match(/.*(?:SyntaxError|ReferenceError|could not be parsed|not found).*/);
  const failed = text.match(/^(.+) \.\.\. FAILED/m)?.[1] ??
    text.match(/^.*\(uncaught error\).*$/m)?.[0];
  if (broken || !failed) return { outcome: "broken", what: broken?.[0] ?? text.slice(-500) };
  return { outcome: "failed", what: failed };
}

/** Runs a mutant in a copy, and puts the copy right again. */
async function runMutant(copy: string, mutant: Mutant): Promise<Verdict> {
  const before = new Map<string, string>();
  try {
    for (const { file, find, replace } of editsOf(mutant)) {
      const text = await Deno.readTextFile(`${copy}/${file}`);
      if (!before.has(file)) before.set(file, text);
      await Deno.writeTextFile(`${copy}/${file}`, text.replace(find, () => replace));
    }
    return await runTests(copy, mutant.tests);
  } finally {
    for (const [file, text] of before) await Deno.writeTextFile(`${copy}/${file}`, text);
  }
}

/** Works through a list with some copies of the tree at once. */
async function inCopies<T>(items: readonly T[], work: (copy: string, item: T) => Promise<void>) {
  const rest = [...items];
  await Promise.all(Array.from({ length: Number(values.jobs) }, async () => {
    const copy = await copyTree();
    try {
      for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(copy, item);
    } finally {
      await Deno.remove(copy, { recursive: true });
    }
  }));
}

async function main(): Promise<number> {
  const problems = misfits();
  for (const problem of problems) say(problem);
  if (problems.length > 0) return 1;
  const mutants = chosen();
  const failing: string[] = [];
  await inCopies([...new Set(mutants.flatMap(({ tests }) => tests))], async (copy, file) => {
    const { outcome, what } = await runTests(copy, [file]);
    if (outcome !== "passed") failing.push(`${file} fails as it is: ${what}`);
  });
  for (const line of failing) say(line);
  if (failing.length > 0) return 1;
  let killed = 0;
  const left: string[] = [];
  await inCopies(mutants, async (copy, mutant) => {
    const { outcome, what } = await runMutant(copy, mutant);
    const isKilled = outcome === "failed" || outcome === "hung";
    if (isKilled) killed++;
    const verdict = isKilled ? "killed" : outcome === "passed" ? "SURVIVED" : "BROKEN";
    const line = `${verdict} ${mutant.file}: ${mutant.rule}: ${what}`;
    if (!isKilled) left.push(line);
    say(line);
  });
  if (left.length > 0) say(`\n${left.join("\n")}`);
  say(`\n${mutants.length} mutants, ${killed} killed, ${left.length} left`);
  return left.length > 0 ? 1 : 0;
}

process.exit(await main());
