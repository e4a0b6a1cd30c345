/**
 * The database schema, as numbered steps that are never edited once released.
 *
 * How it is laid out: a history repeats itself, so distinct command texts lie in `command` once,
 * with a trigram index for substring search, and an event is a row of numbers. `node`, `session` and
 * `directory` give the long names of a vault small numbers.
 *
 * Deletion is enforced here and not by the callers (format, section 9): whatever inserts an event
 * passes `event_blocked`, and whatever kills a key passes `dead_key_added`.
 */

const V1 = `
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE node (
  id      INTEGER PRIMARY KEY,
  node_id TEXT NOT NULL UNIQUE,
  own     INTEGER NOT NULL DEFAULT 0,  -- 1: records on this device (its identities, its imports)
  retired INTEGER NOT NULL DEFAULT 0   -- 1: the user does not expect it back
);

CREATE TABLE session (
  id          INTEGER PRIMARY KEY,
  session_id  TEXT NOT NULL UNIQUE,
  known       INTEGER NOT NULL DEFAULT 0,  -- 0: only its id was seen so far
  started_at  REAL NOT NULL DEFAULT 0,
  ended_at    REAL,
  host        TEXT,
  user        TEXT,
  shell       TEXT,
  tty         TEXT,
  initial_cwd TEXT,
  segment     INTEGER,                     -- as event.segment
  pinned      INTEGER NOT NULL DEFAULT 0,
  pin_segment INTEGER                      -- as event.segment, of the pin
);
CREATE INDEX session_pending ON session (id) WHERE segment = 0 OR pin_segment = 0;

CREATE TABLE directory (
  id   INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE
);

CREATE TABLE command (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  hash   INTEGER NOT NULL,  -- 53 bits of the text, only to find it by
  digest TEXT,              -- HMAC-SHA-256(K_forget, cmd) in hex, where one was needed
  cmd    TEXT NOT NULL
);
CREATE INDEX command_hash ON command (hash);
-- detail=none: a third of the size; a hit is checked against the text.
CREATE VIRTUAL TABLE command_text USING fts5(
  cmd, content = 'command', content_rowid = 'id', tokenize = 'trigram', detail = 'none'
);
INSERT INTO command_text (command_text, rank) VALUES ('secure-delete', 1);
-- Texts are indexed some thousands at a time, after the transaction that brought them: in a trigger,
-- row by row, the index would be flushed for each of them. Rows up to this one are in it.
CREATE TABLE indexed (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  upto INTEGER NOT NULL
);
INSERT INTO indexed VALUES (1, 0);
CREATE TRIGGER command_removed AFTER DELETE ON command
WHEN OLD.id <= (SELECT upto FROM indexed)
BEGIN
  INSERT INTO command_text (command_text, rowid, cmd) VALUES ('delete', OLD.id, OLD.cmd);
END;

CREATE TABLE event (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  node        INTEGER NOT NULL,
  session     INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  started_at  REAL NOT NULL,
  ended_at    REAL,
  duration_ms REAL,
  exit_code   INTEGER,
  cwd         INTEGER,
  command     INTEGER NOT NULL,
  ord         REAL,
  truncated   INTEGER,
  cmd_base64  TEXT,
  segment     INTEGER,  -- the own segment that publishes it; 0: waits for one; null: another's
  UNIQUE (node, session, seq)
);
CREATE INDEX event_time ON event (started_at);
CREATE INDEX event_command ON event (command, started_at);
CREATE INDEX event_pending ON event (id) WHERE segment = 0;

CREATE TABLE artifact (
  artifact_id TEXT PRIMARY KEY,
  node        INTEGER,  -- node, session, seq: the event it belongs to, or all null
  session     INTEGER,
  seq         INTEGER,
  name        TEXT NOT NULL,
  blob_hash   TEXT NOT NULL,
  byte_len    INTEGER NOT NULL,
  media_type  TEXT,
  created_at  REAL NOT NULL,
  segment     INTEGER   -- as event.segment
);
CREATE INDEX artifact_event ON artifact (node, session, seq);
CREATE INDEX artifact_pending ON artifact (artifact_id) WHERE segment = 0;

-- Records that lost a collision; a tombstone that covers one of them kills the key all the same.
CREATE TABLE loser (
  node       INTEGER NOT NULL,
  session    INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  started_at REAL NOT NULL,
  digest     TEXT,
  cmd        TEXT NOT NULL,
  PRIMARY KEY (node, session, seq, started_at, cmd)
);
CREATE INDEX loser_time ON loser (started_at);
CREATE TABLE artifact_loser (
  artifact_id TEXT NOT NULL,
  node        INTEGER NOT NULL,
  session     INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  PRIMARY KEY (node, session, seq, artifact_id)
) WITHOUT ROWID;

CREATE TABLE dead_key (
  node    INTEGER NOT NULL,
  session INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  PRIMARY KEY (node, session, seq)
) WITHOUT ROWID;
CREATE TABLE dead_artifact (
  artifact_id TEXT PRIMARY KEY
) WITHOUT ROWID;
-- Windows of one node never overlap (they are merged as they are added), so the last one that
-- starts before a time is the only one that can hold it. Node 0: any node.
CREATE TABLE dead_window (
  node     INTEGER NOT NULL,
  start_ts REAL NOT NULL,
  end_ts   REAL NOT NULL,
  PRIMARY KEY (node, start_ts)
) WITHOUT ROWID;
CREATE TABLE dead_import (
  node       INTEGER NOT NULL,
  digest     TEXT NOT NULL,
  started_at REAL NOT NULL,
  PRIMARY KEY (node, digest, started_at)
) WITHOUT ROWID;

CREATE TRIGGER event_blocked BEFORE INSERT ON event
WHEN EXISTS (SELECT 1 FROM dead_key d
             WHERE d.node = NEW.node AND d.session = NEW.session AND d.seq = NEW.seq)
  OR (NEW.started_at <> 0 AND (
    (SELECT end_ts FROM dead_window WHERE node = 0 AND start_ts <= NEW.started_at
     ORDER BY start_ts DESC LIMIT 1) >= NEW.started_at
    OR (SELECT end_ts FROM dead_window WHERE node = NEW.node AND start_ts <= NEW.started_at
        ORDER BY start_ts DESC LIMIT 1) >= NEW.started_at))
  OR EXISTS (SELECT 1 FROM dead_import d
             WHERE d.node = NEW.node
               AND d.digest = (SELECT digest FROM command WHERE id = NEW.command)
               AND (NEW.started_at = 0 OR abs(NEW.started_at - d.started_at) <= 2))
BEGIN
  INSERT INTO dead_key (node, session, seq) VALUES (NEW.node, NEW.session, NEW.seq)
    ON CONFLICT DO NOTHING;
  DELETE FROM command WHERE id = NEW.command
    AND NOT EXISTS (SELECT 1 FROM event WHERE command = NEW.command);
  SELECT RAISE(IGNORE);
END;

-- Without its digest a line can't be told from a forgotten one: the caller has to bring it.
CREATE TRIGGER event_digest BEFORE INSERT ON event
WHEN EXISTS (SELECT 1 FROM dead_import WHERE node = NEW.node)
  AND (SELECT digest FROM command WHERE id = NEW.command) IS NULL
BEGIN
  SELECT RAISE(ABORT, 'digest missing');
END;

CREATE TRIGGER event_removed AFTER DELETE ON event BEGIN
  DELETE FROM command WHERE id = OLD.command
    AND NOT EXISTS (SELECT 1 FROM event WHERE command = OLD.command);
END;

CREATE TRIGGER dead_key_added AFTER INSERT ON dead_key BEGIN
  DELETE FROM event WHERE node = NEW.node AND session = NEW.session AND seq = NEW.seq;
  DELETE FROM loser WHERE node = NEW.node AND session = NEW.session AND seq = NEW.seq;
  INSERT INTO dead_artifact (artifact_id)
    SELECT artifact_id FROM artifact
      WHERE node = NEW.node AND session = NEW.session AND seq = NEW.seq
    UNION SELECT artifact_id FROM artifact_loser
      WHERE node = NEW.node AND session = NEW.session AND seq = NEW.seq
    ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER dead_window_added AFTER INSERT ON dead_window BEGIN
  INSERT INTO dead_key (node, session, seq)
    SELECT node, session, seq FROM event
      WHERE started_at BETWEEN NEW.start_ts AND NEW.end_ts AND started_at <> 0
        AND (NEW.node = 0 OR node = NEW.node)
    UNION SELECT node, session, seq FROM loser
      WHERE started_at BETWEEN NEW.start_ts AND NEW.end_ts AND started_at <> 0
        AND (NEW.node = 0 OR node = NEW.node)
    ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER dead_import_added AFTER INSERT ON dead_import BEGIN
  INSERT INTO dead_key (node, session, seq)
    SELECT e.node, e.session, e.seq FROM command c JOIN event e ON e.command = c.id
      WHERE c.digest = NEW.digest AND e.node = NEW.node
        AND (e.started_at = 0 OR abs(e.started_at - NEW.started_at) <= 2)
    UNION SELECT node, session, seq FROM loser
      WHERE digest = NEW.digest AND node = NEW.node
        AND (started_at = 0 OR abs(started_at - NEW.started_at) <= 2)
    ON CONFLICT DO NOTHING;
END;
CREATE INDEX command_digest ON command (digest) WHERE digest IS NOT NULL;

CREATE TRIGGER artifact_blocked BEFORE INSERT ON artifact
WHEN EXISTS (SELECT 1 FROM dead_artifact WHERE artifact_id = NEW.artifact_id)
  OR EXISTS (SELECT 1 FROM dead_key d
             WHERE d.node = NEW.node AND d.session = NEW.session AND d.seq = NEW.seq)
BEGIN
  INSERT INTO dead_artifact (artifact_id) VALUES (NEW.artifact_id) ON CONFLICT DO NOTHING;
  SELECT RAISE(IGNORE);
END;
CREATE TRIGGER dead_artifact_added AFTER INSERT ON dead_artifact BEGIN
  DELETE FROM artifact WHERE artifact_id = NEW.artifact_id;
END;

-- What this device is in its vault. One row each.
CREATE TABLE vault (
  id           INTEGER PRIMARY KEY CHECK (id = 1),
  vault_id     TEXT NOT NULL,
  name         TEXT NOT NULL,
  location     TEXT NOT NULL,  -- JSON: where the store is; no secrets
  capabilities TEXT NOT NULL   -- JSON: what the store was seen to do
);
CREATE TABLE identity (
  id           INTEGER PRIMARY KEY CHECK (id = 1),
  node         INTEGER NOT NULL,
  label        TEXT NOT NULL,
  segments     INTEGER NOT NULL DEFAULT 0,  -- last number taken
  tombstones   INTEGER NOT NULL DEFAULT 0,
  manifest_seq INTEGER NOT NULL DEFAULT 0,
  etag         TEXT,                        -- of the own manifest as last confirmed
  etag_at      REAL,                        -- when, in Unix seconds
  published_at REAL,                        -- the last publish, in Unix seconds
  republish    INTEGER NOT NULL DEFAULT 0   -- 1: the store's copy is older or gone
);
-- SHA-256 of every own manifest that the store was seen to hold.
CREATE TABLE confirmed_manifest (
  digest TEXT PRIMARY KEY
) WITHOUT ROWID;

-- Sealed bytes that are on their way; a retry sends the same ones.
CREATE TABLE outbox (
  key    TEXT PRIMARY KEY,
  kind   TEXT NOT NULL,
  number INTEGER NOT NULL,
  bytes  BLOB NOT NULL
);
CREATE TABLE own_tombstone (
  id     INTEGER PRIMARY KEY,
  number INTEGER NOT NULL DEFAULT 0,  -- 0: waits for one
  body   TEXT NOT NULL                -- the payload
);
CREATE INDEX own_tombstone_number ON own_tombstone (number);

-- What other nodes published (known) and what of it is in this database (imported).
CREATE TABLE known_range (
  kind     TEXT NOT NULL,
  node     INTEGER NOT NULL,
  start_no INTEGER NOT NULL,
  end_no   INTEGER NOT NULL,
  PRIMARY KEY (kind, node, start_no)
) WITHOUT ROWID;
CREATE TABLE imported_range (
  kind     TEXT NOT NULL,
  node     INTEGER NOT NULL,
  start_no INTEGER NOT NULL,
  end_no   INTEGER NOT NULL,
  PRIMARY KEY (kind, node, start_no)
) WITHOUT ROWID;
CREATE TABLE manifest (
  node         INTEGER PRIMARY KEY,
  manifest_seq INTEGER NOT NULL,
  digest       TEXT NOT NULL,   -- SHA-256 of the decrypted payload
  created_at   TEXT NOT NULL,
  label        TEXT NOT NULL,
  first_label  TEXT NOT NULL,   -- before it was renamed: the host that its imports go by
  platform     TEXT NOT NULL,
  hx_version   TEXT NOT NULL,
  observed     TEXT NOT NULL,   -- JSON
  etag         TEXT,
  etag_at      REAL             -- when it was remembered, in Unix seconds
);

-- The last run of each operation, for status.
CREATE TABLE run (
  operation TEXT PRIMARY KEY,
  report    TEXT NOT NULL
) WITHOUT ROWID;
`;

