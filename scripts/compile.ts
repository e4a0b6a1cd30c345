/**
 * Makes hx one file that needs nothing else: `dist/hx`, or for each TARGET named `dist/hx-TARGET`
 * with its checksum beside it.
 *
 * Usage: deno task compile [TARGET ...]
 *
 * The program may do what the task `hx` of deno.json may do. Its runtime comes from Deno's site.
 * Where that can't be reached a program for this machine, and only that, is built with a borrowed
 * runtime; `hx --version` then says that it is a test build. docs/decisions/0010 has the reasons.
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import { BORROWED_VERSION, borrowedRuntime } from "./borrowed_runtime.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What releases are built for. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
] as const;

/** No runtime can be had for the program; the message says what was tried. */
export class NoRuntime extends Error {}

/** What to build. */
export interface CompileOptions {
  /** Where to put the program. */
  output: string;
  /** One of {@link TARGETS}. @default this machine's */
  target?: string;
  /** The main module. @default hx itself */
  entry?: string;
}

/**
 * Compiles the program.
 *
 * @returns whose runtime it has
 * @throws {NoRuntime} where none can be had
 */
export async function compile(options: CompileOptions): Promise<"official" | "borrowed"> {
  const args = compileArgs(options);
  const { success, said } = await run(Deno.execPath(), args);
  if (success) return "official";
  if (!said.includes("denort")) throw new Error(`deno compile failed:\n${said}`);
  if (options.target !== undefined) {
    throw new NoRuntime(`the runtime for ${options.target} can't be had:\n${said}`);
  }
  const runtime = await borrowedRuntime().catch((error: Error) => {
    throw new NoRuntime(`Deno's site can't be reached, and ${error.message}`);
  });
  const borrowed = await run("npx", ["-y", `deno@${BORROWED_VERSION}`, ...args], {
    DENORT_BIN: runtime,
  });
  if (!borrowed.success) throw new Error(`deno compile failed:\n${borrowed.said}`);
  return "borrowed";
}

function compileArgs({ output, target, entry = join(ROOT, "cli.ts") }: CompileOptions): string[] {
  return [
    "compile",
    "--quiet",
    "--frozen",
    "--no-check", // the gate checks types
    "--no-prompt",
    // It would lie under a guessable name in a folder where everyone may write.
    "--no-code-cache",
    `--config=${join(ROOT, "deno.json")}`,
    `--include=${join(ROOT, "lib/crypto/sha256_worker.ts")}`,
    ...config.tasks.hx.command.split(" ").filter((word) => word.startsWith("--allow-")),
    ...target === undefined ? [] : [`--target=${target}`],
    `--output=${output}`,
    entry,
  ];
}

async function run(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ success: boolean; said: string }> {
  const { success, stderr } = await new Deno.Command(command, {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdout: "null",
    stderr: "piped",
  }).output();
  return { success, said: new TextDecoder().decode(stderr).trim() };
}

async function writeChecksum(path: string): Promise<void> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  const name = path.slice(path.lastIndexOf("/") + 1);
  await Deno.writeTextFile(`${path}.sha256`, `${new Uint8Array(digest).toHex()}  ${name}\n`);
}

async function main(targets: string[]): Promise<void> {
  const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  const unknown = targets.find((target) => !(TARGETS as readonly string[]).includes(target));
  if (unknown !== undefined) {
    throw new Error(`no target ${unknown}; there are ${TARGETS.join(" ")}`);
  }
  await Deno.mkdir(join(ROOT, "dist"), { recursive: true });
  for (const target of targets) {
    const output = `dist/hx-${target}${target.includes("windows") ? ".exe" : ""}`;
    await compile({ output: join(ROOT, output), target });
    await writeChecksum(join(ROOT, output));
    say(output);
  }
  if (targets.length > 0) return;
  const runtime = await compile({ output: join(ROOT, "dist/hx") });
  say(
    runtime === "official"
      ? "dist/hx"
      : `dist/hx: a test build, with the runtime of Deno ${BORROWED_VERSION}; not for release`,
  );
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    Deno.stderr.writeSync(new TextEncoder().encode(`compile: ${(error as Error).message}\n`));
    Deno.exit(1);
  }
}
