/**
 * Pages of ListObjectsV2, as a store shows them.
 *
 * @module
 */
import { HxError } from "../errors.ts";
import { checkKey, type ListOptions, type ListPage } from "../store/mod.ts";
import type { Transport } from "./transport.ts";
import { parseListAnswer } from "./xml.ts";

/** S3 gives no more. */
const MAX_PAGE = 1000;

/**
 * One page of the keys below `base` that start with `prefix`; the continuation is the server's token.
 *
 * @throws {HxError} as the transport; `server` where the listing goes round in circles
 */
export async function listPage(
  transport: Transport,
  base: string,
  prefix: string,
  { continuation, pageSize = MAX_PAGE, signal }: ListOptions,
): Promise<ListPage> {
  const full = base + prefix;
  const target = `${transport.location.bucket}/${full}*`;
  const query: [string, string][] = [
    ["list-type", "2"],
    ["encoding-type", "url"],
    ["max-keys", String(Math.min(pageSize, MAX_PAGE))],
    ["prefix", full],
  ];
  if (continuation !== undefined) query.push(["continuation-token", continuation]);
  const call = {
    operation: "list",
    action: "s3:ListBucket",
    target,
    method: "GET",
    query,
    answers: true,
  } as const;
  const page = await transport.send(call, ({ text }) => parseListAnswer(text), signal);
  if (continuation !== undefined && page.continuation === continuation) {
    throw new HxError("server", `listing ${full}*: the storage repeats a continuation token`);
  }
  const entries = page.entries
    .filter(({ key }) => key.startsWith(full) && isOurs(base, key))
    .map((entry) => ({ ...entry, key: entry.key.slice(base.length) }));
  return page.continuation === undefined
    ? { entries }
    : { entries, continuation: page.continuation };
}

/** Whether a key of the bucket can be one of this store: folder markers and the like are not. */
function isOurs(base: string, full: string): boolean {
  try {
    checkKey(full);
    return full.length > base.length;
  } catch {
    return false;
  }
}
