/**
 * Credentials from a profile of AWS's shared files.
 *
 * @module
 */
import { HxError } from "../../errors.ts";
import { type Credentials, type CredentialsSource, wholePair } from "../credentials.ts";
import { type Env, type Profile, readProfile } from "./profile_files.ts";

/** What only AWS's own tools turn into credentials: roles, web identities, SSO and logins. */
const UNSPOKEN = [
  "role_arn",
  "source_profile",
  "credential_source",
  "web_identity_token_file",
  "sso_session",
  "sso_start_url",
  "sso_account_id",
  "sso_role_name",
  "login_session",
];

/**
 * Credentials of the profile `wanted`, else of that of `AWS_PROFILE`, else of `default`: its
 * `credential_process`, or its keys.
 *
 * A profile that has neither has nothing here, but where it is `wanted`: then nothing else will do.
 * The source rejects with `config` for a profile that is not there, one that is not spoken, half a
 * key pair, and files that can't be read; for a process also with `auth` and `timeout`.
 */
export function profileSource(env: Env, wanted?: string): CredentialsSource {
  return async () => {
    const profile = await readProfile(env, wanted);
    const found = profile && await credentialsOf(profile);
    if (found === undefined && wanted) {
      throw new HxError("config", `the AWS profile "${wanted}" has no credentials`, {
        hint: "give it a credential_process or keys (`aws configure --profile NAME`)",
      });
    }
    return found;
  };
}

/**
 * AWS's tools prefer a role or SSO to a process, and keys to both. Here the process comes before
 * those that are not spoken, since it is what makes them work; keys beside them are most often
 * another identity's, so they are not taken.
 */
async function credentialsOf(profile: Profile): Promise<Credentials | undefined> {
  const unspoken = UNSPOKEN.find((key) => profile.get(key) !== undefined);
  const command = profile.get("credential_process");
  if (unspoken !== undefined && command === undefined) throw notSpoken(profile.name, unspoken);
  const keys = unspoken === undefined ? staticKeys(profile) : undefined;
  if (keys !== undefined || command === undefined) return keys;
  const { runCredentialProcess } = await import("./process.ts");
  return await runCredentialProcess(command, profile.name);
}

/** A pair is of one file: half of it in each are no pair. */
function staticKeys(profile: Profile): Credentials | undefined {
  const where = `the AWS profile "${profile.name}"`;
  for (const section of profile.sections) {
    const pair = wholePair(
      {
        accessKeyId: section.get("aws_access_key_id"),
        secretAccessKey: section.get("aws_secret_access_key"),
        sessionToken: section.get("aws_session_token"),
      },
      where,
      ["aws_access_key_id", "aws_secret_access_key"],
    );
    if (pair !== undefined) return pair;
  }
  return undefined;
}

function notSpoken(name: string, key: string): HxError {
  const word = /^[\w.@+/-]+$/.test(name) ? name : `"${name}"`;
  return new HxError("config", `the AWS profile "${name}" has ${key}, which hx does not speak`, {
    hint: "add to the profile: credential_process = " +
      `aws configure export-credentials --profile ${word} --format process`,
  });
}
