/**
 * What a refusal teaches: the server's time, and the region that the bucket is in.
 *
 * @module
 */
import type { S3Location } from "./uri.ts";
import { parseErrorAnswer } from "./xml.ts";

/** What requests are signed with beside the credentials. */
export interface Bearings {
  location: S3Location;
  /** The server's clock less ours, in milliseconds. */
  skewMs: number;
}

/** A wrong clock can be what is behind a signature that does not match, from here on. */
const SKEW_MS = 5 * 60 * 1000;

const SKEW_CODES = ["RequestTimeTooSkewed", "SignatureDoesNotMatch", "AccessDenied"];

/**
 * Better bearings, where the refusal shows that ours are wrong; undefined where it does not.
 *
 * @param now our clock, in milliseconds since 1970
 */
export function correctionOf(
  bearings: Bearings,
  response: Response,
  body: string,
  now: number,
): Bearings | undefined {
  const answer = parseErrorAnswer(body);
  // A HEAD is refused without a code: the server's time alone has to tell.
  const maySkew = answer === undefined ? response.status === 403 : SKEW_CODES.includes(answer.code);
  const skewMs = Date.parse(response.headers.get("date") ?? "") - now;
  if (maySkew && Math.abs(skewMs - bearings.skewMs) > SKEW_MS) return { ...bearings, skewMs };
  const { location } = bearings;
  const region = response.headers.get("x-amz-bucket-region") ?? answer?.region ?? "";
  const elsewhere = [301, 307, 400].includes(response.status) && region !== location.region;
  // The region becomes a part of the host name, so it must be no more than one word of it.
  if (!elsewhere || location.endpoint !== undefined || !/^[a-z0-9-]{1,40}$/.test(region)) {
    return undefined;
  }
  return { ...bearings, location: { ...location, region } };
}
