/**
 * The key file: the master key of the vault that this device is in, readable by its owner only.
 *
 * @module
 */
import { join } from "node:path";
import { deriveVaultKeys, KEY_BYTES, type VaultKeys } from "../crypto/mod.ts";
import { HxError } from "../errors.ts";
import { fromHex, isUuid, toHex } from "../format/mod.ts";
import type { Ui } from "../ui/ui.ts";
import type { App } from "./app.ts";

/** What the key file holds. */
export interface VaultKey {
  /** The vault: a lower-case UUID. */
  vaultId: string;
  /** K_master. */
  master: Uint8Array<ArrayBuffer>;
  /** K_forget where the vault brings its own (format, section 4). */
  forgetKey?: Uint8Array<ArrayBuffer>;
}

const MARK = "hx-key-1";

/** Marks a file that holds K_forget too: an hx that knows nothing of it would go on with another. */
const MARK_FORGET = "hx-key-2";

function pathOf(app: App): string {
  return join(app.dataDir, "key");
}

/** The key of the vault that this device is about to go over to. */
function nextPathOf(app: App): string {
  return join(app.dataDir, "key.next");
}

/**
 * The key, if this device has one. A file that others can read is warned of.
 *
 * @throws {HxError} `config` where the file is not one of hx, or can't be read
 */
export async function readKey(app: App, ui: Ui): Promise<VaultKey | undefined> {
  return await readKeyFile(ui, pathOf(app));
}

/**
 * The key of the vault that this device was about to go over to, when it was stopped.
 *
 * @throws {HxError} `config`
 */
export async function readNextKey(app: App, ui: Ui): Promise<VaultKey | undefined> {
  return await readKeyFile(ui, nextPathOf(app));
}

async function readKeyFile(ui: Ui, path: string): Promise<VaultKey | undefined> {
  let text: string;
  try {
    const { mode } = await Deno.stat(path);
    if (mode !== null && (mode & 0o077) !== 0) {
      ui.warn(`the key file ${path} can be read by others`, `chmod 600 '${path}'`);
    }
    text = await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new HxError("config", `the key file ${path} can't be read`, {
      hint: "check its owner and mode",
      cause,
    });
  }
  return parseKeyFile(text, path);
}

function parseKeyFile(text: string, path: string): VaultKey {
  const [mark, vaultId = "", hex = "", ...rest] = text.trimEnd().split(" ");
  const isKnown = mark === MARK || mark === MARK_FORGET;
  if (!isKnown && /^hx-key-\d+$/.test(mark ?? "")) {
    throw new HxError("config", `the key file ${path} was written by a newer hx`, {
      hint: "update hx on this device",
    });
  }
  const master = fromHex(hex);
  const forgetKey = mark === MARK_FORGET ? fromHex(rest.shift() ?? "") : undefined;
  const isWhole = master?.length === KEY_BYTES && rest.length === 0 &&
    (mark === MARK || forgetKey?.length === KEY_BYTES);
  if (!isKnown || !isUuid(vaultId) || !isWhole) {
    throw new HxError("config", `the key file ${path} is damaged`, {
      hint: "move it away and run `hx sync join --store URI` with the recovery words",
    });
  }
  return { vaultId, master, ...(forgetKey && { forgetKey }) };
}

/**
 * Writes the key file, whole or not at all, and durably. What was there and is not the same vault's
 * key is put aside (`key.VAULT`, `key.unreadable`): it may be the only one there is.
 */
export async function writeKey(app: App, ui: Ui, key: VaultKey): Promise<void> {
  await putAside(app, ui, key.vaultId);
  await writeKeyFile(app, pathOf(app), key);
}

/** Writes the key of the vault that this device is about to go over to, just as durably. */
export async function writeNextKey(app: App, key: VaultKey): Promise<void> {
  await writeKeyFile(app, nextPathOf(app), key);
}

async function writeKeyFile(app: App, path: string, key: VaultKey): Promise<void> {
  const temp = `${path}.${toHex(app.random(8))}.tmp`;
  try {
    const file = await Deno.open(temp, { write: true, createNew: true, mode: 0o600 });
    try {
      const line = new TextEncoder().encode(keyLine(key));
      for (let at = 0; at < line.length;) at += await file.write(line.subarray(at));
      await file.sync();
    } finally {
      file.close();
    }
    await Deno.rename(temp, path);
    await syncFolder(app.dataDir);
  } catch (cause) {
    await Deno.remove(temp).catch(() => {});
    throw new HxError("config", `the key file ${path} can't be written`, {
      hint: "check the disk, and owner and mode of the folder",
      cause,
    });
  }
}

function keyLine({ vaultId, master, forgetKey }: VaultKey): string {
  return forgetKey
    ? `${MARK_FORGET} ${vaultId} ${toHex(master)} ${toHex(forgetKey)}\n`
    : `${MARK} ${vaultId} ${toHex(master)}\n`;
}

async function putAside(app: App, ui: Ui, vaultId: string): Promise<void> {
  const path = pathOf(app);
  const old = await readKey(app, ui).catch(() => "unreadable" as const);
  if (old === undefined || (old !== "unreadable" && old.vaultId === vaultId)) return;
  const aside = `${path}.${old === "unreadable" ? old : old.vaultId}`;
  await Deno.rename(path, aside);
  ui.note(`the key file that was here is kept as ${aside}`);
}

/** Removes the key of a vault that was not made after all. */
export async function removeKey(app: App): Promise<void> {
  await Deno.remove(pathOf(app));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await Deno.open(path, { read: true });
  try {
    await folder.sync();
  } finally {
    folder.close();
  }
}

/**
 * The key, which has to be there.
 *
 * @param vaultId the vault that it has to be of
 * @throws {HxError} `config` where the key file is missing or of another vault
 */
export async function requireKey(app: App, ui: Ui, vaultId?: string): Promise<VaultKey> {
  const key = await readKey(app, ui);
  if (key && (vaultId ?? key.vaultId) === key.vaultId) return key;
  // The database went over to another vault, and then the run was stopped.
  const next = vaultId === undefined ? undefined : await readNextKey(app, ui);
  if (next && next.vaultId === vaultId) return await takeNextKey(app, ui, next);
  if (vaultId === undefined) {
    throw new HxError("config", "this device has no key yet", {
      hint: "`hx sync`, `hx sync init` and `hx sync join` make or fetch one",
    });
  }
  const found = key ? "is of another vault" : "is missing";
  throw new HxError("config", `the key file ${pathOf(app)} ${found}`, {
    hint: "run `hx sync join --store URI` with the recovery words",
  });
}

/** Makes the key of the vault that this device has gone over to its own; the old one is kept aside. */
export async function takeNextKey(app: App, ui: Ui, next: VaultKey): Promise<VaultKey> {
  await writeKey(app, ui, next);
  await Deno.remove(nextPathOf(app));
  return next;
}

/**
 * The keys of the vault that this device is enrolled in.
 *
 * @throws {HxError} `config` where the key file is missing or of another vault
 */
export async function requireKeys(app: App, ui: Ui, vaultId: string): Promise<VaultKeys> {
  const { master, forgetKey } = await requireKey(app, ui, vaultId);
  return await deriveVaultKeys(master, vaultId, forgetKey);
}
