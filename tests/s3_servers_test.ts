/** Answers as servers other than MinIO give them; `deno task servers` meets the real ones. */
import assert from "node:assert/strict";
import { createS3Fetch, type S3Fetch } from "../lib/s3/mod.ts";
import { parseUploadId } from "../lib/s3/xml.ts";
import { startMinio } from "./minio.ts";
import { s3Opener } from "./s3_kit.ts";
import { failsWith } from "./store_contract.ts";

const minio = await startMinio();
const fetches = createS3Fetch();

/** A store that is given this for an answer to every GET. */
async function answering(body: string, init: ResponseInit) {
  const pooled: S3Fetch["pooled"] = async (url, request) =>
    request.method === "GET" ? new Response(body, init) : await fetches.pooled(url, request);
  return s3Opener(minio, await minio.newBucket(), "p", { ...fetches, pooled })();
}

Deno.test("parseUploadId() takes the name that rclone gives the answer", () => {
  const answer = "<InitiateMultipartUpload><UploadId>u-1</UploadId></InitiateMultipartUpload>";
  assert.equal(parseUploadId(answer), "u-1");
});

Deno.test("S3Store refuses a range that ends elsewhere than asked (s3rver, bytes=0-0)", async () => {
  const headers = { etag: '"x"', "content-range": "bytes 0-9/10", "content-length": "10" };
  const store = await answering("0123456789", { status: 206, headers });
  await failsWith(store.get("k", { range: { start: 0, end: 0 } }), "config");
});

Deno.test("S3Store sees another version where If-Match is ignored (s3rver)", async () => {
  const headers = { etag: '"another"', "content-length": "3" };
  const store = await answering("new", { headers });
  await failsWith(store.get("k", { ifMatch: '"before"' }), "conflict");
});
