/**
 * Runs hx as users do: as a process, with a home directory of its own and nothing else in its
 * environment, and with no more permissions than the task of deno.json gives it.
 */
import assert from "node:assert/strict";
import { join } from "node:path";

const CLI = join(import.meta.dirname!, "..", "cli.ts");

const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-net",
  "--allow-sys=hostname,statfs",
  "--allow-run",
  "--no-prompt",
];

/** What a run of hx did. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run hx. */
export interface RunOptions {
  /** Text for standard input, which is empty and closed otherwise. */
  stdin?: string;
  /** More of the environment. */
  env?: Record<string, string>;
}

let denoDir: Promise<string> | undefined;

/**
 * Where the runtime keeps its packages: the one thing of the test's own home that hx needs. They are
 * fetched here, where the settings of the registry are still those of the user.
 */
function cacheDir(): Promise<string> {
  denoDir ??= (async () => {
    await new Deno.Command(Deno.execPath(), { args: ["cache", "-q", CLI] }).output();
    const info = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
    return (JSON.parse(new TextDecoder().decode(info.stdout)) as { denoDir: string }).denoDir;
  })();
  return denoDir;
}

/** The command that is hx. */
export function hxArgs(args: readonly string[]): string[] {
  return ["run", ...PERMISSIONS, CLI, ...args];
}

/** One device: a home directory, made for a test and removed after it. */
export class Home implements AsyncDisposable {
  /** All that hx has printed here, but for the words that were asked for. */
  readonly said: string[] = [];

  private constructor(readonly path: string, readonly program?: string) {}

  /** A new and empty home; `program` is a compiled hx to run there, in place of the checkout. */
  static async make(program?: string): Promise<Home> {
    return new Home(await Deno.makeTempDir({ prefix: "hx-cli-" }), program);
  }

  /** The command that is hx here, with its arguments. */
  command(args: readonly string[]): [string, ...string[]] {
    return this.program ? [this.program, ...args] : [Deno.execPath(), ...hxArgs(args)];
  }

  /** Where hx keeps its things. */
  get data(): string {
    return join(this.path, ".local", "share", "hx");
  }

  /** The whole environment of a run; a compiled hx gets a home and an empty PATH, no more. */
  async env(more: Record<string, string> = {}): Promise<Record<string, string>> {
    if (this.program) return { HOME: this.path, PATH: join(this.path, "no-programs"), ...more };
    return {
      HOME: this.path,
      DENO_DIR: await cacheDir(),
      TZ: "UTC",
      PATH: "/usr/bin:/bin",
      // The machine that the tests run on may have a role of its own.
      AWS_EC2_METADATA_DISABLED: "true",
      ...more,
    };
  }

  /** Starts hx; pipes to all three streams. */
  async start(args: readonly string[], options: RunOptions = {}): Promise<Deno.ChildProcess> {
    const [program, ...rest] = this.command(args);
    return new Deno.Command(program, {
      args: rest,
      cwd: this.path,
      clearEnv: true,
      env: await this.env(options.env),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs hx to its end. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const child = await this.start(args, options);
    const writer = child.stdin.getWriter();
    // hx may end without reading.
    await writer.write(new TextEncoder().encode(options.stdin ?? "")).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await child.output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const ran = { code, stdout: text(stdout), stderr: text(stderr) };
    this.said.push(args[0] === "key" ? ran.stderr : ran.stdout + ran.stderr);
    return ran;
  }

  /** Runs hx, which has to end well; gives what it printed. */
  async hx(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    assert.equal(code, 0, `hx ${args[0]}: ${stderr}`);
    return stdout;
  }

  /** Runs hx, which has to end with this code; gives what it said. */
  async fails(code: number, args: readonly string[], options: RunOptions = {}): Promise<string> {
    const ran = await this.run(args, options);
    assert.equal(ran.code, code, `hx ${args.join(" ")}: ${ran.stderr}`);
    return ran.stderr;
  }

  /** Joins the vault of another device. */
  async join(other: Home, ...store: string[]): Promise<void> {
    const stdin = await other.hx("key", "show");
    const ran = await this.run(["sync", "join", "--store", ...store], { stdin });
    assert.equal(ran.code, 0, ran.stderr);
  }

  /** Writes a file under the home. */
  async write(path: string, text: string): Promise<string> {
    const full = join(this.path, path);
    await Deno.writeTextFile(full, text);
    return full;
  }

  /** The commands of the history, in time order. */
  async commands(): Promise<string[]> {
    return (await this.hx("export")).split("\n").filter((line) => line !== "")
      .map((line) => (JSON.parse(line) as { cmd: string }).cmd);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** A bash history file with a time for each command. */
export function bashHistory(start: number, ...commands: string[]): string {
  return commands.map((cmd, i) => `#${start + i}\n${cmd}\n`).join("");
}

/** All files under a folder. */
export async function filesUnder(path: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(path)) {
    const full = join(path, entry.name);
    if (entry.isDirectory) files.push(...await filesUnder(full));
    else files.push(full);
  }
  return files.sort();
}

/** After so long, in milliseconds, what was waited for on a terminal will not come. */
const PATIENCE_MS = 60_000;

/**
 * Runs hx on a terminal of its own.
 *
 * @param steps what to wait for on the screen, and what to type then, or how to tell by the screen
 * @param env more of the environment; `size` is the terminal's, as `stty` takes it
 * @returns the exit code, and all that the terminal showed
 */
export async function onTerminal(
  home: Home,
  args: readonly string[],
  steps: readonly [shown: string, typed: string | ((screen: string) => string)][] = [],
  { size = "rows 40 cols 240", ...env }: Record<string, string> = {},
): Promise<{ code: number; screen: string }> {
  const line = home.command(args).map((arg) => `'${arg}'`).join(" ");
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), PATIENCE_MS);
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", `stty ${size}; ${line}`, "/dev/null"],
    signal: stop.signal,
    cwd: home.path,
    clearEnv: true,
    env: await home.env({ TERM: "xterm-256color", SHELL: "/bin/sh", ...env }),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const keyboard = child.stdin.getWriter();
  const waiting = [...steps];
  let screen = "";
  let from = 0;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    screen += chunk;
    for (; waiting.length > 0; waiting.shift()) {
      const [shown, typed] = waiting[0]!;
      const at = screen.indexOf(shown, from);
      if (at < 0) break;
      from = at + shown.length;
      const keys = typeof typed === "function" ? typed(screen) : typed;
      if (keys !== "") await keyboard.write(new TextEncoder().encode(keys));
    }
  }
  await keyboard.close().catch(() => {});
  const { code } = await child.status;
  clearTimeout(patience);
  assert.deepEqual(waiting, [], `never shown; the screen was:\n${screen}`);
  return { code, screen };
}
