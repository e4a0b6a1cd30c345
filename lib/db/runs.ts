/** What the last runs did, kept for `hx sync status`. */
import type { Database } from "./open.ts";

/** Remembers the report of the last run of an operation. */
export function writeRun(db: Database, operation: string, report: unknown): void {
  db.run(
    `INSERT INTO run (operation, report) VALUES (?, ?)
     ON CONFLICT (operation) DO UPDATE SET report = excluded.report`,
    operation,
    JSON.stringify(report),
  );
}

/** The report of the last run of an operation, if there was one. */
export function readRun(db: Database, operation: string): unknown {
  const row = db.get<{ report: string }>("SELECT report FROM run WHERE operation = ?", operation);
  return row && JSON.parse(row.report);
}

/** A remembered setting of this device. */
export function readMeta(db: Database, name: string): string | undefined {
  return db.get<{ value: string }>("SELECT value FROM meta WHERE name = ?", name)?.value;
}

/** Remembers a setting of this device. */
export function writeMeta(db: Database, name: string, value: string): void {
  db.run(
    "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    name,
    value,
  );
}
