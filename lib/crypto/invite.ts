/**
 * The invite code: all that another device needs to go into a vault, in one text. It holds the address
 * of the store, the vault's id and its master key; never what the storage asks for to let anyone in.
 *
 * `hx1-` and groups of five characters in base 32 of
 *
 * ```
 * u16 length of what follows but the check | vault_id, 16 | K_master, 32 | flags, 1 |
 * URI, region, endpoint, each u16 length and UTF-8, empty where there is none |
 * check: the first 4 bytes of the SHA-256 of "hx1-" and all before it
 * ```
 *
 * All numbers are big-endian. Flags: 1 = the bucket is in the path. Another version has another number
 * behind `hx`.
 */
import { HxError } from "../errors.ts";
import {
  compareBytes,
  concatBytes,
  fromHex,
  fromUtf8,
  isUuid,
  toHex,
  utf8,
  uuidBytes,
} from "../format/mod.ts";
import { base32Length, fromBase32, toBase32 } from "./base32.ts";
import { KEY_BYTES } from "./keys.ts";

/** Where a vault lies, as an invite says it. */
export interface InvitedStore {
  /** The store's URI. */
  uri: string;
  /** AWS region. */
  region?: string;
  /** URL of a server that is not AWS. */
  endpoint?: string;
  /** Bucket in the path. */
  pathStyle: boolean;
}

/** What an invite code holds. */
export interface Invite {
  /** The vault: a lower-case UUID. */
  vaultId: string;
  /** K_master. */
  master: Uint8Array<ArrayBuffer>;
  /** Where the vault lies. */
  store: InvitedStore;
}

type Bytes = Uint8Array<ArrayBuffer>;

const PREFIX = "hx1-";
const GROUP = 5;
const LENGTH_BYTES = 2;
const CHECK_BYTES = 4;
const PATH_STYLE = 1;

/** The code of an invite. */
export async function encodeInvite({ vaultId, master, store }: Invite): Promise<string> {
  const body = concatBytes(
    uuidBytes(vaultId),
    master,
    Uint8Array.of(store.pathStyle ? PATH_STYLE : 0),
    ...[store.uri, store.region ?? "", store.endpoint ?? ""].map(withLength),
  );
  const bytes = concatBytes(u16(body.length), body);
  const code = toBase32(concatBytes(bytes, await checkOf(bytes)));
  return PREFIX + code.match(new RegExp(`.{1,${GROUP}}`, "g"))!.join("-");
}

/** Whether a text begins as the invite codes of any version do. */
export function isInvite(text: string): boolean {
  return /^\s*hx\d+\s*[-\u2010-\u2015]/i.test(text);
}

/** How many characters an invite code still lacks, as far as its beginning tells. */
export function inviteLacks(text: string): number {
  const code = charactersOf(text);
  const start = fromBase32(code.slice(0, base32Length(LENGTH_BYTES)));
  if (typeof start === "number") return 0;
  if (start.length < LENGTH_BYTES) return base32Length(LENGTH_BYTES) - code.length;
  return Math.max(0, charactersFor(start) - code.length);
}

/**
 * Reads an invite code. Case, white space and dashes don't matter.
 *
 * @throws {HxError} `auth` where it is mistyped or not whole, saying where as far as that can be told;
 * `config` where a newer hx made it; never with a part of it
 */
export async function decodeInvite(text: string): Promise<Invite> {
  if (!/^\s*hx1\b/i.test(text)) {
    throw new HxError("config", "the invite code is one of another version of hx", {
      hint: "update hx on this device, or join with the 24 words",
    });
  }
  const code = charactersOf(text);
  const bytes = fromBase32(code);
  if (typeof bytes === "number") {
    throw mistyped(
      `group ${Math.floor(bytes / GROUP) + 1} holds a character that codes don't have`,
    );
  }
  if (bytes.length < LENGTH_BYTES) throw mistyped("it is not whole");
  const characters = charactersFor(bytes);
  if (code.length !== characters) {
    throw mistyped(
      `it has ${code.length} characters behind hx1, and says that it has ${characters}`,
    );
  }
  const end = bytes.length - CHECK_BYTES;
  if (compareBytes(bytes.subarray(end), await checkOf(bytes.subarray(0, end))) !== 0) {
    throw mistyped("its checksum is wrong");
  }
  return parseBody(bytes.subarray(LENGTH_BYTES, end));
}

/** All that counts, behind the prefix. */
function charactersOf(text: string): string {
  return text.normalize("NFKC").replaceAll(/[\s\u2010-\u2015-]/g, "").replace(/^hx\d/i, "");
}

function charactersFor(start: Bytes): number {
  return base32Length(LENGTH_BYTES + (start[0]! << 8 | start[1]!) + CHECK_BYTES);
}

async function checkOf(bytes: Bytes): Promise<Bytes> {
  const digest = await crypto.subtle.digest("SHA-256", concatBytes(utf8(PREFIX), bytes));
  return new Uint8Array(digest).slice(0, CHECK_BYTES);
}

function parseBody(body: Bytes): Invite {
  const hex = toHex(body.subarray(0, 16));
  const vaultId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  const flagsAt = 16 + KEY_BYTES;
  const texts: string[] = [];
  let at = flagsAt + 1;
  while (texts.length < 3) {
    const length = (body[at] ?? NaN) << 8 | (body[at + 1] ?? NaN);
    const part = body.subarray(at + LENGTH_BYTES, at += LENGTH_BYTES + length);
    const text = fromUtf8(part);
    if (at > body.length || text === undefined) throw mistyped("it makes no sense");
    texts.push(text);
  }
  const [uri = "", region, endpoint] = texts;
  if (!isUuid(vaultId) || uri === "") throw mistyped("it makes no sense");
  return {
    vaultId,
    master: body.slice(16, flagsAt),
    store: {
      uri,
      ...(region && { region }),
      ...(endpoint && { endpoint }),
      pathStyle: (body[flagsAt]! & PATH_STYLE) !== 0,
    },
  };
}

function withLength(text: string): Bytes {
  const bytes = utf8(text);
  return concatBytes(u16(bytes.length), bytes);
}

function u16(value: number): Bytes {
  return fromHex(value.toString(16).padStart(4, "0"))!;
}

function mistyped(what: string): HxError {
  return new HxError("auth", `the invite code is mistyped: ${what}`, {
    hint: "`hx sync invite` prints it on a device that is in the vault; paste it whole",
  });
}
