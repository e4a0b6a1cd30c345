/**
 * `hx doctor` on the store: its credentials, whether it answers, the vault there, its clock.
 *
 * @module
 */
import type { VaultKeys } from "../../crypto/mod.ts";
import type { VaultRow } from "../../db/mod.ts";
import { isCategory } from "../../errors.ts";
import { toHex, utf8, uuid4 } from "../../format/mod.ts";
import { requireVault } from "../../sync/mod.ts";
import type { SyncStore } from "../../store/types.ts";
import { duration, localTime, printable } from "../../ui/text.ts";
import type { App, OpenStore, OpenStoreOptions } from "../app.ts";
import { MAX_SKEW_MS } from "../session.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import { writeFindings } from "./trial.ts";

/** A server's clock and ours are never quite the same, and answers take their time. */
const SOME_SKEW_MS = 30_000;
/** Credentials that end this soon may end within a sync. */
const SOON_MS = 15 * 60 * 1000;

/**
 * Tries the store of a vault.
 *
 * @param keys those of the vault, where this device has them
 */
export async function storeFindings(
  app: App,
  vault: VaultRow,
  keys: VaultKeys | undefined,
  options: OpenStoreOptions,
): Promise<Finding[]> {
  let opened: OpenStore;
  try {
    opened = await app.openStore(vault.location, { ...options, expectVault: true });
  } catch (error) {
    return [fail("store", error)];
  }
  try {
    const findings = await credentialsFindings(opened, app.clock());
    if (findings.every(({ level }) => level !== "fail")) {
      findings.push(...await storageFindings(app, opened.store, vault, keys));
      findings.push(...skewFindings(opened.skewMs?.()));
    }
    return findings;
  } finally {
    opened.close();
  }
}

async function credentialsFindings(opened: OpenStore, now: number): Promise<Finding[]> {
  if (!opened.credentials) return [];
  try {
    const { source = "an unknown place", expiresAt } = await opened.credentials();
    const from = `from ${printable(source)}`;
    if (expiresAt === undefined) return [ok("credentials", `${from}, with no end that is known`)];
    const until = `${from}, until ${localTime(expiresAt)}`;
    if (expiresAt > now + SOON_MS) return [ok("credentials", until)];
    return [warn("credentials", until, "log in again before a long sync, where they can't renew")];
  } catch (error) {
    return [fail("credentials", error)];
  }
}

async function storageFindings(
  { signal, random }: App,
  store: SyncStore,
  { vaultId, capabilities }: VaultRow,
  keys: VaultKeys | undefined,
): Promise<Finding[]> {
  const list = await listFinding(store, vaultId, signal);
  // A refusal may be of this one action; whatever else it is, the others would end no better.
  if (list.level === "fail" && !isCategory(list.error, "auth")) return [list];
  const trial = {
    store,
    key: `vaults/${vaultId}/doctor-${uuid4(random)}`,
    bytes: utf8(`hx doctor ${toHex(random(16))}\n`),
    signal,
  };
  return [
    list,
    ...keys ? [await vaultFinding(store, keys, signal)] : [],
    ...await writeFindings(trial, capabilities, list.level === "fail"),
  ];
}

async function listFinding(
  store: SyncStore,
  vaultId: string,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    await store.list(`vaults/${vaultId}/objects/manifests/`, { pageSize: 1, signal });
    return ok("list", "the store answers, and may be listed");
  } catch (error) {
    return fail("list", error);
  }
}

async function vaultFinding(
  store: SyncStore,
  keys: VaultKeys,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    await requireVault({ store, keys, signal });
    return ok("vault-object", "the vault is there, and this device's key opens it");
  } catch (error) {
    return fail("vault-object", error);
  }
}

/** Of the storage's clock beside this one. */
export function skewFindings(skewMs: number | undefined): Finding[] {
  if (skewMs === undefined) return [];
  const apart = Math.abs(skewMs);
  if (apart <= SOME_SKEW_MS) return [ok("store-clock", `this clock and the storage's agree`)];
  const which = skewMs > 0 ? "behind" : "ahead of";
  const message = `this machine's clock is ${duration(apart)} ${which} the storage's`;
  const effect = apart > MAX_SKEW_MS ? "; requests are signed by the storage's clock" : "";
  return [warn("store-clock", message + effect, "set it right: new commands get its time")];
}
