-- The ledger. Rows are appended and never changed (L7); what follows from them is below, under "checkpoints".
-- Times are whole microseconds since 1970-01-01 UTC, amounts whole nano-units, crc the CRC-32C of the row's canonical bytes.
-- STRICT, so that a value that changes its type is found by the integrity check.

CREATE TABLE settings (
  seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, org TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
  after_hold INTEGER NOT NULL, recorded_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;

-- Low-cardinality labels, stored once. app_instance and on: null in labels of usage that is not a runtime's.
-- control_plane: 1 if the component steers work instead of doing it; set in every label of a runtime.
CREATE TABLE attributions (
  no INTEGER PRIMARY KEY, org TEXT NOT NULL, project TEXT, team TEXT, key TEXT, feature TEXT, provider TEXT, model TEXT,
  source INTEGER NOT NULL, trigger TEXT, app_instance TEXT, component TEXT, control_plane INTEGER, operating_mode TEXT,
  control_plane_scope TEXT, runtime_backend TEXT, crc INTEGER NOT NULL
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

-- Correlation ids that requests get here begin with their time, to a quarter of a second, as the ids of their attempts do: such usage is found by
-- its own id, and costs the write path nothing. Only what came under another correlation id, or later, is here. Follows from usage; in no chain.
CREATE TABLE correlations (correlation_id TEXT NOT NULL, usage INTEGER NOT NULL, PRIMARY KEY (correlation_id, usage)) WITHOUT ROWID, STRICT;

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
-- What was found about an attempt. Findings are few.
CREATE INDEX findings_attempt ON findings (attempt) WHERE attempt IS NOT NULL;

CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, org TEXT NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
  recorded_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;
-- A message is found by its id, so that what is announced twice is told once.
CREATE INDEX outbox_id ON outbox (org, id);

-- What providers keep for orgs. kind: 1 response, 2 file, 3 batch. id: the provider's own. pending: 1 if something is still to come of it.
CREATE TABLE objects (
  seq INTEGER PRIMARY KEY, org TEXT NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL, key TEXT NOT NULL, attempt BLOB,
  operation_id TEXT, pending INTEGER NOT NULL, body TEXT NOT NULL, recorded_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX objects_id ON objects (org, kind, id);
CREATE INDEX objects_newest ON objects (org, kind, seq);
CREATE INDEX objects_pending ON objects (kind, seq) WHERE pending = 1;

-- An object ends once: the key says so.
CREATE TABLE object_ends (
  object INTEGER PRIMARY KEY, body TEXT NOT NULL, ended_at INTEGER NOT NULL, commit_no INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;

-- One row for each step in the life of an envelope. kind: 1 attempt, 2 hop. no: from 1 within the issuance.
-- link: 32 bytes that hang on the row before (see the envelope's specification); token_sha256: of the envelope's text, 32 bytes.
CREATE TABLE lineage (
  seq INTEGER PRIMARY KEY, org TEXT NOT NULL, operation_id TEXT NOT NULL, issuance_id TEXT NOT NULL, no INTEGER NOT NULL,
  key_id TEXT NOT NULL, token_sha256 BLOB NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL, attempt_no INTEGER NOT NULL,
  executor TEXT NOT NULL, target TEXT NOT NULL, at INTEGER NOT NULL, link BLOB NOT NULL, crc INTEGER NOT NULL
) STRICT;
-- Ours are time-ordered, so new rows come at the index's end.
CREATE UNIQUE INDEX lineage_no ON lineage (operation_id, org, issuance_id, no);

-- What people asked for, and what came of it (U1): written in the commit of the action, never changed, part of the chain (L7, L8).
-- org: empty for the platform. before, after: JSON; null: nothing. outcome: done, unchanged, proposed, or refused:reason.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, org TEXT NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, correlation_id TEXT NOT NULL, address TEXT, agent TEXT,
  action TEXT NOT NULL, target TEXT NOT NULL, before TEXT, after TEXT, outcome TEXT NOT NULL, recorded_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;
-- Recorded times never go back, so the number orders by time, too.
CREATE INDEX audit_org ON audit (org, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_time ON audit (recorded_at, seq);

-- What happened: appended, never changed, part of the chain (L7, L8). It governs nothing, so it is read by query and never loaded.
-- org: empty for the platform. The newest row of a name says how it stands.
CREATE TABLE records (
  seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, org TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, recorded_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;
-- The newest of a name, and a page of a kind.
CREATE INDEX records_name ON records (kind, org, name, seq);

-- One row a commit (L8). last_*: the last number given in each table, so each row belongs to exactly one commit.
CREATE TABLE chain (
  commit_no INTEGER PRIMARY KEY, hash BLOB NOT NULL, recorded_at INTEGER NOT NULL, last_usage INTEGER NOT NULL,
  last_posting INTEGER NOT NULL, last_hold INTEGER NOT NULL, last_setting INTEGER NOT NULL, last_finding INTEGER NOT NULL,
  last_outbox INTEGER NOT NULL, last_labels INTEGER NOT NULL, last_price INTEGER NOT NULL, last_account INTEGER NOT NULL,
  last_budget INTEGER NOT NULL, last_object INTEGER NOT NULL, last_lineage INTEGER NOT NULL, last_audit INTEGER NOT NULL,
  last_record INTEGER NOT NULL
) STRICT;

-- Checkpoints: how accounts, windows and cells stood at one commit. Written behind; rebuilt from the rows that came after.
-- Sums of amounts and counts are up to 128 bits wide: an integer where 64 bits suffice, else its digits as text. SQLite's sum() and + fail
-- or round there, so the program adds with total_of() and wide_sum(). Amounts and counts of single rows are integers.

CREATE TABLE checkpoint (
  one INTEGER PRIMARY KEY CHECK (one = 1), commit_no INTEGER NOT NULL, posting INTEGER NOT NULL,
  -- No hold before this one is open, so a start need not look at them.
  first_open_hold INTEGER NOT NULL
) STRICT;
INSERT INTO checkpoint VALUES (1, 0, 0, 1);

CREATE TABLE accounts (
  no INTEGER PRIMARY KEY, org TEXT NOT NULL, kind INTEGER NOT NULL, asset TEXT NOT NULL, debits ANY NOT NULL,
  credits ANY NOT NULL, held ANY NOT NULL, version INTEGER NOT NULL, grants TEXT NOT NULL
) STRICT;

-- each: the end user of a budget that gives each end user a window; else empty.
CREATE TABLE windows (
  budget INTEGER NOT NULL, start_at INTEGER NOT NULL, each TEXT NOT NULL, end_at INTEGER NOT NULL, posted ANY NOT NULL,
  held ANY NOT NULL, told_percent INTEGER NOT NULL, PRIMARY KEY (budget, start_at, each)
) WITHOUT ROWID, STRICT;
CREATE INDEX windows_end ON windows (end_at);
-- A start counts what is held from the open holds and puts these right.
CREATE INDEX windows_held ON windows (held) WHERE held <> 0;

-- hour: hours since 1970-01-01 UTC, by the effective time.
CREATE TABLE cells (
  hour INTEGER NOT NULL, attribution INTEGER NOT NULL, attempts INTEGER NOT NULL, failures INTEGER NOT NULL,
  input_tokens ANY NOT NULL, cache_read_tokens ANY NOT NULL, cache_write_tokens ANY NOT NULL,
  output_tokens ANY NOT NULL, reasoning_tokens ANY NOT NULL, provider_cost ANY NOT NULL, charge ANY NOT NULL,
  PRIMARY KEY (hour, attribution)
) WITHOUT ROWID, STRICT;

-- Deliveries: what became of each message of the outbox at each endpoint. Ordinary rows, changed as deliveries go on: no money, and no part of the chain.

-- Up to which message the outbox has been gone through.
CREATE TABLE relay (one INTEGER PRIMARY KEY CHECK (one = 1), routed INTEGER NOT NULL) STRICT;
INSERT INTO relay VALUES (1, 0);

-- The messages of one org to one endpoint go one after another: a lane. next_at: when to look at it again; the largest number: when a message comes.
CREATE TABLE lanes (
  endpoint TEXT NOT NULL, org TEXT NOT NULL, next_at INTEGER NOT NULL, leased_until INTEGER NOT NULL, lease BLOB,
  PRIMARY KEY (endpoint, org)
) WITHOUT ROWID, STRICT;
CREATE INDEX lanes_next ON lanes (next_at);

-- seq: of the message. state: 0 waiting, 1 delivered, 2 dead, 3 dropped with its endpoint. status: of the last answer; null: there was none.
CREATE TABLE deliveries (
  endpoint TEXT NOT NULL, org TEXT NOT NULL, seq INTEGER NOT NULL, message_id TEXT NOT NULL, type TEXT NOT NULL, state INTEGER NOT NULL,
  attempts INTEGER NOT NULL, recorded_at INTEGER NOT NULL, first_at INTEGER, last_at INTEGER, duration_ms INTEGER NOT NULL, status INTEGER, error TEXT,
  PRIMARY KEY (endpoint, org, seq)
) WITHOUT ROWID, STRICT;
CREATE INDEX deliveries_waiting ON deliveries (endpoint, org, seq) WHERE state = 0;
CREATE INDEX deliveries_open ON deliveries (state, recorded_at) WHERE state IN (0, 2);
CREATE INDEX deliveries_org ON deliveries (org, seq);

-- Requests that the server refused, for a day: no money, and no part of the chain. org: empty for strangers and the platform's own people.
CREATE TABLE refused_requests (
  id BLOB PRIMARY KEY, at INTEGER NOT NULL, org TEXT NOT NULL, correlation_id TEXT NOT NULL, token TEXT NOT NULL, address TEXT NOT NULL,
  method TEXT NOT NULL, route TEXT NOT NULL, status INTEGER NOT NULL, code TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX refused_requests_correlation ON refused_requests (org, correlation_id, at);
CREATE INDEX refused_requests_at ON refused_requests (org, at);

-- When each key was last used, to the minute: no money, and no part of the chain.
CREATE TABLE key_uses (org TEXT NOT NULL, key TEXT NOT NULL, used_at INTEGER NOT NULL, PRIMARY KEY (org, key)) WITHOUT ROWID, STRICT;
