/**
 * Work that has to be done in a given time.
 *
 * @module
 */

/**
 * What `work` gives; the signal that it is handed fires with a `TimeoutError` after so many
 * milliseconds, and no more once the work is over.
 */
export async function within<T>(
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const late = new DOMException("it took too long", "TimeoutError");
  const timer = setTimeout(() => controller.abort(late), milliseconds);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
