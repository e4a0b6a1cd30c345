/** The sync lock of a device: one push or pull at a time, released with its process. */
import { DatabaseSync } from "node:sqlite";
import { HxError } from "../errors.ts";

/** A held lock. */
export interface SyncLock {
  /** Gives it back; may be repeated. */
  release(): void;
}

/**
 * Takes the sync lock without waiting. It is an exclusive SQLite transaction on a file of its own, so
 * the system drops it when the process ends, however it ends.
 *
 * @throws {HxError} `busy` where another process holds it
 */
export function takeSyncLock(path: string): SyncLock {
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    lock.close();
    throw new HxError("busy", "another sync of this device is running", {
      hint: "wait for it to finish; nothing is lost by waiting",
      cause,
    });
  }
  return {
    release: () => {
      if (lock.isOpen) lock.close();
    },
  };
}
