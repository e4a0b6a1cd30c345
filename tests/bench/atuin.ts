/** atuin on the same history file, where one is on the PATH: what people would move from. */
import { historyFile } from "./history_file.ts";
import { milliseconds } from "./processes.ts";
import { columns, secondsOf } from "./table.ts";

/** What was measured of it. */
export interface AtuinRow {
  what: string;
  seconds: number;
}

/** Imports and searches with atuin in a home of its own; undefined where there is none. */
export async function benchAtuin(dir: string, events: number): Promise<AtuinRow[] | undefined> {
  const home = `${dir}/atuin`;
  const histfile = `${home}/.zsh_history`;
  await Deno.mkdir(home);
  const env = {
    HOME: home,
    XDG_DATA_HOME: `${home}/data`,
    XDG_CONFIG_HOME: `${home}/config`,
    HISTFILE: histfile,
    SHELL: "/bin/zsh",
    ATUIN_SESSION: "0192f0c1a0007000800000000000a001",
  };
  const atuin = async (...args: string[]) => {
    const { success, stderr } = await new Deno.Command("atuin", { args, env, stdin: "null" })
      .output();
    if (!success) throw new Error(`atuin: ${new TextDecoder().decode(stderr)}`);
  };
  try {
    await atuin("--version");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  using file = await Deno.open(histfile, { write: true, create: true });
  for await (const block of historyFile(events)) await file.write(block);
  const search = async (word: string) =>
    await milliseconds("atuin", ["search", "--limit", "100", word], env) / 1000;
  return [
    { what: "atuin import", seconds: await secondsOf(() => atuin("import", "zsh")) },
    { what: "atuin search, common", seconds: await search("kubectl") },
    { what: "atuin search, rare", seconds: await search("project-777/") },
  ];
}

/** The rows as lines of text. */
export function atuinLines(rows: readonly AtuinRow[] | undefined): string[] {
  if (rows === undefined) return ["no atuin on the PATH to compare with"];
  return columns(rows.map(({ what, seconds }) => [what, `${seconds.toFixed(3)} s`]));
}
