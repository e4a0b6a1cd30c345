/**
 * A device that is killed: runs one sync over a folder store and kills itself, for real, at a given step.
 *
 * Arguments: database, store folder, vault id, master key in hex, step to die at (from 0).
 */
import { deriveVaultKeys } from "../lib/crypto/mod.ts";
import { openDatabase } from "../lib/db/mod.ts";
import { fromHex } from "../lib/format/mod.ts";
import { CountingStore, FolderStore, Meter, type SyncStore } from "../lib/store/mod.ts";
import { runSync } from "../lib/sync/mod.ts";

const [database, folder, vaultId, master, at] = Deno.args as [
  string,
  string,
  string,
  string,
  string,
];
let left = Number(at);

/** Dies without a word, as a power cut would have it. */
function step(): void {
  if (left-- === 0) Deno.kill(Deno.pid, "SIGKILL");
}

/** Counts a step before and after every call. */
function stepping(store: SyncStore): SyncStore {
  const around = async <T>(work: () => Promise<T>): Promise<T> => {
    step();
    const result = await work();
    step();
    return result;
  };
  return {
    uri: store.uri,
    list: (...args) => around(() => store.list(...args)),
    get: (...args) => around(() => store.get(...args)),
    putAtomic: (...args) => around(() => store.putAtomic(...args)),
    head: (...args) => around(() => store.head(...args)),
    delete: (...args) => around(() => store.delete(...args)),
  };
}

const meter = new Meter();
const db = openDatabase(database);
await runSync(
  {
    db,
    store: new CountingStore(stepping(await FolderStore.open(folder)), meter),
    keys: await deriveVaultKeys(fromHex(master)!, vaultId),
    conditionalWrites: true,
    clock: Date.now,
    random: (n) => crypto.getRandomValues(new Uint8Array(n)),
    device: { platform: "test", hxVersion: "0" },
    signal: new AbortController().signal,
    meter,
    notify: () => {},
    step,
  },
  `${database}-lock`,
  ["pull", "push"],
);
db.close();
