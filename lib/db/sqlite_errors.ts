/** What SQLite throws, in words and with a category. */
import { HxError } from "../errors.ts";

interface Problem {
  /** SQLite's own words, which is all that some of its errors carry (sqlite.org/rescode.html). */
  text: string;
  category: "busy" | "config" | "corrupt";
  what: string;
  hint: string;
}

/** By primary result code, the trouble that is the database's own and that a user can act on. */
const PROBLEMS: Readonly<Record<number, Problem>> = {
  5: {
    text: "database is locked",
    category: "busy",
    what: "another process is writing to it",
    hint: "wait until the other hx has finished, then run the command again",
  },
  8: {
    text: "attempt to write a readonly database",
    category: "config",
    what: "it is read-only",
    hint: "check the file's owner and mode",
  },
  10: {
    text: "disk I/O error",
    category: "config",
    what: "the disk fails to read or write it",
    hint: "check the disk; what is in the store is not affected",
  },
  11: {
    text: "database disk image is malformed",
    category: "corrupt",
    what: "the file is damaged",
    hint: "move it away and run `hx sync join`: the history comes back from the store",
  },
  13: {
    text: "database or disk is full",
    category: "config",
    what: "the disk is full",
    hint: "free some space, then run the command again; nothing was lost",
  },
  14: {
    text: "unable to open database file",
    category: "config",
    what: "it can't be opened",
    hint: "check that its folder is there and may be written",
  },
  26: {
    text: "file is not a database",
    category: "config",
    what: "the file is not a database of hx",
    hint: "move it away, or point HX_DATA_DIR elsewhere",
  },
};

/** The trouble that a thrown value tells of, if it is SQLite's and the database's own. */
function problemOf(error: unknown): Problem | undefined {
  const { errcode, code, message } = (error ?? {}) as Record<string, unknown>;
  if (typeof errcode === "number") return PROBLEMS[errcode & 0xff];
  if (code !== "ERR_SQLITE_ERROR" || typeof message !== "string") return undefined;
  return Object.values(PROBLEMS).find(({ text }) => message.startsWith(text));
}

/** Whether an error is trouble with the database itself, whatever was being stored in it. */
export function isDatabaseTrouble(error: unknown): boolean {
  return problemOf(error) !== undefined;
}

/** What SQLite threw, in words and with its category; anything else comes back as it was. */
export function asDatabaseError(error: unknown, path: string): unknown {
  const problem = problemOf(error);
  if (!problem) return error;
  const { category, what, hint } = problem;
  return new HxError(category, `the database ${path}: ${what}`, { hint, cause: error });
}
