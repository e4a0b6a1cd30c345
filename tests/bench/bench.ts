/**
 * How fast hx is, as ratios within one run: the clock of a machine is noisy, a ratio much less.
 *
 * Usage: deno task bench [PART ...] [--events N] [--search N] [--json]
 * The parts are sync, search, s3, artifacts and binary; without a name all of them run.
 */
import { parseArgs } from "node:util";
import { startMinio } from "../minio.ts";
import { artifactLines, benchArtifacts } from "./artifacts.ts";
import { atuinLines, benchAtuin } from "./atuin.ts";
import { benchBinary, binaryLines } from "./binary.ts";
import { benchProcesses, processLines } from "./processes.ts";
import { benchS3, s3Lines } from "./s3.ts";
import { benchSync, syncLines } from "./sync.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    events: { type: "string", default: "200000" },
    search: { type: "string", default: "1000000" },
    json: { type: "boolean" },
  },
});
const [events, searched] = [Number(values.events), Number(values.search)];

/** What a part measured, and how it is shown. */
interface Result {
  title: string;
  rows: unknown;
  lines: string[];
}

type Part = (dir: string) => Promise<Result[]>;

const PARTS: Record<string, Part> = {
  async sync(dir) {
    const rows = await benchSync(await startMinio(), dir, events);
    const atuin = await benchAtuin(dir, events);
    const title = `${events} events; the floor is the same rows inserted and nothing else`;
    return [{ title, rows, lines: syncLines(rows) }, {
      title: "atuin, the same file",
      rows: atuin ?? null,
      lines: atuinLines(atuin),
    }];
  },
  async search(dir) {
    const rows = await benchProcesses(dir, searched);
    return [{ title: `processes on ${searched} events`, rows, lines: processLines(rows) }];
  },
  async s3(dir) {
    const rows = await benchS3(await startMinio(), dir);
    const title = "S3, beside the same work by plain fetch with presigned URLs";
    return [{ title, rows, lines: s3Lines(rows) }];
  },
  async artifacts(dir) {
    const rows = await benchArtifacts(await startMinio(), dir);
    return [{ title: "artifacts, whole processes", rows, lines: artifactLines(rows) }];
  },
  async binary(dir) {
    const rows = await benchBinary(dir);
    return [{ title: "the compiled hx: start to end", rows, lines: binaryLines(rows) }];
  },
};

const results: Result[] = [];
for (const [name, part] of Object.entries(PARTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const dir = await Deno.makeTempDir({ prefix: "hx-bench-" });
  try {
    results.push(...await part(dir));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
const text = values.json
  ? JSON.stringify(results.map(({ title, rows }) => ({ title, rows })), null, 2)
  : results.map(({ title, lines }) => [title, "", ...lines, ""].join("\n")).join("\n");
Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
