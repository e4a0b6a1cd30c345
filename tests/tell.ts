/** Figures of a run, among the names of its tests. */

/** Prints a line. */
export function tell(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
