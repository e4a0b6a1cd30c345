/** The trigram index over command texts, brought up to date in bulk. */
import type { Database } from "./open.ts";

/** Texts indexed in one transaction: bounds its log. */
const STEP = 50_000;

/**
 * Puts the texts into the index that are not in it yet. Whoever adds events calls this after it, and
 * whoever searches before; where a run died in between, the next call catches up.
 */
export function indexTexts(db: Database): void {
  while (isBehind(db)) {
    db.transaction(() => {
      const { upto } = db.get<{ upto: number }>("SELECT upto FROM indexed")!;
      const end = db.get<{ id: number }>(
        `SELECT max(id) AS id FROM (SELECT id FROM command WHERE id > ? ORDER BY id LIMIT ${STEP})`,
        upto,
      )?.id ?? upto;
      db.run(
        "INSERT INTO command_text (rowid, cmd) SELECT id, cmd FROM command WHERE id > ? AND id <= ?",
        upto,
        end,
      );
      db.run("UPDATE indexed SET upto = ?", end);
    });
  }
}

function isBehind(db: Database): boolean {
  return db.get("SELECT 1 FROM command WHERE id > (SELECT upto FROM indexed) LIMIT 1") !==
    undefined;
}
