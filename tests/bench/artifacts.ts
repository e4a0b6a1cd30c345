/** Large artifacts through MinIO, each step a process of its own, beside plain `fetch` and `mc`. */
import { fileURLToPath } from "node:url";
import type { Minio } from "../minio.ts";
import { columns } from "./table.ts";

const MIB = 2 ** 20;
const SIZES = [50 * MIB, 1024 * MIB];

/** Between two looks at a process's memory, in milliseconds; its peak only grows. */
const LOOK_MS = 20;

/** One measured process. */
export interface ArtifactRow {
  what: string;
  /** Size of the content. */
  mib: number;
  seconds: number;
  /** Most memory that it had, in MiB; undefined where the system does not tell. */
  peak: number | undefined;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Measures with files in `dir`, of bytes that do not compress. */
export async function benchArtifacts(minio: Minio, dir: string): Promise<ArtifactRow[]> {
  const rows: ArtifactRow[] = [];
  for (const size of SIZES) {
    const file = `${dir}/content`;
    await writeNoise(file, size);
    rows.push(...await benchSize(minio, dir, file, size / MIB));
  }
  return rows;
}

async function benchSize(
  minio: Minio,
  dir: string,
  file: string,
  mib: number,
): Promise<ArtifactRow[]> {
  const { endpoint, accessKey, secretKey } = minio;
  const bucket = await minio.newBucket();
  const env = {
    HX_DATA_DIR: `${dir}/data-${mib}`,
    AWS_ACCESS_KEY_ID: accessKey,
    AWS_SECRET_ACCESS_KEY: secretKey,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: "us-east-1",
    MC_HOST_bench: endpoint.replace("://", `://${accessKey}:${secretKey}@`),
  };
  const out = `${dir}/out`;
  const run = async (what: string, command: string, args: string[]): Promise<ArtifactRow> => {
    const { seconds, peak } = await measured(command, args, env);
    return { what, mib, seconds, peak };
  };
  const hx = (what: string, ...args: string[]) =>
    run(what, Deno.execPath(), ["run", "--no-check", "-A", here("../../cli.ts"), ...args]);
  const plain = (direction: string, path: string) =>
    run(`plain fetch, ${direction}`, Deno.execPath(), [
      ...["run", "--no-check", "-A", here("plain_transfer.ts"), direction, path],
      ...[endpoint, bucket, accessKey, secretKey],
    ]);
  await hx("", "sync", "init", "--store", `s3+endpoint://${bucket}/hx`);
  await hx("", "sync", "push");
  const rows = [await hx("hx attach", "artifact", "attach", file)];
  rows.push(await hx("hx push", "sync", "push"), await plain("up", file));
  await hx("", "artifact", "gc");
  const hash = await hashOf(env);
  rows.push(await hx("hx get", "artifact", "get", hash, "-o", out), await plain("down", out));
  if (await isThere("mc")) {
    rows.push(await run("mc, up", "mc", ["-q", "cp", file, `bench/${bucket}/mc`]));
    rows.push(await run("mc, down", "mc", ["-q", "cp", `bench/${bucket}/mc`, out]));
  }
  return rows;
}

async function hashOf(env: Record<string, string>): Promise<string> {
  const args = ["run", "-A", here("../../cli.ts"), "artifact", "list", "--json"];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, env }).output();
  return JSON.parse(new TextDecoder().decode(stdout))[0].blob_hash;
}

async function writeNoise(path: string, size: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for (let at = 0; at < size; at += MIB) {
    const chunk = new Uint8Array(MIB);
    for (let i = 0; i < MIB; i += 65_536) crypto.getRandomValues(chunk.subarray(i, i + 65_536));
    await file.write(chunk);
  }
}

async function measured(
  command: string,
  args: string[],
  env: Record<string, string>,
): Promise<{ seconds: number; peak: number | undefined }> {
  const start = performance.now();
  const child = new Deno.Command(command, {
    args,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let peak: number | undefined;
  const look = setInterval(() => peak = peakOf(child.pid) ?? peak, LOOK_MS);
  const { success } = await child.status;
  clearInterval(look);
  if (!success) throw new Error(`${command} ${args.slice(0, 7).join(" ")} failed`);
  return { seconds: (performance.now() - start) / 1000, peak };
}

/** The most memory that a process has had, in MiB (Linux). */
function peakOf(pid: number): number | undefined {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

async function isThere(command: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, { args: ["--version"] }).output();
    return success;
  } catch {
    return false;
  }
}

/** The rows as lines of text. */
export function artifactLines(rows: readonly ArtifactRow[]): string[] {
  return columns([
    ["", "MiB", "s", "MiB/s", "peak MiB"],
    ...rows.map(({ what, mib, seconds, peak }) => [
      what,
      mib,
      seconds.toFixed(2),
      (mib / seconds).toFixed(0),
      peak?.toFixed(0) ?? "-",
    ]),
  ]);
}
