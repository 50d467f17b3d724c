-- Traits of usage: its status (bits 0 to 15), basis (16 to 19), flags of its charge (20 to 31) and of its counts (32 to 62), so that a list of rare ones and its
-- sums look at no other rows.

-- How usage rows ended and were corrected. correction_count, corrections: of the postings that correct such usage, by the time that they count in.
DROP TABLE recount_statuses;
CREATE TABLE recount_statuses (
  bucket int NOT NULL, org int NOT NULL, span int NOT NULL, traits bigint NOT NULL, start_at bigint NOT NULL, attribution int NOT NULL,
  absent_ids int NOT NULL, attempts bigint NOT NULL, billable bigint NOT NULL, charge numeric NOT NULL, provider_cost numeric NOT NULL,
  correction_count bigint NOT NULL, corrections numeric NOT NULL, max_at bigint NOT NULL,
  PRIMARY KEY (bucket, org, span, traits, start_at, attribution, absent_ids)
) WITH (fillfactor = 50);

-- Usage rows, and the postings that correct them, by the hour of UTC that they count in, by labels and by traits.
DROP TABLE usage_hours;
CREATE TABLE usage_hours (
  bucket int NOT NULL, start_at bigint NOT NULL, attribution int NOT NULL, traits bigint NOT NULL, part bigint NOT NULL, rows bytea NOT NULL,
  PRIMARY KEY (bucket, start_at, attribution, traits, part)
) WITH (fillfactor = 50);

-- Rows that are counted already are in no such line, so the follower counts anew.
UPDATE follower SET commit_no = 0, hash = '', last_usage = 0, last_posting = 0;
