-- Tool calls are records (kind 23). The follower counts them by org, hour of UTC, feature and tool: it follows from records, so it is in no chain, and is
-- counted anew where it is lost. org: number of the org's first account. feature: empty where a call names none.
CREATE TABLE tool_hours (
  bucket int NOT NULL, org int NOT NULL, start_at bigint NOT NULL, feature text COLLATE "C" NOT NULL, tool text COLLATE "C" NOT NULL,
  calls bigint NOT NULL, failures bigint NOT NULL, retries bigint NOT NULL, PRIMARY KEY (bucket, org, start_at, feature, tool)
) WITH (fillfactor = 50);

-- The last record that is counted.
ALTER TABLE follower ADD COLUMN last_record bigint NOT NULL DEFAULT 0;

-- What usage was charged by class of tokens, of an hour of UTC and of labels: each row's charge is split at its own price. unclassed_cost: of rows without a
-- price. It follows from usage, so it is in no chain, and is counted anew where it is lost. org: number of the org's first account.
CREATE TABLE recount_costs (
  bucket int NOT NULL, org int NOT NULL, start_at bigint NOT NULL, attribution int NOT NULL, fresh_cost numeric NOT NULL, cache_read_cost numeric NOT NULL,
  cache_write_cost numeric NOT NULL, visible_cost numeric NOT NULL, reasoning_cost numeric NOT NULL, other_cost numeric NOT NULL,
  unclassed_cost numeric NOT NULL, PRIMARY KEY (bucket, org, start_at, attribution)
) WITH (fillfactor = 50);

-- Rows that are counted already are in no such line, so the follower counts anew.
UPDATE follower SET commit_no = 0, hash = '', last_usage = 0, last_posting = 0, last_record = 0;
