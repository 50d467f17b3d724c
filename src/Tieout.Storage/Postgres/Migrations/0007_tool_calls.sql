-- Tool calls are records (kind 23). The follower counts them by org, hour of UTC, feature and tool: it follows from records, so it is in no chain, and is
-- counted anew where it is lost. org: number of the org's first account. feature: empty where a call names none.
CREATE TABLE tool_hours (
  bucket int NOT NULL, org int NOT NULL, start_at bigint NOT NULL, feature text COLLATE "C" NOT NULL, tool text COLLATE "C" NOT NULL,
  calls bigint NOT NULL, failures bigint NOT NULL, retries bigint NOT NULL, PRIMARY KEY (bucket, org, start_at, feature, tool)
) WITH (fillfactor = 50);

-- The last record that is counted. No ledger of an earlier program has a tool call, so what was counted goes on to be right.
ALTER TABLE follower ADD COLUMN last_record bigint NOT NULL DEFAULT 0;
