/**
 * All places where credentials may be, in order. What comes after the environment is loaded only
 * where it is looked at.
 *
 * @module
 */
import { HxError } from "../../errors.ts";
import {
  type CredentialsProvider,
  type CredentialsSource,
  environmentSource,
  firstOf,
} from "../credentials.ts";
import { refreshing } from "./refreshing.ts";

/** What {@link credentialsChain} works with. */
export interface ChainOptions {
  /** Reads one variable of the environment. */
  env: (name: string) => string | undefined;
  /** The profile that the user named for this store; then nothing else counts. */
  profile?: string | undefined;
  /** Milliseconds since 1970. */
  clock: () => number;
  /** Waits so many milliseconds between tries. */
  sleep: (milliseconds: number) => Promise<void>;
}

/**
 * The environment, then the profile of `AWS_PROFILE` or the default one, then the container's
 * endpoint, then the instance's metadata service; the first that has something counts. They are
 * held, and fetched anew before they end.
 *
 * The provider rejects with `auth` where there are none, and with what a source throws.
 */
export function credentialsChain(options: ChainOptions): CredentialsProvider {
  const { env, profile, clock, sleep } = options;
  const fromProfile: CredentialsSource = async () =>
    await (await import("./profile.ts")).profileSource(env, profile)();
  const fromContainer: CredentialsSource = async () =>
    await (await import("./container.ts")).containerSource(env, { sleep })();
  const fromInstance: CredentialsSource = async () =>
    await (await import("./imds.ts")).imdsSource(env, { sleep })();
  const everywhere = [
    environmentSource(env),
    fromProfile,
    webIdentity(env),
    fromContainer,
    fromInstance,
  ];
  return refreshing(firstOf(profile ? [fromProfile] : everywhere), clock);
}

/** A web identity that is meant to be used: the roles after it would be other ones. */
function webIdentity(env: ChainOptions["env"]): CredentialsSource {
  // deno-lint-ignore require-await
  return async () => {
    if (!env("AWS_WEB_IDENTITY_TOKEN_FILE") || !env("AWS_ROLE_ARN")) return undefined;
    throw new HxError(
      "config",
      "the environment has AWS_WEB_IDENTITY_TOKEN_FILE, which hx does not speak",
      {
        hint: "add to the default profile: credential_process = " +
          "aws configure export-credentials --format process",
      },
    );
  };
}
