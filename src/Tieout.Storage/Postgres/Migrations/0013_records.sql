-- What happened: appended, never changed, part of the chain (L7, L8). It governs nothing, so it is read by query and never loaded.
-- org: empty for the platform. The newest row of a name says how it stands. Names are ordered by their bytes, whatever the database's language, as in every store.
CREATE TABLE records (
  bucket int NOT NULL, seq bigint NOT NULL, kind int NOT NULL, org text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, body text NOT NULL,
  recorded_at bigint NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq)
);
-- The newest of a name, and a page of a kind.
CREATE INDEX records_name ON records (bucket, kind, org, name, seq DESC);

ALTER TABLE heads ADD COLUMN last_record bigint NOT NULL DEFAULT 0;
ALTER TABLE chain ADD COLUMN last_record bigint NOT NULL DEFAULT 0;
