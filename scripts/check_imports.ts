/**
 * Checks who imports whom: each room of `lib/` may import only the rooms named here, so that a store
 * never sees a key and nothing runs in circles. Also keeps `node:crypto` and test code out.
 *
 * Usage: deno run --allow-read=. scripts/check_imports.ts
 */
import { dirname, join, relative } from "node:path";

/** By room, the rooms that it may import besides itself. Everyone may import `lib/errors.ts`. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  format: [],
  crypto: ["format"],
  store: ["format"],
  blobs: ["format", "crypto", "store"],
  db: ["format"],
  history: ["format"],
  s3: ["store"],
  manifest: ["format", "crypto"],
  importer: ["format", "crypto", "db"],
  sync: ["format", "crypto", "store", "blobs", "db", "history", "manifest", "importer"],
  ui: ["format"],
  commands: ["format", "crypto", "blobs", "db", "history", "sync", "ui", "store"],
  cli: ["format", "crypto", "db", "history", "sync", "ui", "store", "s3", "commands"],
  mod: [
    "format",
    "crypto",
    "blobs",
    "db",
    "history",
    "sync",
    "store",
    "s3",
    "manifest",
    "importer",
  ],
};

/** Modules that no file of the product may load. */
const BANNED = [/^node:crypto$/, /^jsr:/, /^https?:/];

const SPECIFIER =
  /(?:^|\s)(?:import|export)\s+(type\s+)?[^"'`;]*?["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']\s*\)/g;

function roomOf(path: string): string {
  const parts = path.split("/");
  if (parts[0] !== "lib") return parts[0]!.replace(/\.ts$/, "");
  return parts.length === 2 ? parts[1]!.replace(/\.ts$/, "") : parts[1]!;
}

function problemsOf(path: string, text: string): string[] {
  const room = roomOf(path);
  const allowed = DOORS[room];
  if (!allowed) return [`${path}: there is no room "${room}"`];
  const problems: string[] = [];
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
  for (const match of code.matchAll(SPECIFIER)) {
    const typeOnly = match[1] !== undefined;
    const specifier = match[2] ?? match[3]!;
    if (BANNED.some((banned) => banned.test(specifier))) {
      problems.push(`${path}: ${specifier} may not be used`);
    }
    if (!specifier.startsWith(".")) continue;
    const target = join(dirname(path), specifier);
    const other = roomOf(target);
    if (target.startsWith("..") || target.startsWith("tests/")) {
      problems.push(`${path}: imports ${specifier} from outside the product`);
    } else if (other !== room && other !== "errors" && !allowed.includes(other)) {
      problems.push(`${path}: "${room}" may not import "${other}" (${specifier})`);
    } else if (room === "commands" && other === "store" && !typeOnly) {
      problems.push(`${path}: commands see only the types of the store (${specifier})`);
    } else if (other !== room && target.startsWith("lib/") && !isDoor(target)) {
      problems.push(`${path}: ${specifier} is not a door of "${other}"; import its mod.ts`);
    }
  }
  return problems;
}

/**
 * What may be imported from outside a room: its `mod.ts`, a file that is a room by itself, and the small
 * files that are loaded alone because the whole room would cost start-up time.
 */
function isDoor(target: string): boolean {
  return target.split("/").length === 2 || /\/(mod|types)\.ts$/.test(target) ||
    /^lib\/(format|commands|store|s3|ui)\//.test(target) ||
    /^lib\/crypto\/(words|invite|passphrase)\.ts$/.test(target);
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (path.endsWith(".ts")) yield path;
  }
}

if (import.meta.main) {
  const root = join(dirname(new URL(import.meta.url).pathname), "..");
  const files = ["cli.ts", "mod.ts"];
  for await (const path of sources(join(root, "lib"))) files.push(relative(root, path));
  const problems: string[] = [];
  for (const file of files.sort()) {
    problems.push(...problemsOf(file, await Deno.readTextFile(join(root, file))));
  }
  const out = new TextEncoder();
  for (const problem of problems) Deno.stderr.writeSync(out.encode(`${problem}\n`));
  Deno.stderr.writeSync(
    out.encode(`imports: ${files.length} files, ${problems.length} problems\n`),
  );
  if (problems.length > 0) Deno.exit(1);
}
