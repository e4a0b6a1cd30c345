/**
 * Credentials of a container's role, from the endpoint that ECS, EKS and others give it.
 *
 * @module
 */
import { HxError } from "../../errors.ts";
import type { CredentialsSource } from "../credentials.ts";
import { credentialsIn, fieldsOf } from "./answer.ts";
import { askMetadata, type MetadataAnswer, type MetadataOptions } from "./metadata.ts";
import type { Env } from "./profile_files.ts";

const WHERE = "the container's credentials endpoint";
const ECS = "http://169.254.170.2";
/** Where plain HTTP does not leave the machine: loopback, and the addresses of ECS and EKS. */
const NEAR =
  /^(localhost|127(\.\d+){3}|\[::1\]|169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\])$/;
const HINT = "AWS_CONTAINER_CREDENTIALS_FULL_URI is an https URL, or http on this machine";

/**
 * Credentials from `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
 *
 * Where one of them is set nothing else will do: the source rejects with `config` for an address or
 * a token that is not allowed and for other answers, with `auth` where the endpoint refuses, and
 * with `server`, `network` and `timeout`.
 */
export function containerSource(env: Env, options: MetadataOptions = {}): CredentialsSource {
  return async () => {
    const url = endpointOf(env);
    if (url === undefined) return undefined;
    const token = await tokenOf(env);
    const headers: Record<string, string> = { accept: "application/json" };
    if (token !== undefined) headers.authorization = token;
    const answer = await askMetadata(WHERE, url, { headers }, options);
    if (answer.status !== 200) throw refused(answer);
    return credentialsIn(fieldsOf(answer.text), WHERE, "Token");
  };
}

function endpointOf(env: Env): URL | undefined {
  const relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (relative) {
    const url = relative.startsWith("/") ? URL.parse(ECS + relative) : null;
    if (url !== null) return url;
    throw new HxError("config", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path");
  }
  const full = env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!full) return undefined;
  const url = URL.parse(full);
  const isNear = url?.protocol === "http:" && NEAR.test(url.hostname);
  if (url !== null && (url.protocol === "https:" || isNear)) return url;
  throw new HxError("config", `${WHERE} would be asked in the clear, or is no URL`, { hint: HINT });
}

/** The file is read each time, since tokens in files change. */
async function tokenOf(env: Env): Promise<string | undefined> {
  const path = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  const token = path ? (await readToken(path)).trim() : env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (!token || /^[\x20-\x7e]+$/.test(token)) return token || undefined;
  throw new HxError("config", "the container's authorization token is not one line of text");
}

async function readToken(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new HxError("config", `the container's token file ${path} can't be read`, {
      hint: "check AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
      cause,
    });
  }
}

function refused({ status }: MetadataAnswer): HxError {
  const category = status >= 500 ? "server" : status >= 400 ? "auth" : "config";
  return new HxError(category, `${WHERE} gives no credentials (HTTP ${status})`, {
    hint: "check the container's role, and its authorization token",
  });
}
