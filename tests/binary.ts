/** The compiled hx, built for the test file that asks. */
import { join } from "node:path";
import { compile, NoRuntime } from "../scripts/compile.ts";

/** The folder of this file's programs; it goes when the tests are over. */
let folder: string | undefined;

/**
 * Compiles hx, or another main module in the same way, and gives the path of the program.
 *
 * Undefined where no runtime for it can be had, which skips tests; with `HX_TESTS_NO_SKIP=1` that
 * fails them.
 */
export async function buildBinary(name = "hx", entry?: string): Promise<string | undefined> {
  if (folder === undefined) {
    folder = await Deno.makeTempDir({ prefix: "hx-binary-" });
    addEventListener("unload", () => Deno.removeSync(folder!, { recursive: true }));
  }
  const output = join(folder, name);
  try {
    await compile({ output, ...(entry && { entry }) });
    return output;
  } catch (error) {
    if (!(error instanceof NoRuntime) || Deno.env.get("HX_TESTS_NO_SKIP") === "1") throw error;
    Deno.stderr.writeSync(new TextEncoder().encode(`no compiled hx: ${error.message}\n`));
    return undefined;
  }
}
