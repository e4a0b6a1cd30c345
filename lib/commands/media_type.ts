/**
 * What kind of content a file has, near enough for a list.
 *
 * @module
 */

const BY_ENDING: Readonly<Record<string, string>> = {
  cast: "application/x-asciicast",
  csv: "text/csv",
  gz: "application/gzip",
  html: "text/html",
  jpg: "image/jpeg",
  json: "application/json",
  jsonl: "application/jsonl",
  md: "text/markdown",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  tar: "application/x-tar",
  tgz: "application/gzip",
  xml: "application/xml",
  zip: "application/zip",
  zst: "application/zstd",
};

/** The media type of a file of this name that begins with these bytes. */
export function mediaTypeOf(name: string, start: Uint8Array): string {
  const ending = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  return BY_ENDING[ending] ?? (isText(start) ? "text/plain" : "application/octet-stream");
}

/** UTF-8 without NUL; its last character may be cut off. */
function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return !bytes.includes(0);
  } catch {
    return false;
  }
}
