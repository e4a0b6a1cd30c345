import { uuid5 } from "../format/uuid.ts";

/** The node that records the import of this host's files. */
export function importNodeId(label: string): Promise<string> {
  return uuid5("c0de5a11-5e1f-5a1d-9b1e-2f0a7d3c9e51", `import:${label}`);
}
