/**
 * `--timeout`, of every verb that talks to a store.
 *
 * @module
 */
import { DEFAULT_TIMEOUT_S } from "../app.ts";
import type { OptionSpec } from "../verb.ts";

/** How long one request may take. */
export const TIMEOUT: OptionSpec = {
  name: "timeout",
  value: "seconds",
  about: `how long one request may take with all its retries (default: ${DEFAULT_TIMEOUT_S})`,
  parse: (text) => Number(text) > 0 && Number(text) <= 86_400 ? Number(text) : undefined,
  expects: "a number of seconds, up to 86400",
};
