/**
 * Credentials that are held, and fetched anew before they end.
 *
 * @module
 */
import type { Credentials, CredentialsProvider } from "../credentials.ts";

/** How long before their end credentials are fetched anew. */
const EARLY_MS = 5 * 60_000;
/** How long to leave it, where that failed or brought nothing that lasts. */
const PAUSE_MS = 30_000;

/**
 * A provider that asks `provider` once, and again 5 minutes before what it gave ends. Callers at the
 * same time share one answer. Where asking again fails, credentials that have not ended serve on.
 *
 * @param clock milliseconds since 1970
 */
export function refreshing(
  provider: () => Promise<Credentials>,
  clock: () => number,
): CredentialsProvider {
  let held: Credentials | undefined;
  let askedAt = 0;
  let asking: Promise<Credentials> | undefined;
  const ask = async () => {
    askedAt = clock();
    return held = await provider();
  };
  const refresh = () => asking ??= ask().finally(() => asking = undefined);
  const current = async () => {
    if (held === undefined) return await refresh();
    if (asking === undefined && !isDue(held, askedAt, clock())) return held;
    try {
      return await refresh();
    } catch (error) {
      if (clock() < (held.expiresAt ?? Infinity)) return held;
      throw error;
    }
  };
  return Object.assign(current, { refresh });
}

/** With the pause, a provider whose credentials end early or at once is not asked for every request. */
function isDue({ expiresAt = Infinity }: Credentials, askedAt: number, now: number): boolean {
  if (now < expiresAt - EARLY_MS) return false;
  return now >= askedAt + PAUSE_MS || (now >= expiresAt && askedAt < expiresAt);
}
