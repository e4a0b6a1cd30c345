/**
 * Bodies that go on where a broken connection left them.
 *
 * @module
 */
import { HxError, isCategory } from "../errors.ts";
import type { StoredObject } from "../store/mod.ts";

/** How often one body may be taken up again. */
const MAX_RESUMES = 7;

/** What {@link resuming} needs. */
export interface Resume {
  key: string;
  /**
   * The rest of the same version, without the first `seen` bytes of the body. `count` tells how
   * often that was needed, from 1; it waits before it asks again.
   */
  reopen(seen: number, count: number): Promise<StoredObject>;
}

/**
 * The body of `first`, taken up again where the network breaks it.
 *
 * The stream errors with `conflict` where the object was changed meanwhile, with `network` where
 * going on does not work, and with what else the body errors with.
 */
export function resuming(first: StoredObject, resume: Resume): ReadableStream<Uint8Array> {
  let reader = first.body.getReader();
  let seen = 0;
  let count = 0;
  let cancelled = false;
  const goOn = async (error: unknown) => {
    if (!isCategory(error, "network") || count === MAX_RESUMES || cancelled) throw error;
    const next = await resume.reopen(seen, ++count).catch((reason) => {
      // No ranges, or not over this way: what broke the body says more.
      throw isCategory(reason, "config") ? error : reason;
    });
    reader = next.body.getReader();
    const same = next.etag === first.etag && next.size === first.size;
    if (same && !cancelled) return;
    await reader.cancel().catch(() => {});
    if (!same) throw new HxError("conflict", `the object ${resume.key} changed while it was read`);
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      while (!cancelled) {
        try {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          seen += value.length;
          return controller.enqueue(value);
        } catch (error) {
          await goOn(error);
        }
      }
    },
    async cancel(reason) {
      cancelled = true;
      await reader.cancel(reason).catch(() => {});
    },
  }, { highWaterMark: 0 });
}
