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

CREATE VIEW usage_records AS
SELECT
  u.bucket, u.seq, u.id AS usage_id, u.operation_id,
  timestamptz 'epoch' + u.occurred_at * interval '1 microsecond' AS occurred_at,
  a.org AS org_id, a.project AS project_id, a.team AS team_id, a.key AS key_id, u.end_user AS user_id, a.feature,
  CASE a.source WHEN 0 THEN 'gateway' WHEN 1 THEN 'allocation' WHEN 2 THEN 'app_runtime' WHEN 3 THEN 'tool_call' ELSE 'import' END AS usage_source,
  a.trigger AS trigger_type, a.provider, a.model,
  u.input_tokens, u.cache_read_tokens, u.cache_write_tokens, u.output_tokens, u.reasoning_tokens,
  trim_scale(u.provider_cost / 1000000000::numeric) AS provider_cost, trim_scale(u.charge / 1000000000::numeric) AS charge,
  u.correlation_id, u.trace_id,
  CASE u.basis WHEN 0 THEN 'reported' WHEN 1 THEN 'estimated' WHEN 2 THEN 'failed' ELSE 'imported' END AS basis,
  u.workflow_id, u.attempt_no, u.duration_ms, u.status_code, u.more, u.flags, u.charge_flags, nullif(u.price, 0) AS price_no,
  timestamptz 'epoch' + u.effective_at * interval '1 microsecond' AS effective_at,
  timestamptz 'epoch' + u.recorded_at * interval '1 microsecond' AS recorded_at,
  a.app_instance AS app_instance_id, a.component AS runtime_component, a.control_plane = 1 AS control_plane_component,
  a.operating_mode, a.control_plane_scope, a.runtime_backend
FROM usage u JOIN attributions a ON a.bucket = u.bucket AND a.no = u.attribution;

CREATE VIEW ledger_entries AS
SELECT
  p.bucket, p.seq AS posting_id, side.name AS direction, o.org AS org_id,
  CASE (side.account - 1) % 4 WHEN 0 THEN 'customer' WHEN 1 THEN 'revenue' WHEN 2 THEN 'funding' ELSE 'promotion' END AS account,
  side.account AS account_no,
  CASE p.kind WHEN 0 THEN 'top_up' WHEN 1 THEN 'grant' WHEN 2 THEN 'grant_expiry' WHEN 3 THEN 'charge' WHEN 4 THEN 'reversal' ELSE 're_entry' END AS kind,
  trim_scale(side.amount / 1000000000::numeric) AS amount, side.amount AS amount_nanos,
  u.id AS usage_id, u.operation_id, u.correlation_id, u.trace_id,
  p.command_id, nullif(p.reverses, 0) AS reverses, p.reason,
  timestamptz 'epoch' + coalesce(u.occurred_at, p.effective_at) * interval '1 microsecond' AS occurred_at,
  timestamptz 'epoch' + p.effective_at * interval '1 microsecond' AS effective_at,
  timestamptz 'epoch' + p.recorded_at * interval '1 microsecond' AS recorded_at,
  CASE WHEN a.source IS NULL THEN NULL WHEN a.source = 0 THEN 'gateway' WHEN a.source = 1 THEN 'allocation' WHEN a.source = 2 THEN 'app_runtime' WHEN a.source = 3 THEN 'tool_call' ELSE 'import' END AS usage_source,
  a.app_instance AS app_instance_id, a.component AS runtime_component, a.control_plane = 1 AS control_plane_component,
  a.operating_mode, a.control_plane_scope, a.runtime_backend
FROM postings p
CROSS JOIN LATERAL (VALUES ('debit', p.debit, -p.amount), ('credit', p.credit, p.amount)) side (name, account, amount)
LEFT JOIN orgs o ON o.bucket = p.bucket AND o.ordinal = (p.debit - 1) / 4
LEFT JOIN usage u ON u.bucket = p.bucket AND u.seq = p.usage_seq AND u.recorded_at BETWEEN usage_from(p.kind, p.command_id, p.recorded_at) AND p.recorded_at
LEFT JOIN attributions a ON a.bucket = u.bucket AND a.no = u.attribution;
CREATE VIEW inference_events AS
SELECT
  timestamptz 'epoch' + u.occurred_at * interval '1 microsecond' AS created_at,
  trim_scale(u.provider_cost / 1000000000::numeric) AS cost_usd,
  a.trigger AS trigger_type, a.feature, u.end_user AS user_id, u.input_tokens + u.cache_read_tokens + u.cache_write_tokens AS input_tokens, u.output_tokens,
  a.org AS org_id, a.project AS project_id, a.model, u.operation_id, u.correlation_id
FROM usage u JOIN attributions a ON a.bucket = u.bucket AND a.no = u.attribution
WHERE a.source <> 3;

CREATE VIEW tool_calls AS
SELECT
  coalesce(a.model, a.feature, a.provider) AS tool_name, u.status_code BETWEEN 1 AND 399 AS success, u.attempt_no - 1 AS retries,
  timestamptz 'epoch' + u.occurred_at * interval '1 microsecond' AS created_at, a.org AS org_id, u.operation_id
FROM usage u JOIN attributions a ON a.bucket = u.bucket AND a.no = u.attribution
WHERE a.source = 3;
