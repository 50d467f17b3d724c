-- What the follower counted: it follows from usage and postings, so it is in no chain, and is counted anew where it is lost.

-- Up to which commit each bucket's rows are counted, and the last of them.
CREATE TABLE follower (
  bucket int PRIMARY KEY, commit_no bigint NOT NULL, hash bytea NOT NULL, last_usage bigint NOT NULL, last_posting bigint NOT NULL
) WITH (fillfactor = 20);

-- org: number of the org's first account. span: 0 an hour of UTC, 1 a day in the org's zone. attribution: 0 of charges for no usage.
-- Usage rows and postings are counted apart, each by the time it counts in. min_, max_: 0 where there is none.
CREATE TABLE recounts (
  bucket int NOT NULL, org int NOT NULL, span int NOT NULL, start_at bigint NOT NULL, attribution int NOT NULL, attempts bigint NOT NULL,
  failures bigint NOT NULL, input_tokens numeric NOT NULL, cache_read_tokens numeric NOT NULL, cache_write_tokens numeric NOT NULL,
  output_tokens numeric NOT NULL, reasoning_tokens numeric NOT NULL, provider_cost numeric NOT NULL, usage_charge numeric NOT NULL,
  max_usage_at bigint NOT NULL, posting_count bigint NOT NULL, charge numeric NOT NULL, corrections numeric NOT NULL, usage_corrections numeric NOT NULL,
  min_posting bigint NOT NULL, max_posting bigint NOT NULL, max_posting_at bigint NOT NULL, PRIMARY KEY (bucket, org, span, start_at, attribution)
) WITH (fillfactor = 50);

-- How usage rows ended. status_code: the provider's; 0: it gave no answer.
CREATE TABLE recount_statuses (
  bucket int NOT NULL, org int NOT NULL, span int NOT NULL, start_at bigint NOT NULL, attribution int NOT NULL, status_code int NOT NULL,
  attempts bigint NOT NULL, max_at bigint NOT NULL, PRIMARY KEY (bucket, org, span, start_at, attribution, status_code)
) WITH (fillfactor = 50);

-- How balances moved, by month in the org's zone.
CREATE TABLE recount_months (
  bucket int NOT NULL, org int NOT NULL, start_at bigint NOT NULL, top_ups numeric NOT NULL, grants numeric NOT NULL, grants_expired numeric NOT NULL,
  charges numeric NOT NULL, corrections numeric NOT NULL, posting_count bigint NOT NULL, max_posting bigint NOT NULL, PRIMARY KEY (bucket, org, start_at)
) WITH (fillfactor = 50);
