/**
 * Credentials of an EC2 instance's role, from its metadata service, version 2.
 *
 * @module
 */
import { HxError } from "../../errors.ts";
import type { CredentialsSource } from "../credentials.ts";
import { credentialsIn, fieldsOf } from "./answer.ts";
import { askMetadata, type MetadataAnswer, type MetadataOptions } from "./metadata.ts";
import type { Env } from "./profile_files.ts";

const WHERE = "the instance metadata service";
const IPV4 = "http://169.254.169.254";
const IPV6 = "http://[fd00:ec2::254]";
const TOKEN_SECONDS = 21_600;
const ROLES = "/latest/meta-data/iam/security-credentials/";

/**
 * Credentials of the role of this machine, where it is an EC2 instance that has one.
 *
 * A machine that gives no session token is no such instance; that is known within two seconds. After
 * that the source rejects with `auth` for a role that may not be used, with `config` for answers
 * that are none, and with `server`, `network` and `timeout`.
 */
export function imdsSource(env: Env, options: MetadataOptions = {}): CredentialsSource {
  return async () => {
    if (env("AWS_EC2_METADATA_DISABLED")?.toLowerCase() === "true") return undefined;
    const base = endpointOf(env);
    const token = await tokenOf(base, options);
    if (token === undefined) return undefined;
    const get = (path: string) =>
      askMetadata(WHERE, new URL(base + path), {
        headers: { "x-aws-ec2-metadata-token": token },
      }, options);
    const roles = await get(ROLES);
    if (roles.status === 404) return undefined; // an instance without a role
    const role = textOf(roles).split("\n")[0]!.trim();
    // The characters of IAM's role names.
    if (!/^[\w+=,.@-]+$/.test(role)) throw new HxError("config", `${WHERE} names no role`);
    const fields = fieldsOf(textOf(await get(ROLES + encodeURIComponent(role))));
    if (typeof fields?.Code === "string" && fields.Code !== "Success") throw unusable();
    const found = credentialsIn(fields, WHERE, "Token");
    return { ...found, source: `${WHERE}, role ${role}` };
  };
}

function endpointOf(env: Env): string {
  const own = env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  const isIpv6 = env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.toLowerCase() === "ipv6";
  if (!own) return isIpv6 ? IPV6 : IPV4;
  const url = URL.parse(own);
  if (url !== null && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, "");
  throw new HxError("config", "AWS_EC2_METADATA_SERVICE_ENDPOINT is no http or https URL");
}

/** Whatever goes wrong here: other networks have other things at that address, or nothing. */
async function tokenOf(base: string, options: MetadataOptions): Promise<string | undefined> {
  try {
    const { status, text } = await askMetadata(WHERE, new URL(`${base}/latest/api/token`), {
      method: "PUT",
      headers: { "x-aws-ec2-metadata-token-ttl-seconds": String(TOKEN_SECONDS) },
    }, options);
    return status === 200 && /^[\x21-\x7e]+$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

function textOf({ status, text }: MetadataAnswer): string {
  if (status === 200) return text;
  throw new HxError(status >= 500 ? "server" : "auth", `${WHERE} refused (HTTP ${status})`, {
    hint: "check the instance's role",
  });
}

function unusable(): HxError {
  return new HxError("auth", `${WHERE} has no credentials for the instance's role`, {
    hint: "check the role's trust policy",
  });
}
