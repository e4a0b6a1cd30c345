/**
 * Certificates to trust beside the usual ones, as files hold them.
 *
 * @module
 */
import { HxError } from "../errors.ts";

const BLOCK = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g;

/**
 * The certificates of a CA file in PEM, one each. Deno takes what is none without a word, and then
 * trusts nobody.
 *
 * @param path the file's, for error texts
 * @throws {HxError} `config` where there is none, or one is damaged
 */
export function parseCaFile(text: string, path: string): string[] {
  const blocks = [...text.matchAll(BLOCK)];
  const begun = text.split("-----BEGIN CERTIFICATE-----").length - 1;
  if (blocks.length === 0 || blocks.length !== begun) {
    throw bad(path, begun === 0 ? "holds no certificate" : "holds a certificate that is cut");
  }
  return blocks.map(([block, base64 = ""]) => {
    if (!isWhole(base64)) throw bad(path, "holds a certificate that is damaged");
    return `${block}\n`;
  });
}

/** Whether it is one DER sequence from end to end. */
function isWhole(base64: string): boolean {
  let der: Uint8Array;
  try {
    der = Uint8Array.from(atob(base64.replace(/\s/g, "")), (c) => c.charCodeAt(0));
  } catch {
    return false;
  }
  // 0x30: a sequence; 0x82: its length is in the next two bytes, as that of every certificate is.
  return der[0] === 0x30 && der[1] === 0x82 && der.length === 4 + der[2]! * 256 + der[3]!;
}

function bad(path: string, found: string): HxError {
  return new HxError("config", `the CA file ${path} ${found}`, {
    hint: "AWS_CA_BUNDLE takes a file of certificates in PEM (-----BEGIN CERTIFICATE-----)",
  });
}

/**
 * The certificates of the file that `AWS_CA_BUNDLE` names; none where it names none.
 *
 * @param env reads one variable
 * @throws {HxError} `config` where the file can't be read, or is none of certificates
 */
export async function caCertsFromEnv(
  env: (name: string) => string | undefined,
): Promise<string[]> {
  const path = env("AWS_CA_BUNDLE");
  if (!path) return [];
  try {
    return parseCaFile(await Deno.readTextFile(path), path);
  } catch (error) {
    if (error instanceof HxError) throw error;
    throw new HxError("config", `the CA file ${path} can't be read`, {
      hint: "AWS_CA_BUNDLE names it: correct that, or unset it",
      cause: error,
    });
  }
}
