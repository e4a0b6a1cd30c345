/** One sync run as a user starts it: under the lock, with its report kept for status. */
import { takeSyncLock, writeRun } from "../db/mod.ts";
import type { SyncContext } from "./context.ts";
import { pull } from "./pull.ts";
import { push } from "./push.ts";
import { errorReport, Recorder, type RunReport } from "./report.ts";

/** The halves of a sync. */
export type Operation = "pull" | "push";

/** What a run did. */
export type RunReports = Partial<Record<Operation, RunReport>>;

const WORK = { pull, push };

/**
 * Runs the operations in order under the device's sync lock. Each one's report, and the last error,
 * stay in the database for status.
 *
 * @param lockPath the lock's file, beside the database
 * @throws {HxError} `busy` where another sync of this device runs; what the operation failed with
 */
export async function runSync(
  context: SyncContext,
  lockPath: string,
  operations: readonly Operation[],
): Promise<RunReports> {
  const lock = takeSyncLock(lockPath);
  try {
    const reports: RunReports = {};
    for (const operation of operations) {
      reports[operation] = await runOne(context, operation);
    }
    return reports;
  } finally {
    lock.release();
  }
}

async function runOne(context: SyncContext, operation: Operation): Promise<RunReport> {
  const { db, clock } = context;
  const recorder = new Recorder(context);
  try {
    const report = await WORK[operation](context, recorder);
    writeRun(db, `last_${operation}`, report);
    return report;
  } catch (error) {
    writeRun(db, `last_${operation}`, recorder.report(false));
    writeRun(db, "last_error", errorReport(error, operation, clock()));
    throw error;
  }
}
