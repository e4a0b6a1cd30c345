/**
 * The dialect of AWS's `config` and `credentials` files, read as its SDKs do: sections, keys of any
 * case, comments after `#` or `;`, and blocks such as `s3 =` whose lines are indented.
 *
 * @module
 */
import { HxError } from "../../errors.ts";

/** The keys of one section in small letters; those of a block are `block.key`. */
export type IniSection = ReadonlyMap<string, string>;

/**
 * The sections of a file by name; white space and quotes in names are evened out (`profile "a b"` is
 * `profile a b`), and sections of one name are one.
 *
 * @param path the file's path, for error texts
 * @throws {HxError} `config`, with the number of the line that makes no sense, never with its text
 */
export function parseIni(text: string, path: string): ReadonlyMap<string, IniSection> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let block: { key: string; indent: number } | undefined;
  for (const [index, raw] of text.replace(/^\uFEFF/, "").split("\n").entries()) {
    const line = raw.replace(/(^|\s)[#;].*$/s, "").trim();
    if (line === "") continue;
    if (line.startsWith("[")) {
      const name = sectionName(line);
      if (name === undefined) throw unread(path, index);
      section = sections.get(name) ?? new Map<string, string>();
      sections.set(name, section);
      block = undefined;
      continue;
    }
    const indent = raw.search(/\S/);
    const at = line.indexOf("=");
    // An indented line without a key goes on with the value before it; no value here needs that.
    if (at < 0 && indent > 0) continue;
    if (at < 1 || section === undefined) throw unread(path, index);
    const key = line.slice(0, at).trim().toLowerCase();
    const value = line.slice(at + 1).trim();
    if (block !== undefined && indent <= block.indent) block = undefined;
    if (value !== "") section.set(block === undefined ? key : `${block.key}.${key}`, value);
    else if (block === undefined) block = { key, indent };
  }
  return sections;
}

/** Undefined for a section line that is not closed: its keys must not fall to the one before. */
function sectionName(line: string): string | undefined {
  const name = /^\[([^[\]]+)\]$/.exec(line)?.[1]?.trim().replaceAll(/\s+/g, " ");
  return name?.replace(
    /^(?:(\S+) )?(["'])(.*)\2$/,
    (_, kind, __, quoted) => kind === undefined ? quoted : `${kind} ${quoted}`,
  );
}

function unread(path: string, index: number): HxError {
  return new HxError("config", `line ${index + 1} of ${path} is not understood`, {
    hint: "a line there is [SECTION], KEY = VALUE or a comment",
  });
}
