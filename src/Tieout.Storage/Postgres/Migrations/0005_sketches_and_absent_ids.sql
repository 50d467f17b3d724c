-- Sketches of the follower: they follow from usage, so they are in no chain, and are counted anew where they are lost.

-- How many tokens the attempts of an hour of UTC and of labels used each, and their distinct end users. org: number of the org's first account. input_tokens,
-- output_tokens: counts by bucket. end_users: hashes, or the registers of a HyperLogLog.
CREATE TABLE usage_sketches (
  bucket int NOT NULL, org int NOT NULL, start_at bigint NOT NULL, attribution int NOT NULL, attempts bigint NOT NULL, input_tokens bytea NOT NULL,
  output_tokens bytea NOT NULL, end_users bytea NOT NULL, PRIMARY KEY (bucket, org, start_at, attribution)
) WITH (fillfactor = 50);

-- How usage rows ended, now told apart by the ids they lack: what a join contract asks for is counted.
-- absent_ids: correlation 1, trace 2, workflow 4, end user 8. charge: what the rows say they cost.
DROP TABLE recount_statuses;
CREATE TABLE recount_statuses (
  bucket int NOT NULL, org int NOT NULL, span int NOT NULL, start_at bigint NOT NULL, attribution int NOT NULL, status_code int NOT NULL,
  absent_ids int NOT NULL, attempts bigint NOT NULL, billable bigint NOT NULL, charge numeric NOT NULL, max_at bigint NOT NULL,
  PRIMARY KEY (bucket, org, span, start_at, attribution, status_code, absent_ids)
) WITH (fillfactor = 50);

-- Rows that are counted already are in no sketch and no such line, so the follower counts anew.
UPDATE follower SET commit_no = 0, hash = '', last_usage = 0, last_posting = 0;
