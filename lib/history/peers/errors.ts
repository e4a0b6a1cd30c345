/**
 * What is wrong with another tool's database, in words.
 *
 * @module
 */
import { type Category, HxError } from "../../errors.ts";
import type { Peer } from "./types.ts";

/** By SQLite's primary result code (sqlite.org/rescode.html): category, what, and what to do. */
const PROBLEMS: Readonly<Record<number, readonly [Category, string, (tool: string) => string]>> = {
  1: ["config", "its tables can't be read as this tool's", otherTool],
  5: ["busy", "it is being written to", (tool) => `try again when ${tool} has finished`],
  8: ["busy", "a write to it was cut off", (tool) => `run ${tool} once, then import again`],
  10: ["config", "the disk fails to read it", () => "check the disk, or import a copy of the file"],
  11: [
    "corrupt",
    "it is damaged",
    () => "what came in before stays; `sqlite3 FILE .recover` may save the rest into another file",
  ],
  14: ["config", "it can't be opened", () => "check the file's owner and mode"],
  23: ["config", "it may not be read", () => "check the file's owner and mode"],
  26: ["config", "it is no SQLite database", otherTool],
};

function otherTool(tool: string): string {
  return `name the database of ${tool}, or the tool that it is of with --from`;
}

/** What SQLite or the system threw about a database, as an {@link HxError}; anything else as it was. */
export function peerError(error: unknown, peer: Peer, path: string): unknown {
  if (error instanceof HxError) return error;
  const what = `importing ${peer.name}'s history from ${path}`;
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
    return new HxError("not-found", `${what}: there is no such file`, {
      hint: `check the path; \`hx import --from ${peer.name}\` looks where ${peer.name} keeps it`,
      cause: error,
    });
  }
  const code = (error as { errcode?: unknown } | null)?.errcode;
  if (typeof code !== "number" && !isOpenError(error)) return error;
  const problem = typeof code === "number" ? PROBLEMS[code & 0xff] : PROBLEMS[14];
  const [category, found, hint] = problem ?? PROBLEMS[10]!;
  return new HxError(category, `${what}: ${found}`, { hint: hint(peer.name), cause: error });
}

/** Whether the system refused a file; SQLite says so in words alone. */
function isOpenError(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.FilesystemLoop ||
    error instanceof Error && error.message.startsWith("unable to open database file");
}
