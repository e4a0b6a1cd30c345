/**
 * Tables in plain text.
 *
 * @module
 */

/** How a column stands. */
export type Align = "left" | "right";

/**
 * Lines of cells in columns two blanks apart, without blanks at line ends.
 *
 * @param rows the cells, without line ends
 * @param align one entry a column; columns without one stand left
 */
export function table(
  rows: readonly (readonly string[])[],
  align: readonly Align[] = [],
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  }
  return rows.map((row) =>
    row.map((cell, i) => {
      const blanks = " ".repeat(widths[i]! - width(cell));
      return align[i] === "right" ? blanks + cell : cell + blanks;
    }).join("  ").trimEnd()
  );
}

/** Text cut to so many terminal columns, with a mark where something was cut; without colour. */
export function fit(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let used = 1; // the mark
  let kept = "";
  for (const char of text) {
    used += width(char);
    if (used > columns) break;
    kept += char;
  }
  return `${kept}…`;
}

/** Columns of the terminal that standard output is; 80 where it can't be told. */
export function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}

/** Terminal columns, near enough: marks of colour have none, wide letters have two. */
export function width(text: string): number {
  let columns = 0;
  // deno-lint-ignore no-control-regex
  for (const char of text.replaceAll(/\x1b\[\d+m/g, "")) {
    columns += /\p{Mn}/u.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  }
  return columns;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
