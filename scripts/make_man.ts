/**
 * Writes hx's man page to `dist/hx.1`, or to the file named; `-` prints it.
 *
 * Usage: deno task man [FILE]
 */
import { dirname, join } from "node:path";
import config from "../deno.json" with { type: "json" };
import { manPage } from "../lib/commands/man.ts";
import { PROGRAM } from "../lib/commands/program/mod.ts";

const output = Deno.args[0] ?? join(import.meta.dirname!, "..", "dist", "hx.1");
const date = new Date().toISOString().slice(0, 10);
const page = new TextEncoder().encode(manPage(PROGRAM, { version: config.version, date }));
if (output === "-") Deno.stdout.writeSync(page);
else {
  await Deno.mkdir(dirname(output), { recursive: true });
  await Deno.writeFile(output, page);
}
