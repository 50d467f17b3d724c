-- What happened: appended, never changed, part of the chain (L7, L8). It governs nothing, so it is read by query and never loaded.
-- org: empty for the platform. The newest row of a name says how it stands.
CREATE TABLE records (
  seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, org TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, recorded_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;
-- The newest of a name, and a page of a kind.
CREATE INDEX records_name ON records (kind, org, name, seq);

ALTER TABLE chain ADD COLUMN last_record INTEGER NOT NULL DEFAULT 0;
