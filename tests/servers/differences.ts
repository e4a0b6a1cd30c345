/**
 * How servers are known to differ: the tests of `suite.ts` that fail there, and why. A failure that is
 * not listed fails the run, and so does one that is listed and no longer happens.
 */

/** Why a test fails on a server. */
export interface Difference {
  /** What the server does instead. */
  why: string;
  /** It is a race, or the like: the test may pass as well. */
  sometimes?: boolean;
}

const IGNORES_CONDITIONS = "overwrites in spite of If-Match and If-None-Match";
const RACES = "checks a condition and writes in two steps";

/** By server, then by test. */
export const DIFFERENCES: Readonly<Record<string, Readonly<Record<string, Difference>>>> = {
  minio: {},
  versitygw: {},
  rclone: {},
  s3rver: {
    "S3Store creates once": { why: IGNORES_CONDITIONS },
    "S3Store lets one of eight create": { why: IGNORES_CONDITIONS },
    "S3Store lets one of eight replace a version": { why: IGNORES_CONDITIONS },
    "S3Store replaces the version named only": { why: IGNORES_CONDITIONS },
    "S3Store stores a stream of 20 MiB": { why: "overwrites by a Complete with If-None-Match" },
    "S3Store gives ranges": { why: "answers bytes=0-0 with the whole object" },
    "S3Store goes on page by page": { why: "leaves out keys between pages, such as a after a b" },
    "auth: a wrong secret is exit 10": { why: "does not check signatures" },
  },
  moto: {
    "auth: a wrong secret is exit 10": { why: "checks signatures with its IAM only" },
    "auth: a wrong access key is exit 10": { why: "checks keys with its IAM only" },
  },
  s3proxy: {
    "S3Store lets one of eight create": { why: RACES, sometimes: true },
    "S3Store lets one of eight replace a version": { why: RACES, sometimes: true },
    "S3Store stores a stream of 20 MiB": { why: "overwrites by a Complete with If-None-Match" },
    "S3Store goes on page by page": { why: "does not decode its tokens of keys like a b" },
    "S3Store deletes nothing without complaint": {
      why: "answers 500 where a file lies in the place of a folder",
    },
  },
  garage: {
    "S3Store creates once": { why: IGNORES_CONDITIONS },
    "S3Store lets one of eight create": { why: IGNORES_CONDITIONS },
    "S3Store lets one of eight replace a version": { why: IGNORES_CONDITIONS },
    "S3Store replaces the version named only": { why: IGNORES_CONDITIONS },
    "S3Store stores a stream of 20 MiB": { why: "overwrites by a Complete with If-None-Match" },
  },
};
