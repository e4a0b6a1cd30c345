/**
 * `hx doctor --iam`: the least that a key has to be allowed in AWS's words.
 *
 * @module
 */
import { HxError } from "../../errors.ts";

/** What hx asks of the bucket as a whole. */
const OF_BUCKET = ["s3:ListBucket", "s3:ListBucketMultipartUploads"];
/** What it does with objects. */
const OF_OBJECTS = [
  "s3:GetObject",
  "s3:PutObject",
  "s3:DeleteObject",
  "s3:AbortMultipartUpload",
  "s3:ListMultipartUploadParts",
];

/**
 * An IAM policy for a store. Listing has no condition on its prefix: with one, servers such as Ceph
 * before 2026 answer 403 instead of 404 for objects that are not there, and hx needs to know which.
 *
 * @param uri the store's URI; placeholders where there is none
 * @throws {HxError} `usage` where it is no bucket
 */
export function iamPolicy(uri = "s3://BUCKET/PREFIX"): unknown {
  const [, bucket, prefix = ""] = /^s3(?:\+endpoint)?:\/\/([^/]+)(?:\/(.*))?$/s.exec(uri) ?? [];
  if (bucket === undefined) {
    throw new HxError("usage", "only stores in a bucket have an IAM policy", {
      hint: "name one: `hx doctor --iam --store s3://BUCKET/PREFIX`",
    });
  }
  const arn = `arn:aws:s3:::${bucket}`;
  return {
    Version: "2012-10-17",
    Statement: [
      { Sid: "HxBucket", Effect: "Allow", Action: OF_BUCKET, Resource: arn },
      {
        Sid: "HxObjects",
        Effect: "Allow",
        Action: OF_OBJECTS,
        Resource: `${arn}/${escaped(prefix === "" ? "" : `${prefix}/`)}*`,
      },
    ],
  };
}

/** `*`, `?` and `$` have a meaning in resources of policies; so they stand for themselves. */
function escaped(prefix: string): string {
  return prefix.replace(/[*?$]/g, (char) => `\${${char}}`);
}
