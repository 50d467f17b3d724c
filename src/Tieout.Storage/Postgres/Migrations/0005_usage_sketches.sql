-- Sketches of the follower: they follow from usage, so they are in no chain, and are counted anew where they are lost.

-- How many tokens the attempts of an hour of UTC and of labels used each, and their distinct end users. org: number of the org's first account. input_tokens,
-- output_tokens: counts by bucket. end_users: hashes, or the registers of a HyperLogLog.
CREATE TABLE usage_sketches (
  bucket int NOT NULL, org int NOT NULL, start_at bigint NOT NULL, attribution int NOT NULL, attempts bigint NOT NULL, input_tokens bytea NOT NULL,
  output_tokens bytea NOT NULL, end_users bytea NOT NULL, PRIMARY KEY (bucket, org, start_at, attribution)
) WITH (fillfactor = 50);

-- Rows that are counted already are in no sketch, so the follower counts anew.
UPDATE follower SET commit_no = 0, hash = '', last_usage = 0, last_posting = 0;
