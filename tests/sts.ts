/** Temporary credentials from a MinIO, as a login gives them. */
import assert from "node:assert/strict";
import { AwsV4Signer } from "aws4fetch";
import type { Credentials } from "../lib/s3/mod.ts";
import type { Minio } from "./minio.ts";

/**
 * A key pair that is good for an hour, with its token: another one at every call.
 *
 * @param policy what it may do, as an IAM policy; all that MinIO's own key may where it is absent
 */
export async function temporaryCredentials(
  minio: Minio,
  policy?: unknown,
): Promise<Credentials & { sessionToken: string }> {
  const limit = policy === undefined ? "" : `&Policy=${encodeURIComponent(JSON.stringify(policy))}`;
  const body = `Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600${limit}`;
  const { url, headers } = await new AwsV4Signer({
    method: "POST",
    url: `${minio.endpoint}/`,
    accessKeyId: minio.accessKey,
    secretAccessKey: minio.secretKey,
    service: "sts",
    region: "us-east-1",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body,
  }).sign();
  const response = await fetch(url, { method: "POST", headers, body });
  const text = await response.text();
  assert.ok(response.ok, text);
  const of = (name: string) => new RegExp(`<${name}>(.+?)</${name}>`).exec(text)![1]!;
  return {
    accessKeyId: of("AccessKeyId"),
    secretAccessKey: of("SecretAccessKey"),
    sessionToken: of("SessionToken"),
  };
}
