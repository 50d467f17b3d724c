-- The ledger. Rows are appended and never changed (L7); what follows from them is below, under "checkpoints".
-- Times are whole microseconds since 1970-01-01 UTC, amounts whole nano-units, crc the CRC-32C of the row's canonical bytes.
-- STRICT, so that a value that changes its type is found by the integrity check.

CREATE TABLE settings (
  seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, org TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
  after_hold INTEGER NOT NULL, recorded_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;

-- Low-cardinality labels, stored once.
CREATE TABLE attributions (
  no INTEGER PRIMARY KEY, org TEXT NOT NULL, project TEXT, team TEXT, key TEXT, feature TEXT, provider TEXT, model TEXT,
  source INTEGER NOT NULL, trigger TEXT, crc INTEGER NOT NULL
) STRICT;

CREATE TABLE prices (no INTEGER PRIMARY KEY, body TEXT NOT NULL, crc INTEGER NOT NULL) STRICT;

CREATE TABLE commands (
  org TEXT NOT NULL, id TEXT NOT NULL, content TEXT NOT NULL, posting INTEGER NOT NULL, crc INTEGER NOT NULL,
  PRIMARY KEY (org, id)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX commands_posting ON commands (posting);

CREATE TABLE holds (
  seq INTEGER PRIMARY KEY, id BLOB NOT NULL, attribution INTEGER NOT NULL, end_user TEXT, operation_id TEXT NOT NULL,
  amount INTEGER NOT NULL, held_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX holds_id ON holds (id);
CREATE INDEX holds_operation ON holds (operation_id);

-- A hold ends once (L5): the key says so. state: 1 settled, 2 released, 3 expired.
CREATE TABLE hold_ends (
  hold INTEGER PRIMARY KEY, state INTEGER NOT NULL, ended_at INTEGER NOT NULL, commit_no INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;

CREATE TABLE usage (
  seq INTEGER PRIMARY KEY, id BLOB NOT NULL, attribution INTEGER NOT NULL, operation_id TEXT NOT NULL, attempt_no INTEGER NOT NULL,
  workflow_id TEXT, correlation_id TEXT, trace_id TEXT, end_user TEXT, occurred_at INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
  status_code INTEGER NOT NULL, input_tokens INTEGER NOT NULL, cache_read_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL, more TEXT, basis INTEGER NOT NULL, flags INTEGER NOT NULL,
  price INTEGER NOT NULL, provider_cost INTEGER NOT NULL, charge INTEGER NOT NULL, charge_flags INTEGER NOT NULL,
  effective_at INTEGER NOT NULL, recorded_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX usage_id ON usage (id);
-- Ours are time-ordered. It costs a quarter of inserting a charge, and answers what an operation came to at any size.
CREATE INDEX usage_operation ON usage (operation_id);

-- Account numbers: four an org, in the order customer, revenue, funding, promotion.
-- posting_repair: 1 for a correction that brings a posting to what its usage says; the usage itself is not corrected.
CREATE TABLE postings (
  seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, debit INTEGER NOT NULL, credit INTEGER NOT NULL, amount INTEGER NOT NULL,
  usage_seq INTEGER NOT NULL, command_id TEXT, reverses INTEGER NOT NULL, reason TEXT, effective_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL, posting_repair INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;
-- Corrections alone, so charges pay nothing for it.
CREATE INDEX postings_reverses ON postings (reverses) WHERE reverses > 0;

CREATE TABLE findings (
  seq INTEGER PRIMARY KEY, code TEXT NOT NULL, severity TEXT NOT NULL, org TEXT NOT NULL, attempt BLOB, detail TEXT NOT NULL,
  recorded_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;
CREATE INDEX findings_org ON findings (org, seq);
CREATE INDEX findings_code ON findings (code, seq);

CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, org TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
  recorded_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;

-- One row a commit (L8). last_*: the last number given in each table, so each row belongs to exactly one commit.
CREATE TABLE chain (
  commit_no INTEGER PRIMARY KEY, hash BLOB NOT NULL, recorded_at INTEGER NOT NULL, last_usage INTEGER NOT NULL,
  last_posting INTEGER NOT NULL, last_hold INTEGER NOT NULL, last_setting INTEGER NOT NULL, last_finding INTEGER NOT NULL,
  last_outbox INTEGER NOT NULL, last_labels INTEGER NOT NULL, last_price INTEGER NOT NULL, last_account INTEGER NOT NULL,
  last_budget INTEGER NOT NULL
) STRICT;

-- Checkpoints: how accounts, windows and cells stood at one commit. Written behind; rebuilt from the rows that came after.

CREATE TABLE checkpoint (
  one INTEGER PRIMARY KEY CHECK (one = 1), commit_no INTEGER NOT NULL, posting INTEGER NOT NULL,
  -- No hold before this one is open, so a start need not look at them.
  first_open_hold INTEGER NOT NULL
) STRICT;
INSERT INTO checkpoint VALUES (1, 0, 0, 1);

CREATE TABLE accounts (
  no INTEGER PRIMARY KEY, org TEXT NOT NULL, kind INTEGER NOT NULL, asset TEXT NOT NULL, debits INTEGER NOT NULL,
  credits INTEGER NOT NULL, held INTEGER NOT NULL, version INTEGER NOT NULL, grants TEXT NOT NULL
) STRICT;

-- each: the end user of a budget that gives each end user a window; else empty.
CREATE TABLE windows (
  budget INTEGER NOT NULL, start_at INTEGER NOT NULL, each TEXT NOT NULL, end_at INTEGER NOT NULL, posted INTEGER NOT NULL,
  held INTEGER NOT NULL, told_percent INTEGER NOT NULL, PRIMARY KEY (budget, start_at, each)
) WITHOUT ROWID, STRICT;
CREATE INDEX windows_end ON windows (end_at);
-- A start counts what is held from the open holds and puts these right.
CREATE INDEX windows_held ON windows (held) WHERE held <> 0;

-- hour: hours since 1970-01-01 UTC, by the effective time.
CREATE TABLE cells (
  hour INTEGER NOT NULL, attribution INTEGER NOT NULL, attempts INTEGER NOT NULL, failures INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL, cache_read_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL, provider_cost INTEGER NOT NULL, charge INTEGER NOT NULL,
  PRIMARY KEY (hour, attribution)
) WITHOUT ROWID, STRICT;

-- What runbooks read. Ids as text, amounts as decimal text in major units, times as ISO 8601 in UTC.

CREATE VIEW usage_records AS
SELECT
  u.seq,
  lower(substr(hex(u.id), 1, 8) || '-' || substr(hex(u.id), 9, 4) || '-' || substr(hex(u.id), 13, 4) || '-' || substr(hex(u.id), 17, 4) || '-' || substr(hex(u.id), 21)) AS usage_id,
  u.operation_id,
  strftime('%Y-%m-%dT%H:%M:%S', u.occurred_at / 1000000, 'unixepoch') || printf('.%06dZ', u.occurred_at % 1000000) AS occurred_at,
  a.org AS org_id, a.project AS project_id, a.team AS team_id, a.key AS key_id, u.end_user AS user_id, a.feature,
  CASE a.source WHEN 0 THEN 'gateway' WHEN 1 THEN 'allocation' WHEN 2 THEN 'app_runtime' WHEN 3 THEN 'tool_call' ELSE 'import' END AS usage_source,
  a.trigger AS trigger_type, a.provider, a.model,
  u.input_tokens, u.cache_read_tokens, u.cache_write_tokens, u.output_tokens, u.reasoning_tokens,
  rtrim(rtrim(printf('%d.%09d', u.provider_cost / 1000000000, u.provider_cost % 1000000000), '0'), '.') AS provider_cost,
  rtrim(rtrim(printf('%d.%09d', u.charge / 1000000000, u.charge % 1000000000), '0'), '.') AS charge,
  u.correlation_id, u.trace_id,
  CASE u.basis WHEN 0 THEN 'reported' WHEN 1 THEN 'estimated' WHEN 2 THEN 'failed' ELSE 'imported' END AS basis,
  u.workflow_id, u.attempt_no, u.duration_ms, u.status_code, u.more, u.flags, u.charge_flags,
  CASE u.price WHEN 0 THEN NULL ELSE u.price END AS price_no,
  strftime('%Y-%m-%dT%H:%M:%S', u.effective_at / 1000000, 'unixepoch') || printf('.%06dZ', u.effective_at % 1000000) AS effective_at,
  strftime('%Y-%m-%dT%H:%M:%S', u.recorded_at / 1000000, 'unixepoch') || printf('.%06dZ', u.recorded_at % 1000000) AS recorded_at
FROM usage u JOIN attributions a ON a.no = u.attribution;

-- Two rows a posting; their amounts sum to zero (L1).
CREATE VIEW ledger_entries AS
SELECT
  p.seq AS posting_id, side.name AS direction,
  o.org AS org_id,
  CASE (CASE side.name WHEN 'debit' THEN p.debit ELSE p.credit END - 1) % 4
    WHEN 0 THEN 'customer' WHEN 1 THEN 'revenue' WHEN 2 THEN 'funding' ELSE 'promotion' END AS account,
  CASE side.name WHEN 'debit' THEN p.debit ELSE p.credit END AS account_no,
  CASE p.kind WHEN 0 THEN 'top_up' WHEN 1 THEN 'grant' WHEN 2 THEN 'grant_expiry' WHEN 3 THEN 'charge' WHEN 4 THEN 'reversal' ELSE 're_entry' END AS kind,
  CASE WHEN side.name = 'debit' AND p.amount > 0 THEN '-' ELSE '' END
    || rtrim(rtrim(printf('%d.%09d', p.amount / 1000000000, p.amount % 1000000000), '0'), '.') AS amount,
  CASE side.name WHEN 'debit' THEN -p.amount ELSE p.amount END AS amount_nanos,
  CASE WHEN u.id IS NULL THEN NULL ELSE
    lower(substr(hex(u.id), 1, 8) || '-' || substr(hex(u.id), 9, 4) || '-' || substr(hex(u.id), 13, 4) || '-' || substr(hex(u.id), 17, 4) || '-' || substr(hex(u.id), 21)) END AS usage_id,
  u.operation_id, u.correlation_id, u.trace_id,
  p.command_id, CASE p.reverses WHEN 0 THEN NULL ELSE p.reverses END AS reverses, p.reason,
  strftime('%Y-%m-%dT%H:%M:%S', coalesce(u.occurred_at, p.effective_at) / 1000000, 'unixepoch') || printf('.%06dZ', coalesce(u.occurred_at, p.effective_at) % 1000000) AS occurred_at,
  strftime('%Y-%m-%dT%H:%M:%S', p.effective_at / 1000000, 'unixepoch') || printf('.%06dZ', p.effective_at % 1000000) AS effective_at,
  strftime('%Y-%m-%dT%H:%M:%S', p.recorded_at / 1000000, 'unixepoch') || printf('.%06dZ', p.recorded_at % 1000000) AS recorded_at
FROM postings p
CROSS JOIN (SELECT 'debit' AS name UNION ALL SELECT 'credit') side
LEFT JOIN orgs o ON o.ordinal = (p.debit - 1) / 4
LEFT JOIN usage u ON u.seq = p.usage_seq;

-- Orgs in the order in which they were opened; ordinal n has the accounts 4n + 1 to 4n + 4.
CREATE VIEW orgs AS
SELECT row_number() OVER (ORDER BY seq) - 1 AS ordinal, org, body, recorded_at FROM settings WHERE kind = 0;
