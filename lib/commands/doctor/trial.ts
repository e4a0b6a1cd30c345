/**
 * `hx doctor` on what the key may do at the store: each permission that hx needs is tried for real,
 * on an object of its own that is removed again. Its key is none of the format's (section 2), so that
 * every reader passes it over.
 *
 * @module
 */
import type { StoreCapabilities } from "../../db/mod.ts";
import { HxError, isCategory } from "../../errors.ts";
import { toHex } from "../../format/mod.ts";
import type { SyncStore } from "../../store/types.ts";
import { probeStore } from "../../sync/mod.ts";
import { checked, fail, type Finding, ok, warn } from "./finding.ts";

/** Somebody waits for the end. */
const HURRY_MS = 5_000;

/** What is tried, and on what. */
export interface Trial {
  store: SyncStore;
  /** The object that is made and removed again. */
  key: string;
  bytes: Uint8Array<ArrayBuffer>;
  signal: AbortSignal;
}

/**
 * Puts an object, does with it all that may be done with one, and removes it.
 *
 * @param known what the store was seen to do with conditions
 * @param listRefused the store refused to be listed; where it refuses a put too it allows nothing
 * @throws {HxError} `interrupted`
 */
export async function writeFindings(
  trial: Trial,
  known: StoreCapabilities,
  listRefused: boolean,
): Promise<Finding[]> {
  const { store, key, signal } = trial;
  try {
    const put = await putFinding(trial);
    if (put.level === "fail" && listRefused) return [put];
    const findings = put.level === "fail" ? [] : [
      await getFinding(trial),
      ...await checked("conditions", () => conditionFindings(trial, known)),
      ...await checked("uploads", () => uploadFindings(trial)),
    ];
    const removed = await deleteFinding(trial);
    const absence = removed.level === "ok" ? [await absenceFinding(trial)] : [];
    return [put, ...findings, removed, ...absence];
  } catch (error) {
    // Interrupted: what was made goes all the same, if that is quick.
    if (signal.aborted) {
      await store.delete(key, { signal: AbortSignal.timeout(HURRY_MS) }).catch(() => {});
    }
    throw error;
  }
}

async function putFinding({ store, key, bytes, signal }: Trial): Promise<Finding> {
  try {
    await store.putAtomic(key, bytes, { signal });
    return ok("put", "an object was written");
  } catch (error) {
    return fail("put", error);
  }
}

async function getFinding({ store, key, bytes, signal }: Trial): Promise<Finding> {
  try {
    const { body } = await store.get(key, { signal });
    const back = new Uint8Array(await new Response(body).arrayBuffer());
    if (toHex(back) === toHex(bytes)) return ok("get", "it was read back, as it was written");
    throw new HxError("corrupt", "an object that was just written is read back as another one", {
      hint: "a proxy, a cache or the storage itself changes what it carries",
    });
  } catch (error) {
    return fail("get", error);
  }
}

async function deleteFinding({ store, key, signal }: Trial): Promise<Finding> {
  try {
    await store.delete(key, { signal });
    return ok("delete", "it was removed");
  } catch (error) {
    const { hint, ...rest } = fail("delete", error);
    return { ...rest, hint: `${hint ? `${hint}; ` : ""}${key} may be left: it harms nobody` };
  }
}

/** To a key that may not list, S3 answers 403 where nothing is. */
async function absenceFinding({ store, key, signal }: Trial): Promise<Finding> {
  const name = "absence";
  try {
    await store.head(key, { signal });
    return warn(name, "what was removed is still there", "the storage lags, or keeps what it has");
  } catch (error) {
    if (isCategory(error, "not-found")) return ok(name, "what is not there is known not to be");
    if (!isCategory(error, "auth")) return fail(name, error);
    const hint = "allow s3:ListBucket on the bucket, without a condition on its prefix";
    return fail(name, error, hint);
  }
}

/** What the store does with conditions now, beside what was seen when the device was enrolled. */
async function conditionFindings(trial: Trial, known: StoreCapabilities): Promise<Finding[]> {
  const now = await probeStore(trial, trial.key, trial.bytes);
  const again = "`hx sync join` with the same store makes hx remember it";
  return ([
    ["conditions", "writes", known.conditionalPut, now.conditionalPut],
    ["conditions", "ends of long uploads", known.conditionalComplete, now.conditionalComplete],
  ] as const).map(([name, what, before, after]) => {
    const does = WORDS[after];
    if (before !== after) {
      const message = `conditional ${what} are ${does} now, and were ${WORDS[before]} at the start`;
      // Relying on what is not there any more could let two copies of a device overwrite each other.
      if (before === "yes") return fail(name, new HxError("config", message, { hint: again }));
      return warn(name, message, again);
    }
    const message = `conditional ${what} are ${does}`;
    if (after === "yes") return ok(name, message);
    return warn(name, `${message}: hx reads before and after it writes`, "see docs/providers.md");
  });
}

const WORDS = { yes: "honoured", ignored: "ignored", refused: "refused" } as const;

/** What only lists uploads hx can do without. */
async function uploadFindings({ store, key, signal }: Trial): Promise<Finding[]> {
  const trials = await store.tryUpload?.(key, { signal }) ?? [];
  const findings = trials.flatMap(({ action, error }) => {
    if (error === undefined) return [];
    const found = fail("uploads", error);
    if (!action.startsWith("s3:List")) return [found];
    return [
      warn("uploads", found.message, `${WITHOUT_LISTS}${found.hint ? `; ${found.hint}` : ""}`),
    ];
  });
  if (findings.length > 0 || trials.length === 0) return findings;
  return [ok("uploads", "an upload in parts was begun, listed and given up")];
}

const WITHOUT_LISTS = "long uploads that break off begin anew, and what they left is not found";
