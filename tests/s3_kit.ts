/** An S3 store on a MinIO of the tests. */
import { createS3Fetch, parseStoreUri, S3Store } from "../lib/s3/mod.ts";
import { type Meter, sleep } from "../lib/store/mod.ts";
import type { Minio } from "./minio.ts";

/** What opens the store at a prefix of a bucket, over shared connections; a meter counts its requests. */
export function s3Opener(
  minio: Pick<Minio, "endpoint" | "accessKey" | "secretKey">,
  bucket: string,
  prefix: string,
  fetch: ReturnType<typeof createS3Fetch>,
): (observer?: Meter) => S3Store {
  const { endpoint, accessKey: accessKeyId, secretKey: secretAccessKey } = minio;
  const location = parseStoreUri(`s3+endpoint://${bucket}/${prefix}`, { endpoint });
  if (location.kind !== "s3") throw new Error("not an S3 location");
  return (observer) =>
    new S3Store({
      location,
      credentials: () => Promise.resolve({ accessKeyId, secretAccessKey }),
      fetch,
      clock: Date.now,
      random: Math.random,
      sleep,
      timeoutMs: 120_000,
      ...(observer && { observer }),
    });
}
