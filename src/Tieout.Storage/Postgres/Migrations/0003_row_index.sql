-- The row index of the follower: it follows from usage, so it is in no chain, and is built anew where it is lost.

-- Usage rows by the hour of UTC that they count in and by labels. part: number of a row divided by 16,384. rows: two bytes a row, how far it is into its part.
CREATE TABLE usage_hours (
  bucket int NOT NULL, start_at bigint NOT NULL, attribution int NOT NULL, part bigint NOT NULL, rows bytea NOT NULL,
  PRIMARY KEY (bucket, start_at, attribution, part)
) WITH (fillfactor = 50);

-- Rows that are counted already are not in the index, so the follower counts anew.
UPDATE follower SET commit_no = 0, hash = '', last_usage = 0, last_posting = 0;
