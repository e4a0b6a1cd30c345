/**
 * The words of a command line, without a shell.
 *
 * @module
 */

/**
 * Splits as a POSIX shell does, and Python's `shlex.split`, with which AWS's tools read
 * `credential_process`: single and double quotes and backslashes, nothing else is special.
 * Undefined where a quote is not closed, or a backslash ends the line.
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === "'" || char === '"') {
      const part = quoted(line, at);
      if (part === undefined) return undefined;
      word = (word ?? "") + part.text;
      at = part.end;
    } else if (char === "\\") {
      at++;
      if (at === line.length) return undefined;
      word = (word ?? "") + line[at];
    } else {
      word = (word ?? "") + char;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** What lies between the quote at `start` and the one that closes it at `end`. */
function quoted(line: string, start: number): { text: string; end: number } | undefined {
  const quote = line[start];
  let text = "";
  for (let at = start + 1; at < line.length; at++) {
    const char = line[at]!;
    if (char === quote) return { text, end: at };
    // Between double quotes a backslash is special only before one of these two.
    const escapes = quote === '"' && char === "\\" && /["\\]/.test(line[at + 1] ?? "");
    if (escapes) at++;
    text += escapes ? line[at] : char;
  }
  return undefined;
}
