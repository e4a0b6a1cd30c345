/** Push: publishes what waits. No request at all where nothing does. */
import { uuid4 } from "../format/mod.ts";
import { readIdentity, readOutbox, splitIdentity } from "../db/mod.ts";
import { sendBlobs } from "./blob_push.ts";
import type { SyncContext } from "./context.ts";
import { Recorder, type RunReport } from "./report.ts";
import { sealRound } from "./seal_round.ts";
import { IdentityCloned, sendOutbox } from "./send.ts";

/** How often one push starts over as a new node. Two clones need one split; more is an attack. */
const MAX_SPLITS = 3;

/**
 * Sends what an earlier run left in the outbox, then seals and sends what waits, round by round.
 *
 * @param recorder counts what is done, so that a failed push can be reported too
 * @throws {HxError} whatever the store failed with; a later push goes on where this one stopped
 */
export async function push(
  context: SyncContext,
  recorder: Recorder = new Recorder(context),
): Promise<RunReport> {
  for (let splits = 0;; splits++) {
    try {
      await pushRounds(context, recorder);
      return recorder.report(true);
    } catch (error) {
      if (!(error instanceof IdentityCloned) || splits >= MAX_SPLITS) throw error;
      await split(context);
    }
  }
}

async function pushRounds(context: SyncContext, recorder: Recorder): Promise<void> {
  let waiting = readOutbox(context.db);
  let blobs: ReadonlySet<string> | undefined;
  do {
    if (waiting.length > 0) {
      await sendOutbox(context);
      for (const { kind } of waiting) recorder.imported[kind]++;
    }
    context.signal.throwIfAborted();
    blobs ??= await sendBlobs(context, recorder);
    await sealRound(context, blobs);
    waiting = readOutbox(context.db);
  } while (waiting.length > 0);
}

/** Goes on as a new node, since another machine uses the old one's name. */
export async function split(context: SyncContext): Promise<void> {
  const old = readIdentity(context.db)!;
  await context.step?.("split");
  splitIdentity(context.db, uuid4(context.random));
  context.notify({
    type: "warning",
    message: `this device's identity ${old.nodeId} is in use elsewhere (a copied machine or a ` +
      `restored backup); it goes on as ${readIdentity(context.db)!.nodeId}`,
    hint: "nothing is lost or doubled; nothing has to be done",
  });
}
