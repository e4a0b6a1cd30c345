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
  /** The server's clock less ours, in milliseconds; 0 while ours does. */
  skewMs: number;
}

/** What was wrong with the bearings; the other half of them stays as it is. */
export type Correction =
  | { kind: "skew"; skewMs: number }
  | { kind: "region"; region: string };

/** A wrong clock can be what is behind a signature that does not match, from here on. */
const SKEW_MS = 5 * 60 * 1000;

const SKEW_CODES = ["RequestTimeTooSkewed", "SignatureDoesNotMatch", "AccessDenied"];

/**
 * What to correct, where the refusal shows that the bearings are wrong; undefined where it does not.
 *
 * @param now our clock, in milliseconds since 1970
 */
export function correctionOf(
  bearings: Bearings,
  response: Response,
  body: string,
  now: number,
): Correction | undefined {
  const code = parseErrorAnswer(body)?.code;
  // A HEAD is refused without a code: the server's time alone has to tell.
  const maySkew = code === undefined ? response.status === 403 : SKEW_CODES.includes(code);
  const skewMs = skewOf(response, now);
  if (maySkew && skewMs !== undefined && Math.abs(skewMs - bearings.skewMs) > SKEW_MS) {
    return { kind: "skew", skewMs };
  }
  const { location } = bearings;
  const region = regionOf(response, body);
  if (region === undefined || region === location.region) return undefined;
  // A server that is not AWS has no other regions' hosts to go to.
  return location.endpoint === undefined ? { kind: "region", region } : undefined;
}

/** The bearings with what was wrong put right. */
export function corrected(bearings: Bearings, correction: Correction): Bearings {
  if (correction.kind === "skew") return { ...bearings, skewMs: correction.skewMs };
  return { ...bearings, location: { ...bearings.location, region: correction.region } };
}

/** The server's clock less ours, in milliseconds, good to a second; undefined where it does not tell. */
export function skewOf(response: Response, now: number): number | undefined {
  const date = Date.parse(response.headers.get("date") ?? "");
  return Number.isNaN(date) ? undefined : date - now;
}

/** The region that a refusal sends to; undefined where it is none, or not about regions. */
export function regionOf(response: Response, body: string): string | undefined {
  if (![301, 307, 400].includes(response.status)) return undefined;
  const region = response.headers.get("x-amz-bucket-region") ?? parseErrorAnswer(body)?.region ??
    "";
  // It becomes a part of the host name, so it must be no more than one word of it.
  return /^[a-z0-9-]{1,40}$/.test(region) ? region : undefined;
}
