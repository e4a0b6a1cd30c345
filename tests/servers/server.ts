/** An S3 server that runs, as the store's tests need it. */
import { AwsV4Signer } from "aws4fetch";

/** Where a server is, and who we are there. */
export interface Server {
  /** Its URL, without a slash at the end. */
  endpoint: string;
  accessKey: string;
  secretKey: string;
  /** Makes a bucket of a new name, and answers with the name. */
  newBucket(): Promise<string>;
}

/** The variables that `scripts/servers.sh start` prints. */
export type ServerEnv = Record<
  "AWS_ENDPOINT_URL_S3" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY",
  string
>;

/** The server that the environment names. */
export function serverFromEnv(): Server {
  const get = (name: keyof ServerEnv) => {
    const value = Deno.env.get(name);
    if (!value) throw new Error(`${name} is not set: run \`deno task servers\``);
    return value;
  };
  return serverOf({
    AWS_ENDPOINT_URL_S3: get("AWS_ENDPOINT_URL_S3"),
    AWS_ACCESS_KEY_ID: get("AWS_ACCESS_KEY_ID"),
    AWS_SECRET_ACCESS_KEY: get("AWS_SECRET_ACCESS_KEY"),
  });
}

/** A server by what its start printed. */
export function serverOf(env: ServerEnv): Server {
  const endpoint = env.AWS_ENDPOINT_URL_S3;
  const [accessKey, secretKey] = [env.AWS_ACCESS_KEY_ID, env.AWS_SECRET_ACCESS_KEY];
  const newBucket = async () => {
    const bucket = `hx-${crypto.randomUUID()}`;
    const signed = await new AwsV4Signer({
      method: "PUT",
      url: `${endpoint}/${bucket}`,
      accessKeyId: accessKey,
      secretAccessKey: secretKey,
      service: "s3",
      region: "us-east-1",
    }).sign();
    const { url, method, headers } = signed;
    const response = await fetch(url, { method, headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`making a bucket: ${response.status} ${text}`);
    return bucket;
  };
  return { endpoint, accessKey, secretKey, newBucket };
}
