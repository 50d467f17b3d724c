-- Usage lies by the month (UTC) in which it was recorded: the index of operation ids, which are random, is a month's, and a month can be vacuumed, dumped and
-- put on another disk by itself. Nothing is ever taken out. That an id counts once for ever (L3) is the key of a table of its own.
-- What is there already becomes the first part as it lies; no row is moved.

CREATE TABLE usage_ids (bucket int NOT NULL, id uuid NOT NULL, seq bigint NOT NULL, recorded_at bigint NOT NULL, PRIMARY KEY (bucket, id));
INSERT INTO usage_ids SELECT bucket, id, seq, recorded_at FROM usage ORDER BY bucket, id;

DROP VIEW usage_records, ledger_entries, inference_events, tool_calls;
ALTER TABLE usage RENAME TO usage_before;
ALTER TABLE usage_before DROP CONSTRAINT usage_pkey, DROP CONSTRAINT usage_bucket_id_key, ADD PRIMARY KEY (bucket, seq, recorded_at);
ALTER INDEX usage_operation RENAME TO usage_before_operation;
ALTER INDEX usage_correlation RENAME TO usage_before_correlation;

CREATE TABLE usage (LIKE usage_before, PRIMARY KEY (bucket, seq, recorded_at)) PARTITION BY RANGE (recorded_at);
CREATE INDEX usage_operation ON usage (bucket, operation_id);
CREATE INDEX usage_correlation ON usage (bucket, correlation_id)
WHERE correlation_id IS NOT NULL AND left(correlation_id, 11) <> left(id::text, 11);

CREATE FUNCTION usage_part(month timestamp) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT to_char(month, '"usage_"YYYY_MM') $$;
CREATE FUNCTION micros_of(month timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT (extract(epoch FROM month) * 1000000)::bigint $$;

-- Makes the part of a month, if there is none. One whose usage came before it stays where that is, in the part of all other times.
CREATE FUNCTION make_usage_part(month timestamp) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass(usage_part(month)) IS NULL THEN
    EXECUTE format('CREATE TABLE %I PARTITION OF usage FOR VALUES FROM (%s) TO (%s)', usage_part(month), micros_of(month), micros_of(month + interval '1 month'));
  END IF;
EXCEPTION WHEN check_violation OR invalid_object_definition THEN
  NULL;
END $$;

-- The month that a time lies in, and the three after it.
CREATE FUNCTION make_usage_parts(at timestamptz) RETURNS void LANGUAGE sql AS $$
  SELECT make_usage_part(date_trunc('month', at AT TIME ZONE 'UTC') + months * interval '1 month') FROM generate_series(0, 3) months
$$;

-- From when on a posting's usage was recorded: a charge with its usage, in the same commit; what corrects it (kinds 4 and 5) and what was charged by a command, after it.
CREATE FUNCTION usage_from(kind int, command_id text, recorded_at bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN kind = 3 AND command_id IS NULL THEN recorded_at ELSE -9223372036854775808 END
$$;

-- What is not in its usage's commit. Charges with their usage pay nothing for it.
CREATE INDEX postings_later ON postings (bucket, seq) WHERE kind >= 3 AND command_id IS NOT NULL;

DO $$
DECLARE
  last timestamp := date_trunc('month', greatest(now(), (SELECT timestamptz 'epoch' + max(recorded_at) * interval '1 microsecond' FROM usage_before)) AT TIME ZONE 'UTC');
BEGIN
  IF EXISTS (SELECT FROM usage_before) THEN
    EXECUTE format('ALTER TABLE usage_before RENAME TO %I', usage_part(last));
    EXECUTE format('ALTER TABLE usage ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%s)', usage_part(last), micros_of(last + interval '1 month'));
  ELSE
    DROP TABLE usage_before;
  END IF;
END $$;
SELECT make_usage_parts(now());
-- So that nothing is ever refused for the time it is recorded at.
CREATE TABLE usage_rest PARTITION OF usage DEFAULT;