/**
 * What is asked for without a word to search: failures, and what was run in one directory. Imported
 * lines know neither, so these cost an import nothing.
 */
const V2 = `
CREATE INDEX event_failed ON event (started_at) WHERE exit_code <> 0;
CREATE INDEX event_cwd ON event (cwd, started_at) WHERE cwd IS NOT NULL;
`;

/**
 * Artifacts: which records share a content, and what has to survive a crash in the middle of an
 * upload.
 */
const V3 = `
CREATE INDEX artifact_blob ON artifact (blob_hash);

-- A blob on its way: its header, so that a later run can seal the same bytes again.
CREATE TABLE blob_outbox (
  blob_hash TEXT PRIMARY KEY,
  header    BLOB NOT NULL,
  runtime   TEXT NOT NULL  -- the version of Deno that compressed it
) WITHOUT ROWID;

-- Uploads in parts that the storage still keeps something for.
CREATE TABLE upload (
  upload_id  TEXT PRIMARY KEY,
  store      TEXT NOT NULL,
  key        TEXT NOT NULL,
  part_bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE upload_part (
  upload_id TEXT NOT NULL,
  number    INTEGER NOT NULL,
  etag      TEXT NOT NULL,
  sha256    TEXT NOT NULL,
  PRIMARY KEY (upload_id, number)
) WITHOUT ROWID;
`;

/** Step n of the schema at index n - 1. */
export const MIGRATIONS: readonly string[] = [V1, V2, V3];
