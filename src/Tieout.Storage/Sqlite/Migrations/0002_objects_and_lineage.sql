-- What providers keep for orgs, and what happened to envelopes. Rows are appended and never changed, and are part of the chain (L7, L8).

-- kind: 1 response, 2 file, 3 batch. id: the provider's own. pending: 1 if something is still to come of it.
CREATE TABLE objects (
  seq INTEGER PRIMARY KEY, org TEXT NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, attempt BLOB,
  operation_id TEXT, pending INTEGER NOT NULL, body TEXT NOT NULL, recorded_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX objects_id ON objects (org, kind, id);
CREATE INDEX objects_newest ON objects (org, kind, seq);
CREATE INDEX objects_pending ON objects (kind, seq) WHERE pending = 1;

-- An object ends once: the key says so.
CREATE TABLE object_ends (
  object INTEGER PRIMARY KEY, body TEXT NOT NULL, ended_at INTEGER NOT NULL, commit_no INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;

-- One row for each step in the life of an envelope. kind: 1 attempt, 2 hop. no: from 1 within the issuance.
-- link: 32 bytes that hang on the row before (see the envelope's specification); token_sha256: of the envelope's text, 32 bytes.
CREATE TABLE lineage (
  seq INTEGER PRIMARY KEY, org TEXT NOT NULL, operation_id TEXT NOT NULL, issuance_id TEXT NOT NULL, no INTEGER NOT NULL,
  key_id TEXT NOT NULL, token_sha256 BLOB NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL, attempt_no INTEGER NOT NULL,
  executor TEXT NOT NULL, target TEXT NOT NULL, at INTEGER NOT NULL, link BLOB NOT NULL, crc INTEGER NOT NULL
) STRICT;
-- Ours are time-ordered, so new rows come at the index's end.
CREATE UNIQUE INDEX lineage_no ON lineage (operation_id, org, issuance_id, no);

ALTER TABLE chain ADD COLUMN last_object INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chain ADD COLUMN last_lineage INTEGER NOT NULL DEFAULT 0;
