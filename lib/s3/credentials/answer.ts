/**
 * The JSON documents in which credentials are handed over.
 *
 * @module
 */
import { HxError } from "../../errors.ts";
import { type Credentials, wholePair } from "../credentials.ts";

/** The longest document taken, in bytes; session tokens are a few thousand. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** The fields of a JSON object; undefined for any other text. */
export function fieldsOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined; // JSON's own message quotes the text
  }
}

/**
 * The credentials in such a document.
 *
 * @param where who gave it, for error texts
 * @param token the field of the session token
 * @throws {HxError} `config` where they are not there, or not whole; its text quotes nothing
 */
export function credentialsIn(
  fields: Readonly<Record<string, unknown>> | undefined,
  where: string,
  token: "Token" | "SessionToken",
): Credentials {
  const pair = fields && wholePair(
    {
      accessKeyId: textOf(fields.AccessKeyId),
      secretAccessKey: textOf(fields.SecretAccessKey),
      sessionToken: textOf(fields[token]),
      expiresAt: timeOf(fields.Expiration, where),
    },
    where,
    ["AccessKeyId", "SecretAccessKey"],
  );
  if (pair !== undefined) return pair;
  throw new HxError("config", `${where} answered, but not with credentials`);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A wrong time is an error: without one, credentials would be held for ever. */
function timeOf(value: unknown, where: string): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const time = typeof value === "string" ? Date.parse(value) : NaN;
  if (!Number.isNaN(time)) return time;
  throw new HxError("config", `${where} gave credentials whose Expiration is no time`);
}
