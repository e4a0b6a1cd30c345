/**
 * Documents as stories: their command blocks, and how each of them is to be run.
 *
 * A comment before a block says it: `<!-- run -->` on the first machine, `<!-- run: two -->` on another
 * one, `<!-- run: two, invite on standard input -->` with the code that the first one prints, and
 * `<!-- not run: WHY -->`. `<!-- setup: two` begins commands that readers do not see.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { filesUnder, Home, hxArgs } from "./cli.ts";
import type { Minio } from "./minio.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url)).replace(/\/$/, "");

/** A fenced block of a document, or hidden commands. */
export interface Block {
  /** `sh`, `json`, or nothing. */
  language: string;
  text: string;
  /** What the comment before it says. */
  marker: string | undefined;
  /** For people: file and line. */
  at: string;
}

/** A document of the project. */
export interface Document {
  /** Relative to the project's root. */
  path: string;
  text: string;
  blocks: Block[];
}

/** All documents. */
export async function documents(): Promise<Document[]> {
  const docs = (await filesUnder(join(ROOT, "docs"))).filter((path) => path.endsWith(".md"));
  const paths = ["README.md", "SECURITY.md", "CHANGELOG.md"].map((name) => join(ROOT, name));
  return await Promise.all([...paths, ...docs].map(async (full) => {
    const path = full.slice(ROOT.length + 1);
    const text = await Deno.readTextFile(full);
    return { path, text, blocks: blocksOf(path, text) };
  }));
}

const FENCE =
  /(?:<!-- ([^\n]*?) -->\n\n)?^```(\w*)\n([\s\S]*?)^```$|^<!-- (setup[^\n]*)\n([\s\S]*?)^-->$/gm;

function blocksOf(path: string, text: string): Block[] {
  return [...text.matchAll(FENCE)].map((match) => {
    const [, marker, language = "sh", shown, setup, hidden] = match;
    const line = text.slice(0, match.index).split("\n").length;
    return {
      language,
      text: shown ?? hidden!,
      marker: setup ?? marker,
      at: `${path}:${line}`,
    };
  });
}

/** Machines with a bucket in common. */
export class Story implements AsyncDisposable {
  readonly #minio: Minio;
  readonly #bucket: string;
  readonly #homes = new Map<string, Home>();
  readonly #bin: string;

  private constructor(minio: Minio, bucket: string, bin: string) {
    this.#minio = minio;
    this.#bucket = bucket;
    this.#bin = bin;
  }

  /** A new one. */
  static async begin(minio: Minio): Promise<Story> {
    const bin = await Deno.makeTempDir({ prefix: "hx-docs-" });
    const command = [Deno.execPath(), ...hxArgs([])].map((word) => `'${word}'`).join(" ");
    const programs = { hx: `exec ${command} "$@"`, make: "echo built" };
    for (const [name, line] of Object.entries(programs)) {
      await Deno.writeTextFile(join(bin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    }
    return new Story(minio, await minio.newBucket(), bin);
  }

  /** Runs a block; gives what is wrong with it, if something is. */
  async run({ text, marker = "", at }: Block): Promise<string | undefined> {
    const machine = /^(?:run|setup): (\w+)/.exec(marker)?.[1] ?? "one";
    const stdin = marker.includes("invite") ? await this.#invite() : "";
    const { code, said } = await this.#bash(machine, text, stdin);
    return code === 0
      ? undefined
      : `${at} on machine ${machine} ends with ${code}:\n${text}${said}`;
  }

  async #invite(): Promise<string> {
    return (await this.#bash("one", "hx sync invite --quiet", "")).stdout;
  }

  async #bash(machine: string, text: string, stdin: string) {
    const home = await this.#home(machine);
    // Where a document names a bucket and a server, it means these.
    const script = text.replaceAll("my-bucket", this.#bucket)
      .replaceAll("http://127.0.0.1:9000", this.#minio.endpoint);
    const child = new Deno.Command("/bin/bash", {
      args: ["-euo", "pipefail", "-c", script],
      cwd: home.path,
      clearEnv: true,
      env: await home.env({
        PATH: `${this.#bin}:/usr/bin:/bin`,
        AWS_ACCESS_KEY_ID: this.#minio.accessKey,
        AWS_SECRET_ACCESS_KEY: this.#minio.secretKey,
        AWS_ENDPOINT_URL_S3: this.#minio.endpoint,
      }),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
    await writer.close().catch(() => {});
    const output = await child.output();
    const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) =>
      new TextDecoder().decode(bytes)
    ) as [string, string];
    return { code: output.code, stdout, said: stdout + stderr };
  }

  async #home(machine: string): Promise<Home> {
    const there = this.#homes.get(machine);
    if (there) return there;
    const home = await Home.make();
    this.#homes.set(machine, home);
    const lines = ["git status", "make test", `echo ${machine}`, "login --password x"];
    const history = lines.map((line, i) => `#${1_700_000_000 + i}\n${line}\n`).join("");
    await home.write(".bash_history", history);
    return home;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const home of this.#homes.values()) await home[Symbol.asyncDispose]();
    await Deno.remove(this.#bin, { recursive: true });
  }
}
