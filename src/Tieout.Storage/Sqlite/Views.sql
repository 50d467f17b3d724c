-- What runbooks read, as the newest migration leaves the tables. Made anew with it, so that a migration which changes a table need not say them again.
-- Ids as text, amounts as decimal text in major units, times as ISO 8601 in UTC.

DROP VIEW IF EXISTS ledger_entries;
DROP VIEW IF EXISTS usage_records;
DROP VIEW IF EXISTS orgs;

CREATE VIEW usage_records AS
SELECT
  u.seq,
  lower(substr(hex(u.id), 1, 8) || '-' || substr(hex(u.id), 9, 4) || '-' || substr(hex(u.id), 13, 4) || '-' || substr(hex(u.id), 17, 4) || '-' || substr(hex(u.id), 21)) AS usage_id,
  u.operation_id,
  strftime('%Y-%m-%dT%H:%M:%S', u.occurred_at / 1000000, 'unixepoch') || printf('.%06dZ', u.occurred_at % 1000000) AS occurred_at,
  a.org AS org_id, a.project AS project_id, a.team AS team_id, a.key AS key_id, u.end_user AS user_id, a.feature,
  {UsageSource a.source} AS usage_source,
  a.trigger AS trigger_type, a.provider, a.model,
  u.input_tokens, u.cache_read_tokens, u.cache_write_tokens, u.output_tokens, u.reasoning_tokens,
  rtrim(rtrim(printf('%d.%09d', u.provider_cost / 1000000000, u.provider_cost % 1000000000), '0'), '.') AS provider_cost,
  rtrim(rtrim(printf('%d.%09d', u.charge / 1000000000, u.charge % 1000000000), '0'), '.') AS charge,
  u.correlation_id, u.trace_id,
  {UsageBasis u.basis} AS basis,
  u.workflow_id, u.attempt_no, u.duration_ms, u.status_code, u.more, u.flags, u.charge_flags,
  CASE u.price WHEN 0 THEN NULL ELSE u.price END AS price_no,
  strftime('%Y-%m-%dT%H:%M:%S', u.effective_at / 1000000, 'unixepoch') || printf('.%06dZ', u.effective_at % 1000000) AS effective_at,
  strftime('%Y-%m-%dT%H:%M:%S', u.recorded_at / 1000000, 'unixepoch') || printf('.%06dZ', u.recorded_at % 1000000) AS recorded_at,
  a.app_instance AS app_instance_id, a.component AS runtime_component, CASE a.control_plane WHEN 1 THEN 'true' WHEN 0 THEN 'false' END AS control_plane_component,
  a.operating_mode, a.control_plane_scope, a.runtime_backend
FROM usage u JOIN attributions a ON a.no = u.attribution;

-- Two rows a posting; their amounts sum to zero (L1).
CREATE VIEW ledger_entries AS
SELECT
  p.seq AS posting_id, side.name AS direction,
  o.org AS org_id,
  CASE (CASE side.name WHEN 'debit' THEN p.debit ELSE p.credit END - 1) % 4
    WHEN 0 THEN 'customer' WHEN 1 THEN 'revenue' WHEN 2 THEN 'funding' ELSE 'promotion' END AS account,
  CASE side.name WHEN 'debit' THEN p.debit ELSE p.credit END AS account_no,
  {PostingKind p.kind} AS kind,
  CASE WHEN side.name = 'debit' AND p.amount > 0 THEN '-' ELSE '' END
    || rtrim(rtrim(printf('%d.%09d', p.amount / 1000000000, p.amount % 1000000000), '0'), '.') AS amount,
  CASE side.name WHEN 'debit' THEN -p.amount ELSE p.amount END AS amount_nanos,
  CASE WHEN u.id IS NULL THEN NULL ELSE
    lower(substr(hex(u.id), 1, 8) || '-' || substr(hex(u.id), 9, 4) || '-' || substr(hex(u.id), 13, 4) || '-' || substr(hex(u.id), 17, 4) || '-' || substr(hex(u.id), 21)) END AS usage_id,
  u.operation_id, u.correlation_id, u.trace_id,
  p.command_id, CASE p.reverses WHEN 0 THEN NULL ELSE p.reverses END AS reverses, p.reason,
  strftime('%Y-%m-%dT%H:%M:%S', coalesce(u.occurred_at, p.effective_at) / 1000000, 'unixepoch') || printf('.%06dZ', coalesce(u.occurred_at, p.effective_at) % 1000000) AS occurred_at,
  strftime('%Y-%m-%dT%H:%M:%S', p.effective_at / 1000000, 'unixepoch') || printf('.%06dZ', p.effective_at % 1000000) AS effective_at,
  strftime('%Y-%m-%dT%H:%M:%S', p.recorded_at / 1000000, 'unixepoch') || printf('.%06dZ', p.recorded_at % 1000000) AS recorded_at,
  {UsageSource a.source} AS usage_source,
  a.app_instance AS app_instance_id, a.component AS runtime_component, CASE a.control_plane WHEN 1 THEN 'true' WHEN 0 THEN 'false' END AS control_plane_component,
  a.operating_mode, a.control_plane_scope, a.runtime_backend
FROM postings p
CROSS JOIN (SELECT 'debit' AS name UNION ALL SELECT 'credit') side
LEFT JOIN orgs o ON o.ordinal = (p.debit - 1) / 4
LEFT JOIN usage u ON u.seq = p.usage_seq
LEFT JOIN attributions a ON a.no = u.attribution;

-- Orgs in the order in which they were opened; ordinal n has the accounts 4n + 1 to 4n + 4.
CREATE VIEW orgs AS
SELECT row_number() OVER (ORDER BY seq) - 1 AS ordinal, org, body, recorded_at FROM settings WHERE kind = 0;
