-- What people and other programs read (runbook R4), as the newest migration leaves the tables. Laid anew with it, so that a migration which changes a table need not
-- say them again; one that must drop them may. Names as in the embedded store; amounts are numeric, in major units; times are timestamptz.

-- Orgs of a bucket in the order in which they were opened; ordinal n has the accounts 4n + 1 to 4n + 4.
CREATE OR REPLACE VIEW orgs AS
SELECT bucket, row_number() OVER (PARTITION BY bucket ORDER BY seq) - 1 AS ordinal, org, body,
  timestamptz 'epoch' + recorded_at * interval '1 microsecond' AS recorded_at
FROM settings WHERE kind = 0;

CREATE OR REPLACE VIEW usage_records AS
SELECT
  u.bucket, u.seq, u.id AS usage_id, u.operation_id,
  timestamptz 'epoch' + u.occurred_at * interval '1 microsecond' AS occurred_at,
  a.org AS org_id, a.project AS project_id, a.team AS team_id, a.key AS key_id, u.end_user AS user_id, a.feature,
  {UsageSource a.source} AS usage_source,
  a.trigger AS trigger_type, a.provider, a.model,
  u.input_tokens, u.cache_read_tokens, u.cache_write_tokens, u.output_tokens, u.reasoning_tokens,
  trim_scale(u.provider_cost / 1000000000::numeric) AS provider_cost, trim_scale(u.charge / 1000000000::numeric) AS charge,
  u.correlation_id, u.trace_id,
  {UsageBasis u.basis} AS basis,
  u.workflow_id, u.attempt_no, u.duration_ms, u.status_code, u.more, u.flags, u.charge_flags, nullif(u.price, 0) AS price_no,
  timestamptz 'epoch' + u.effective_at * interval '1 microsecond' AS effective_at,
  timestamptz 'epoch' + u.recorded_at * interval '1 microsecond' AS recorded_at,
  a.app_instance AS app_instance_id, a.component AS runtime_component, a.control_plane = 1 AS control_plane_component,
  a.operating_mode, a.control_plane_scope, a.runtime_backend
FROM usage u JOIN attributions a ON a.bucket = u.bucket AND a.no = u.attribution;

-- Two rows a posting; their amounts sum to zero (L1).
CREATE OR REPLACE VIEW ledger_entries AS
SELECT
  p.bucket, p.seq AS posting_id, side.name AS direction, o.org AS org_id,
  CASE (side.account - 1) % 4 WHEN 0 THEN 'customer' WHEN 1 THEN 'revenue' WHEN 2 THEN 'funding' ELSE 'promotion' END AS account,
  side.account AS account_no,
  {PostingKind p.kind} AS kind,
  trim_scale(side.amount / 1000000000::numeric) AS amount, side.amount AS amount_nanos,
  u.id AS usage_id, u.operation_id, u.correlation_id, u.trace_id,
  p.command_id, nullif(p.reverses, 0) AS reverses, p.reason,
  timestamptz 'epoch' + coalesce(u.occurred_at, p.effective_at) * interval '1 microsecond' AS occurred_at,
  timestamptz 'epoch' + p.effective_at * interval '1 microsecond' AS effective_at,
  timestamptz 'epoch' + p.recorded_at * interval '1 microsecond' AS recorded_at,
  {UsageSource a.source} AS usage_source,
  a.app_instance AS app_instance_id, a.component AS runtime_component, a.control_plane = 1 AS control_plane_component,
  a.operating_mode, a.control_plane_scope, a.runtime_backend
FROM postings p
CROSS JOIN LATERAL (VALUES ('debit', p.debit, -p.amount), ('credit', p.credit, p.amount)) side (name, account, amount)
LEFT JOIN orgs o ON o.bucket = p.bucket AND o.ordinal = (p.debit - 1) / 4
LEFT JOIN usage u ON u.bucket = p.bucket AND u.seq = p.usage_seq
  AND u.recorded_at BETWEEN CASE WHEN p.kind = 3 AND p.command_id IS NULL THEN p.recorded_at ELSE -9223372036854775808 END AND p.recorded_at
LEFT JOIN attributions a ON a.bucket = u.bucket AND a.no = u.attribution;

-- What the SQL of cost-spike runbooks asks, whatever it is called elsewhere. cost_usd: what the providers take.
CREATE OR REPLACE VIEW inference_events AS
SELECT
  timestamptz 'epoch' + u.occurred_at * interval '1 microsecond' AS created_at,
  trim_scale(u.provider_cost / 1000000000::numeric) AS cost_usd,
  a.trigger AS trigger_type, a.feature, u.end_user AS user_id, u.input_tokens + u.cache_read_tokens + u.cache_write_tokens AS input_tokens, u.output_tokens,
  a.org AS org_id, a.project AS project_id, a.model, u.operation_id, u.correlation_id
FROM usage u JOIN attributions a ON a.bucket = u.bucket AND a.no = u.attribution
WHERE a.source <> 3;

CREATE OR REPLACE VIEW tool_calls AS
SELECT
  coalesce(a.model, a.feature, a.provider) AS tool_name, u.status_code BETWEEN 1 AND 399 AS success, u.attempt_no - 1 AS retries,
  timestamptz 'epoch' + u.occurred_at * interval '1 microsecond' AS created_at, a.org AS org_id, u.operation_id
FROM usage u JOIN attributions a ON a.bucket = u.bucket AND a.no = u.attribution
WHERE a.source = 3
UNION ALL
SELECT
  c.body ->> 'tool', NOT (c.body ->> 'failed')::boolean, (c.body ->> 'retries')::int,
  timestamptz 'epoch' + (c.body ->> 'occurred_at_us')::bigint * interval '1 microsecond', c.org COLLATE "default", c.body ->> 'operation_id'
FROM (SELECT r.org, r.body::jsonb AS body FROM records r WHERE r.kind = 23) c;
