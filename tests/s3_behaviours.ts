/**
 * What is asked of the S3 store on a real server and through a fault proxy, and the tests that show it.
 *
 * @module
 */

/** The test files, by the names that the table uses. */
export const FILES = {
  contract: "store_contract.ts",
  minio: "s3_minio_test.ts",
  wire: "s3_wire_test.ts",
  network: "s3_faults_network_test.ts",
  write: "s3_faults_write_test.ts",
  answers: "s3_faults_answers_test.ts",
  refusals: "s3_faults_refusals_test.ts",
  config: "s3_faults_config_test.ts",
  behaviours: "s3_behaviours_test.ts",
  upload: "crash_upload_test.ts",
  cli: "cli_faults_test.ts",
} as const;

type TestName = readonly [file: keyof typeof FILES, name: string];

const S3 = "S3 faults: ";
const contract = (name: string): TestName => ["contract", name];
const network = (name: string): TestName => ["network", S3 + name];
const write = (name: string): TestName => ["write", S3 + name];
const answers = (name: string): TestName => ["answers", S3 + name];
const refusals = (name: string): TestName => ["refusals", S3 + name];
const config = (name: string): TestName => ["config", S3 + name];

/** Every behaviour, by group, with the tests that would fail without it. */
export const BEHAVIOURS: Readonly<Record<string, Readonly<Record<string, readonly TestName[]>>>> = {
  "CRUD": {
    "an empty object": [contract("keeps an empty object")],
    "sizes at and around one part": [
      ["minio", "S3Store uploads in parts of 8 MiB, and one part in one request"],
      contract("stores a stream of 20 MiB"),
    ],
    "overwrite": [contract("overwrites, and the ETag follows the content")],
    "missing GET and HEAD": [contract("stores, tells, gives and deletes an object")],
    "missing bucket": [["minio", "S3Store says that the bucket is missing"]],
  },
  "keys": {
    "space + % unicode": [contract("takes odd keys as they are")],
    "reserved characters": [contract("takes odd keys as they are")],
    "all of these in the prefix": [contract("takes an odd prefix as it is")],
    "dot segments refused": [contract("refuses keys that could be folded or cut")],
    "1,024 bytes": [[
      "behaviours",
      "S3Store takes keys of 1,024 bytes, the prefix counted, no more",
    ]],
  },
  "list": {
    "none": [contract("takes a prefix as a string, not a folder")],
    "1,001 and more": [contract("lists more than a thousand objects exactly once")],
    "page size 1": [contract("goes on page by page")],
    "XML-hostile keys": [
      answers("keys and ETags that XML could garble come through, encoded or not"),
    ],
    "looping token": [
      answers("a listing whose tokens go round, or are missing, ends with an error"),
    ],
    "malformed XML": [
      answers("a listing that is cut or is no XML is tried again, and never taken for whole"),
    ],
    "abort midway": [network("a listing stops when aborted midway")],
  },
  "conditional": {
    "create race, one winner": [contract("lets one of eight create")],
    "CAS race": [contract("lets one of eight replace a version")],
    "stale If-Match": [contract("replaces the version named only")],
    "stored-then-dropped own 412 is success": [
      write("a device's own 412, after an answer that was lost, is success"),
    ],
    "409": [write("a conditional write is tried again after 409 ConditionalRequestConflict")],
    "ignored header detected": [
      write("a store that ignores conditions is found out, and sync works on it"),
    ],
    "501 clear": [write("a store without conditions says 501, clearly, and sync works on it")],
  },
  "multipart": {
    "retry one part": [write("a part that fails is sent again, and only that part")],
    "abort on failure": [
      write("a part that stays refused takes the whole upload with it"),
      ["minio", "S3Store leaves no parts behind when an upload fails"],
    ],
    "abort on cancel": [
      network("an abort ends an upload under way, and nothing of it is seen"),
    ],
    "200-with-Error": [write("a completion that says 200 and holds an error is no success")],
    "lost Complete response": [
      write("a completion whose answer is lost is found to be done"),
      write("a completion that is lost before it arrives is done again"),
      write("a completion under a condition is never a second writer's"),
    ],
    "a crash leaves nothing readable, and the upload is cleaned up later": [
      ["upload", "kill -9 at every step of a long upload: nothing half is read, no parts stay"],
      ["upload", "kill -9 at any time of a long upload: nothing half is read, no parts stay"],
    ],
  },
  "network": {
    "reset before": [network("a connection that breaks before the request is read")],
    "reset during": [network("a connection that breaks in the middle of a request")],
    "reset after": [network("an answer that is lost after the work was done")],
    "resume mid-body": [network("a body goes on where it broke, from the same version")],
    "object changed under a resume": [
      network("an object that changed under a resume is a conflict, not a mixture"),
      network("a new ETag under a resume is a conflict, though the server ignores If-Match"),
    ],
    "stall": [
      network("a body that stalls is given up and taken up again"),
      network("a body that comes byte by byte is no stall"),
    ],
    "black hole": [network("a server that accepts and never answers is a timeout")],
    "truncated body": [network("a body that never gets on is an error, not a short object")],
    "stale keep-alive": [network("a kept connection that has died costs nothing but another one")],
    "500s then success": [refusals("server errors pass, and the waits between grow")],
    "long 503s lower concurrency": [
      refusals("long throttling lowers the requests under way, and they creep back"),
    ],
    "Retry-After clamp": [refusals("Retry-After: 60 is clamped, whatever status brings it")],
    "abort during sleep": [network("an abort ends the wait between two tries")],
    "abort during upload": [
      network("an abort ends an upload under way, and nothing of it is seen"),
    ],
  },
  "auth and config": {
    "bad key": [["minio", "S3Store tells a wrong secret from an unknown key, and shows neither"]],
    "bad secret": [
      ["minio", "S3Store tells a wrong secret from an unknown key, and shows neither"],
    ],
    "expired token": [config("an expired token is renewed once, and no more than once")],
    "±20 minutes of skew": [
      config("twenty minutes of skew, either way, are corrected by the server's clock"),
      config("a clock that the server stays unhappy with is a matter of configuration"),
    ],
    "wrong region": [
      ["wire", "S3Store goes to the bucket's own region once, and stays there"],
      config("a server of one's own that names another region is not followed there"),
    ],
    "http against https": [
      ["minio", "S3Store says that https meets http"],
      config("http where https is spoken is told of at once"),
    ],
    "CA": [config("an unknown CA is told of at once; with the CA at hand it works")],
    "no secret in any output": [
      [
        "cli",
        "every category ends hx sync with its exit code, a message and a hint, and is kept for status",
      ],
    ],
  },
  "integrity": {
    "bit flip": [
      answers("a bit that flips on the way is found and fetched again"),
      answers("bytes changed on their way to the storage are refused there, and sent again"),
    ],
    "swapped objects": [
      answers("objects that were swapped or cut short in the bucket do not get in"),
    ],
    "truncation": [answers("a body cut short, with a length to match, does not open")],
    "a gzip-encoding proxy": [
      answers("a proxy that compresses is told of, and its bytes are not taken for the object's"),
    ],
    "Range ignored": [
      answers("an ignored Range under a resume starts over, without a byte too many"),
    ],
  },
};
