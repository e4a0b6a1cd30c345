/**
 * A large file up and down by `fetch` alone, as one would write it: parts of 8 MiB with presigned URLs,
 * three at a time; the answer as it comes. Nothing is hashed or encrypted.
 *
 * Arguments: `up` or `down`, file, endpoint, bucket, access key, secret key.
 */
import { AwsV4Signer } from "aws4fetch";

const [direction, path, endpoint, bucket, accessKeyId, secretAccessKey] = Deno.args as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const PART_BYTES = 8 * 2 ** 20;
const LANES = 3;
const KEY = "plain";

async function send(method: string, query: Record<string, string>, body?: BodyInit) {
  const url = new URL(`${endpoint}/${bucket}/${KEY}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const service = { service: "s3", region: "us-east-1", signQuery: true };
  const signer = new AwsV4Signer({
    method,
    url: url.href,
    accessKeyId,
    secretAccessKey,
    ...service,
  });
  const response = await fetch((await signer.sign()).url, { method, ...(body && { body }) });
  if (!response.ok) throw new Error(`${method}: ${response.status}`);
  return response;
}

async function up(): Promise<void> {
  const created = await (await send("POST", { uploads: "" })).text();
  const uploadId = /<UploadId>([^<]+)</.exec(created)![1]!;
  const { size } = await Deno.stat(path);
  const etags: string[] = [];
  let next = 0;
  const lane = async () => {
    using file = await Deno.open(path);
    const part = new Uint8Array(PART_BYTES);
    for (let n = next++; n * PART_BYTES < size; n = next++) {
      await file.seek(n * PART_BYTES, Deno.SeekMode.Start);
      let filled = 0;
      while (filled < part.length) {
        const read = await file.read(part.subarray(filled));
        if (read === null) break;
        filled += read;
      }
      const query = { partNumber: `${n + 1}`, uploadId };
      const response = await send("PUT", query, part.subarray(0, filled));
      await response.body?.cancel();
      etags[n] = response.headers.get("etag")!;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const parts = etags.map((etag, i) =>
    `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`
  );
  const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
  await (await send("POST", { uploadId }, body)).text();
}

async function down(): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for await (const chunk of (await send("GET", {})).body!) {
    for (let at = 0; at < chunk.length;) at += await file.write(chunk.subarray(at));
  }
}

await (direction === "up" ? up() : down());
