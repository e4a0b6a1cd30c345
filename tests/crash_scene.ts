/** Devices to be killed, and the processes that are. */
import { fileURLToPath } from "node:url";
import { deriveVaultKeys, generateMaster, type VaultKeys } from "../lib/crypto/mod.ts";
import {
  type Database,
  matchEvents,
  newIdentity,
  openDatabase,
  writeVault,
} from "../lib/db/mod.ts";
import { toHex, uuid4 } from "../lib/format/mod.ts";
import type { SyncStore } from "../lib/store/mod.ts";
import { createVault, forget } from "../lib/sync/mod.ts";
import type { Job, Target } from "./crash_kit.ts";
import type { Rig } from "./fault_kit.ts";
import type { Minio } from "./minio.ts";
import { record, testEvent } from "./world.ts";

const CHILD = fileURLToPath(new URL("./crash_child.ts", import.meta.url));
const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));

/** A vault, and two enrolled databases: `a` with events and a deletion to send, `b` with nothing. */
export interface Scene {
  dir: string;
  store: SyncStore;
  keys: VaultKeys;
  job(name: string): Job;
  /** Enrols one more device; its database has to be closed before a process works on it. */
  enrol(name: string): Database;
}

/** Makes a vault and two devices in it, their databases in `dir`. */
export async function prepare(dir: string, target: Target, store: SyncStore): Promise<Scene> {
  const vaultId = uuid4(random);
  const master = generateMaster(random);
  const { signal } = new AbortController();
  const context = { store, clock: Date.now, random, signal };
  await createVault(context, { vaultId, master, name: "crash", nodeId: uuid4(random) });
  const keys = await deriveVaultKeys(master, vaultId);
  const enrol = (name: string) => {
    const db = openDatabase(`${dir}/${name}.db`);
    const capabilities = { conditionalPut: "yes", conditionalComplete: "yes" } as const;
    writeVault(db, { vaultId, name: "crash", location: {}, capabilities });
    newIdentity(db, uuid4(random), name);
    return db;
  };
  const a = enrol("a");
  record(a, testEvent(1), testEvent(2), testEvent(3, { cmd: "secret" }));
  await forget(a, keys, { events: matchEvents(a, { match: "secret" }), windows: [] });
  a.close();
  enrol("b").close();
  const vault = { id: vaultId, master: toHex(master) };
  return {
    dir,
    store,
    keys,
    enrol,
    job: (name) => ({ database: `${dir}/${name}.db`, target, vault }),
  };
}

/** A bucket behind a proxy, which sees every request. */
export function targetOf(rig: Rig, minio: Minio, prefix: string): Target {
  const { accessKey: accessKeyId, secretKey: secretAccessKey } = minio;
  const { bucket, proxy: { endpoint } } = rig;
  return { bucket, prefix, endpoint, accessKeyId, secretAccessKey };
}

/** Runs a job in a process that dies at a step, if `kill` does not end it before; false = it died. */
export async function child(
  job: Job,
  step: number,
  onSpawn?: (kill: () => void) => void,
): Promise<boolean> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CHILD, JSON.stringify(job), `${step}`],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let ended = false;
  onSpawn?.(() => {
    if (ended) return;
    try {
      process.kill("SIGKILL");
    } catch {
      // It has just come to its own end.
    }
  });
  const { success, signal, stderr } = await process.output();
  ended = true;
  if (!success && signal !== "SIGKILL") throw new Error(new TextDecoder().decode(stderr));
  return success;
}

/** Kills a job's process some time after its first request; false = it died. */
export async function killedAfter(milliseconds: number, rig: Rig, job: Job): Promise<boolean> {
  const first = rig.proxy.seen.length;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ended = await child(job, Infinity, (kill) => {
    rig.proxy.choose = ({ n }) => {
      if (n === first) timer = setTimeout(kill, milliseconds);
      return undefined;
    };
  });
  clearTimeout(timer);
  return ended;
}

/** Runs `body` with a directory that is removed after it. */
export async function inTempDir<T>(body: (dir: string) => Promise<T>): Promise<T> {
  const dir = await Deno.makeTempDir({ prefix: "hx-crash-" });
  try {
    return await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
