/** Mutants of merging and deleting (format, section 9). */
import { type Mutant, of } from "./mutant.ts";

const RULES = ["tests/db_test.ts", "tests/rules_db_test.ts"];

const SCHEMA = of(
  "lib/db/schema.ts",
  RULES,
  [
    "a dead key takes no event",
    "WHEN EXISTS (SELECT 1 FROM dead_key d\n             WHERE d.node = NEW.node AND d.session = NEW.session AND d.seq = NEW.seq)\n  OR (NEW.started_at <> 0",
    "WHEN (NEW.started_at <> 0",
  ],
  [
    "a window of all nodes blocks",
    "(SELECT end_ts FROM dead_window WHERE node = 0 AND start_ts <= NEW.started_at\n     ORDER BY start_ts DESC LIMIT 1) >= NEW.started_at\n    OR ",
    "",
  ],
  [
    "a window of one node blocks",
    "FROM dead_window WHERE node = NEW.node AND start_ts",
    "FROM dead_window WHERE node = -1 AND start_ts",
  ],
  ["time 0 lies in no window, coming in", "OR (NEW.started_at <> 0 AND (", "OR (1 AND ("],
  [
    "a forgotten line does not come back",
    "WHERE d.node = NEW.node\n               AND d.digest",
    "WHERE d.node = -1\n               AND d.digest",
  ],
  [
    "a forgotten line is the same within 2 s",
    "abs(NEW.started_at - d.started_at) <= 2",
    "abs(NEW.started_at - d.started_at) <= 1",
  ],
  [
    "what is blocked is dead for ever ⚑",
    "  INSERT INTO dead_key (node, session, seq) VALUES (NEW.node, NEW.session, NEW.seq)\n    ON CONFLICT DO NOTHING;\n  DELETE FROM command",
    "  DELETE FROM command",
  ],
  [
    "the text of what is blocked is not kept",
    "  DELETE FROM command WHERE id = NEW.command\n    AND NOT EXISTS (SELECT 1 FROM event WHERE command = NEW.command);\n",
    "",
  ],
  [
    "a line whose digest is missing stays out",
    "SELECT RAISE(ABORT, 'digest missing');",
    "SELECT 1;",
  ],
  [
    "the text of what is removed is not kept",
    "  DELETE FROM command WHERE id = OLD.command\n    AND NOT EXISTS (SELECT 1 FROM event WHERE command = OLD.command);\n",
    "  SELECT 1;\n",
  ],
  [
    "a dead key removes its event",
    "  DELETE FROM event WHERE node = NEW.node AND session = NEW.session AND seq = NEW.seq;\n",
    "",
  ],
  [
    "a dead key removes what lost, too",
    "  DELETE FROM loser WHERE node = NEW.node AND session = NEW.session AND seq = NEW.seq;\n",
    "",
  ],
  [
    "a dead key removes its artifacts",
    "    SELECT artifact_id FROM artifact\n      WHERE node = NEW.node AND session = NEW.session AND seq = NEW.seq\n    UNION SELECT artifact_id FROM artifact_loser",
    "    SELECT artifact_id FROM artifact_loser",
  ],
  [
    "an artifact that lost dies with its event",
    "    UNION SELECT artifact_id FROM artifact_loser\n      WHERE node = NEW.node AND session = NEW.session AND seq = NEW.seq\n",
    "",
  ],
  [
    "a window kills what is there",
    "    SELECT node, session, seq FROM event\n      WHERE started_at BETWEEN NEW.start_ts AND NEW.end_ts AND started_at <> 0\n        AND (NEW.node = 0 OR node = NEW.node)\n    UNION SELECT",
    "    SELECT",
  ],
  [
    "a window kills by what lost ⚑",
    "    UNION SELECT node, session, seq FROM loser\n      WHERE started_at BETWEEN",
    "    UNION SELECT node, session, seq FROM loser\n      WHERE 0 AND started_at BETWEEN",
  ],
  [
    "a window of one node leaves the others",
    "FROM event\n      WHERE started_at BETWEEN NEW.start_ts AND NEW.end_ts AND started_at <> 0\n        AND (NEW.node = 0 OR node = NEW.node)",
    "FROM event\n      WHERE started_at BETWEEN NEW.start_ts AND NEW.end_ts AND started_at <> 0",
  ],
  [
    "time 0 lies in no window, going out",
    "FROM event\n      WHERE started_at BETWEEN NEW.start_ts AND NEW.end_ts AND started_at <> 0",
    "FROM event\n      WHERE started_at BETWEEN NEW.start_ts AND NEW.end_ts",
  ],
  [
    "forgetting a line kills what is there",
    "WHERE c.digest = NEW.digest AND e.node = NEW.node\n",
    "WHERE 0 AND e.node = NEW.node\n",
  ],
  [
    "forgetting a line kills by what lost ⚑",
    "      WHERE digest = NEW.digest AND node = NEW.node\n        AND (started_at = 0",
    "      WHERE 0 AND (started_at = 0",
  ],
  [
    "a dead artifact stays out",
    "WHEN EXISTS (SELECT 1 FROM dead_artifact WHERE artifact_id = NEW.artifact_id)\n  OR EXISTS",
    "WHEN EXISTS",
  ],
  [
    "an artifact of a dead key stays out",
    "  OR EXISTS (SELECT 1 FROM dead_key d\n             WHERE d.node = NEW.node AND d.session = NEW.session AND d.seq = NEW.seq)\nBEGIN\n  INSERT INTO dead_artifact",
    "BEGIN\n  INSERT INTO dead_artifact",
  ],
  [
    "an artifact that was blocked is dead",
    "  INSERT INTO dead_artifact (artifact_id) VALUES (NEW.artifact_id) ON CONFLICT DO NOTHING;\n",
    "",
  ],
  [
    "a dead artifact is removed",
    "  DELETE FROM artifact WHERE artifact_id = NEW.artifact_id;\n",
    "  SELECT 1;\n",
  ],
);

