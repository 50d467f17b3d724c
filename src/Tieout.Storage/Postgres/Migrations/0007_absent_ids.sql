-- How usage rows ended, now told apart by the ids they lack: what a join contract asks for is counted.
-- absent_ids: correlation 1, trace 2, workflow 4, end user 8. charge: what the rows say they cost.
DROP TABLE recount_statuses;
CREATE TABLE recount_statuses (
  bucket int NOT NULL, org int NOT NULL, span int NOT NULL, start_at bigint NOT NULL, attribution int NOT NULL, status_code int NOT NULL,
  absent_ids int NOT NULL, attempts bigint NOT NULL, billable bigint NOT NULL, charge numeric NOT NULL, max_at bigint NOT NULL,
  PRIMARY KEY (bucket, org, span, start_at, attribution, status_code, absent_ids)
) WITH (fillfactor = 50);

-- Lines that were counted are gone with the table, and a line that is added to must not have rows from before, so the follower counts anew.
UPDATE follower SET commit_no = 0, hash = '', last_usage = 0, last_posting = 0;
