-- The row index of the follower: it follows from usage, so it is in no chain, and is built anew where it is lost.

-- Usage rows by the hour of UTC that they count in and by labels. part: number of a row divided by 16,384. rows: two bytes a row, how far it is into its part.
CREATE TABLE usage_hours (
  bucket int NOT NULL, start_at bigint NOT NULL, attribution int NOT NULL, part bigint NOT NULL, rows bytea NOT NULL,
  PRIMARY KEY (bucket, start_at, attribution, part)
) WITH (fillfactor = 50);

-- Usage rows by their ids. A run has the entries of the rows from first_usage to last_usage, sorted: the number of the org and a hash of the id (id_key), then
-- the number of the row. They lie in blocks, each named by its first entry, each small enough to be stored in its row.
CREATE TABLE usage_id_runs (
  bucket int NOT NULL, last_usage bigint NOT NULL, first_usage bigint NOT NULL, entry_count bigint NOT NULL, PRIMARY KEY (bucket, last_usage)
);
CREATE TABLE usage_id_blocks (
  bucket int NOT NULL, run bigint NOT NULL, id_key bigint NOT NULL, seq bigint NOT NULL, entries bytea NOT NULL,
  PRIMARY KEY (bucket, run, id_key, seq)
);

-- Rows that are counted already are not in the index, so the follower counts anew.
UPDATE follower SET commit_no = 0, hash = '', last_usage = 0, last_posting = 0;