const RECORDS = [
  ...of(
    "lib/db/events.ts",
    RULES,
    ["of two records the smaller stays", "if (order > 0) {", "if (order < 0) {"],
    ["a collision does not depend on the order", 'return result === "kept" ?', "return false ?"],
    [
      "an own event that is seen published no longer waits ⚑",
      "if (stored.segment === PENDING) setSegment(db, stored.id, null);",
      "",
      { tests: ["tests/rules_pull_test.ts"] },
    ],
    [
      "a record that comes second and loses is remembered ⚑",
      "    addLoser(db, ids, event, digest);\n    dropUnusedText",
      "    dropUnusedText",
    ],
    [
      "a record that is replaced is remembered ⚑",
      "  addLoser(db, ids, stored.record, storedDigest);\n",
      "",
    ],
    [
      "the digest of a record that lost is remembered ⚑",
      "addLoser(db, ids, stored.record, storedDigest);",
      'addLoser(db, ids, stored.record, "00");',
    ],
    [
      "an import changes no row that exists",
      "?, ?, ?) ON CONFLICT DO NOTHING`;",
      "?, ?, ?) ON CONFLICT DO UPDATE SET command = excluded.command`;",
    ],
    [
      "an event is published by one segment only",
      '"UPDATE event SET segment = ? WHERE id = ? AND segment = 0"',
      '"UPDATE event SET segment = ? WHERE id = ?"',
      { tests: ["tests/rules_db_test.ts"] },
    ],
  ),
  ...of(
    "lib/db/tombstones.ts",
    RULES,
    [
      "windows that meet are merged: the start",
      "Math.min(window.start_ts, overlap.start_ts ?? Infinity)",
      "window.start_ts",
    ],
    [
      "windows that meet are merged: the end",
      "Math.max(window.end_ts, overlap.end_ts ?? -Infinity)",
      "window.end_ts",
    ],
    [
      "an own deletion applies here at once",
      "  applyTombstone(db, new Interner(db), payload);\n",
      "",
    ],
    [
      "lines are forgotten with their events",
      "for (const line of payload.imports ?? []) forgetLine(db, ids, line);",
      "",
    ],
    [
      "a digest is put on what lost, too",
      '  db.run("UPDATE loser SET digest = ? WHERE cmd = ? AND digest IS NULL", digest, cmd);\n',
      "",
    ],
    [
      "the texts of what lost get digests, too",
      "     UNION SELECT l.cmd FROM loser l JOIN node n ON n.id = l.node\n       WHERE n.node_id = ? AND l.digest IS NULL`",
      "     UNION SELECT l.cmd FROM loser l JOIN node n ON n.id = l.node\n       WHERE n.node_id = ? AND 0`",
    ],
  ),
  ...of(
    "lib/db/artifacts.ts",
    RULES,
    [
      "of two artifact records the smaller stays",
      "} else if (order > 0) {",
      "} else if (order < 0) {",
    ],
    [
      "an artifact that lost is remembered",
      "  } else if (order > 0) {\n    addLoser(db, ids, record);",
      "  } else if (order > 0) {",
    ],
    [
      "an artifact that was replaced is remembered",
      "    insert(db, ids, record, null);\n    addLoser(db, ids, there);",
      "    insert(db, ids, record, null);",
    ],
    [
      "an artifact that is seen published no longer waits ⚑",
      "UPDATE artifact SET segment = nullif(segment, 0) WHERE",
      "UPDATE artifact SET segment = segment WHERE",
    ],
    [
      "no artifact is published before its blob",
      "AND a.blob_hash IN (SELECT value FROM json_each(?))",
      "AND (1 OR a.blob_hash IN (SELECT value FROM json_each(?)))",
      { tests: ["tests/artifact_sync_test.ts"] },
    ],
  ),
  ...of(
    "lib/db/sessions.ts",
    RULES,
    ["a session keeps its earliest known start", "return Math.min(a, b);", "return b;"],
    ["a start that is not known is none", "if (a === 0 || b === 0) return a + b;", ""],
    [
      "a session keeps its latest end",
      "Math.max(a.ended_at ?? -Infinity, b.ended_at ?? -Infinity)",
      "(b.ended_at ?? a.ended_at ?? -Infinity)",
    ],
    ["of two values the smaller stays", "compareBytes(utf8(a), utf8(b)) <= 0 ? a : b", "b"],
    ["a value stays over none", "return a ?? b;", "return a;"],
    [
      "a pin is never taken back",
      "if (!pin.pinned) return;",
      'if (!pin.pinned) return void db.run("UPDATE session SET pinned = 0");',
    ],
    [
      "a session that is seen published no longer waits ⚑",
      ": row.segment === 0 && same(after, record)",
      ": false",
    ],
    [
      "a pin that is seen published no longer waits ⚑",
      "pin_segment = nullif(pin_segment, 0) WHERE",
      "pin_segment = pin_segment WHERE",
    ],
  ),
  ...of(
    "lib/format/canonical.ts",
    ["tests/format_test.ts", ...RULES],
    ["the canonical form has every field that is known", '  "order",\n', ""],
    [
      "the canonical form has its fields in order",
      '  "cmd",\n  "cmd_base64",\n',
      '  "cmd_base64",\n  "cmd",\n',
    ],
  ),
];

export const DATABASE: readonly Mutant[] = [...SCHEMA, ...RECORDS];
