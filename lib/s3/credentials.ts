/**
 * Where the keys to the storage come from.
 *
 * @module
 */
import { HxError } from "../errors.ts";

/** A key pair, and the token that temporary ones have. */
export interface Credentials {
  /** Tells whose key it is; not a secret, but not shown either. */
  accessKeyId: string;
  /** Signs; never sent, never shown. */
  secretAccessKey: string;
  /** Goes along with temporary keys. */
  sessionToken?: string;
  /** When they end, in milliseconds since 1970; absent = never. */
  expiresAt?: number;
}

/** Asked before every request, so it is quick as a rule; rejects where there are no credentials. */
export type CredentialsProvider = () => Promise<Credentials>;

/** One place to look: undefined = nothing here, look further; an error ends the search. */
export type CredentialsSource = () => Promise<Credentials | undefined>;

/**
 * The first of `sources` that has credentials.
 *
 * The provider rejects with `auth` where none has, and with what a source throws.
 */
export function firstOf(sources: readonly CredentialsSource[]): CredentialsProvider {
  return async () => {
    for (const source of sources) {
      const found = await source();
      if (found !== undefined) return found;
    }
    throw new HxError("auth", "there are no credentials for the storage", {
      hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    });
  };
}

/**
 * Credentials from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
 *
 * The source rejects with `config` for half a key pair.
 *
 * @param env reads one variable
 */
export function environmentSource(env: (name: string) => string | undefined): CredentialsSource {
  // deno-lint-ignore require-await
  return async () => {
    const accessKeyId = env("AWS_ACCESS_KEY_ID");
    const secretAccessKey = env("AWS_SECRET_ACCESS_KEY");
    const sessionToken = env("AWS_SESSION_TOKEN");
    if (!accessKeyId && !secretAccessKey) return undefined;
    if (!accessKeyId || !secretAccessKey) {
      const missing = accessKeyId ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID";
      throw new HxError("config", `the environment has half a key pair: ${missing} is not set`, {
        hint: "set both, or neither",
      });
    }
    return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  };
}
