/** In what order contents travel: small ones several at once, large ones one by one. */
import type { Blob } from "../db/mod.ts";
import { fetchAhead } from "./fetch_ahead.ts";

/** Up to here many are under way at once, in bytes. */
const SMALL_BYTES = 1 << 20;
const SMALL_AT_ONCE = 8;

/**
 * Calls `call` for each content and gives the results, in an order that bounds memory. However the
 * loop over it ends, no call is left running.
 */
export async function* inTurns<R>(
  blobs: readonly Blob[],
  signal: AbortSignal,
  call: (blob: Blob, signal: AbortSignal) => Promise<R>,
): AsyncGenerator<R> {
  const small = blobs.filter(({ size }) => size <= SMALL_BYTES);
  yield* fetchAhead(small, { limit: SMALL_AT_ONCE, signal, call });
  for (const blob of blobs) {
    if (blob.size <= SMALL_BYTES) continue;
    signal.throwIfAborted();
    yield await call(blob, signal);
  }
}
