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
  /** Where they came from, in words that may be shown. */
  source?: string;
}

/** Asked before every request, so it is quick as a rule; rejects where there are no credentials. */
export interface CredentialsProvider {
  /** Credentials that are good now, as far as one knows. */
  (): Promise<Credentials>;
  /**
   * Fetches them anew, for a storage that refuses the ones it got as expired; requests that ask at
   * the same time share one answer. Absent, or the same key with the same token, where nothing can
   * be renewed.
   */
  refresh?(): Promise<Credentials>;
}

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
      hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name an AWS profile: --profile",
    });
  };
}

/** What a place holds of a key pair; an empty text is as good as none. */
export interface FoundKeys {
  /** The public half. */
  accessKeyId: string | undefined;
  /** The secret half. */
  secretAccessKey: string | undefined;
  /** The token of temporary keys. */
  sessionToken: string | undefined;
  /** When they end, in milliseconds since 1970. */
  expiresAt?: number | undefined;
}

/** Goes into a header as it is, and what a header refuses would be quoted in an error. */
const HEADER_WORD = /^[\x21-\x7e]+$/;

/**
 * The credentials of a place; undefined where it has none.
 *
 * @param where the place, in words that may be shown
 * @param names what the place calls the two halves
 * @throws {HxError} `config` for half a key pair, and for keys that no header can hold
 */
export function wholePair(
  { accessKeyId, secretAccessKey, sessionToken, expiresAt }: FoundKeys,
  where: string,
  names: readonly [accessKeyId: string, secretAccessKey: string],
): Credentials | undefined {
  if (!accessKeyId && !secretAccessKey) return undefined;
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? names[1] : names[0];
    throw new HxError("config", `${where} has half a key pair: ${missing} is not set`, {
      hint: "set both, or neither",
    });
  }
  if (![accessKeyId, sessionToken || "none"].every((word) => HEADER_WORD.test(word))) {
    throw new HxError("config", `${where} has an access key or session token with odd characters`, {
      hint: "look for white space and line ends in it",
    });
  }
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    source: where,
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
  return async () =>
    wholePair(
      {
        accessKeyId: env("AWS_ACCESS_KEY_ID"),
        secretAccessKey: env("AWS_SECRET_ACCESS_KEY"),
        sessionToken: env("AWS_SESSION_TOKEN"),
      },
      "the environment",
      ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    );
}
