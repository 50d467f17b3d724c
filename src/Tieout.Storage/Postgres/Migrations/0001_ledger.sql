-- The ledger, bucket by bucket. A bucket is a book (ADR 0009): its own numbers, its own accounts, its own hash chain; one
-- transaction stays in one bucket, and every key begins with it, so the tables distribute by it as they are.
-- Rows are appended and never changed (L7); what follows from them is below, under "standing".
-- Times are whole microseconds since 1970-01-01 UTC, amounts whole nano-units, crc the CRC-32C of the row's canonical bytes.

-- How many buckets orgs are spread over. Fixed for ever: an org's rows lie where its name's hash put them.
CREATE TABLE layout (one int PRIMARY KEY CHECK (one = 1), buckets int NOT NULL);

-- Where each bucket ends: its last commit and the last number given in each table. Whoever writes to a bucket locks its head first.
CREATE TABLE heads (
  bucket int PRIMARY KEY, commit_no bigint NOT NULL, hash bytea NOT NULL, recorded_at bigint NOT NULL, last_usage bigint NOT NULL,
  last_posting bigint NOT NULL, last_hold bigint NOT NULL, last_setting bigint NOT NULL, last_finding bigint NOT NULL,
  last_outbox bigint NOT NULL, last_labels int NOT NULL, last_price int NOT NULL, last_account int NOT NULL, last_budget int NOT NULL,
  last_object bigint NOT NULL, last_lineage bigint NOT NULL,
  -- No hold before this one is open, so a start need not look at them.
  first_open_hold bigint NOT NULL
) WITH (fillfactor = 20);

CREATE TABLE settings (
  bucket int NOT NULL, seq bigint NOT NULL, kind int NOT NULL, org text NOT NULL, name text NOT NULL, body text NOT NULL,
  after_hold bigint NOT NULL, recorded_at bigint NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq)
);

-- Low-cardinality labels, stored once a bucket.
CREATE TABLE attributions (
  bucket int NOT NULL, no int NOT NULL, org text NOT NULL, project text, team text, key text, feature text, provider text, model text,
  source int NOT NULL, trigger text, crc int NOT NULL, PRIMARY KEY (bucket, no)
);

CREATE TABLE prices (bucket int NOT NULL, no int NOT NULL, body text NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, no));

CREATE TABLE commands (
  bucket int NOT NULL, org text NOT NULL, id text NOT NULL, content text NOT NULL, posting bigint NOT NULL, crc int NOT NULL,
  PRIMARY KEY (bucket, org, id), UNIQUE (bucket, posting)
);

CREATE TABLE holds (
  bucket int NOT NULL, seq bigint NOT NULL, id uuid NOT NULL, attribution int NOT NULL, end_user text, operation_id text NOT NULL,
  amount bigint NOT NULL, held_at bigint NOT NULL, expires_at bigint NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq), UNIQUE (bucket, id)
);
CREATE INDEX holds_operation ON holds (bucket, operation_id);

-- A hold ends once (L5): the key says so. state: 1 settled, 2 released, 3 expired.
CREATE TABLE hold_ends (
  bucket int NOT NULL, hold bigint NOT NULL, state int NOT NULL, ended_at bigint NOT NULL, commit_no bigint NOT NULL, crc int NOT NULL,
  PRIMARY KEY (bucket, hold)
);
-- What another node ended since, and the order in which verify goes through them.
CREATE INDEX hold_ends_commit ON hold_ends (bucket, commit_no, hold);

CREATE TABLE usage (
  bucket int NOT NULL, seq bigint NOT NULL, id uuid NOT NULL, attribution int NOT NULL, operation_id text NOT NULL, attempt_no int NOT NULL,
  workflow_id text, correlation_id text, trace_id text, end_user text, occurred_at bigint NOT NULL, duration_ms int NOT NULL,
  status_code int NOT NULL, input_tokens bigint NOT NULL, cache_read_tokens bigint NOT NULL, cache_write_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL, reasoning_tokens bigint NOT NULL, more text, basis int NOT NULL, flags int NOT NULL,
  price int NOT NULL, provider_cost bigint NOT NULL, charge bigint NOT NULL, charge_flags int NOT NULL,
  effective_at bigint NOT NULL, recorded_at bigint NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq), UNIQUE (bucket, id)
);
CREATE INDEX usage_operation ON usage (bucket, operation_id);

-- Account numbers: four an org, in the order customer, revenue, funding, promotion.
-- posting_repair: 1 for a correction that brings a posting to what its usage says; the usage itself is not corrected.
CREATE TABLE postings (
  bucket int NOT NULL, seq bigint NOT NULL, kind int NOT NULL, debit int NOT NULL, credit int NOT NULL, amount bigint NOT NULL,
  usage_seq bigint NOT NULL, command_id text, reverses bigint NOT NULL, reason text, effective_at bigint NOT NULL,
  recorded_at bigint NOT NULL, posting_repair int NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq)
);
-- Corrections alone, so charges pay nothing for it.
CREATE INDEX postings_reverses ON postings (bucket, reverses) WHERE reverses > 0;

CREATE TABLE findings (
  bucket int NOT NULL, seq bigint NOT NULL, code text NOT NULL, severity text NOT NULL, org text NOT NULL, attempt uuid, detail text NOT NULL,
  recorded_at bigint NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq)
);
CREATE INDEX findings_org ON findings (bucket, org, recorded_at, seq);
CREATE INDEX findings_code ON findings (bucket, code, recorded_at, seq);
CREATE INDEX findings_time ON findings (bucket, recorded_at, seq);

CREATE TABLE outbox (
  bucket int NOT NULL, seq bigint NOT NULL, id text NOT NULL, org text NOT NULL, type text NOT NULL, body text NOT NULL,
  recorded_at bigint NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq)
);

-- What providers keep for orgs. kind: 1 response, 2 file, 3 batch. id: the provider's own. pending: 1 if something is still to come of it.
CREATE TABLE objects (
  bucket int NOT NULL, seq bigint NOT NULL, org text NOT NULL, kind int NOT NULL, id text NOT NULL, key text NOT NULL, attempt uuid,
  operation_id text, pending int NOT NULL, body text NOT NULL, recorded_at bigint NOT NULL, crc int NOT NULL,
  PRIMARY KEY (bucket, seq), UNIQUE (bucket, org, kind, id)
);
CREATE INDEX objects_newest ON objects (bucket, org, kind, seq);
CREATE INDEX objects_pending ON objects (bucket, kind, seq) WHERE pending = 1;

-- An object ends once: the key says so.
CREATE TABLE object_ends (
  bucket int NOT NULL, object bigint NOT NULL, body text NOT NULL, ended_at bigint NOT NULL, commit_no bigint NOT NULL, crc int NOT NULL,
  PRIMARY KEY (bucket, object)
);
CREATE INDEX object_ends_commit ON object_ends (bucket, commit_no, object);

-- One row a commit (L8). last_*: the last number given in each table, so each row belongs to exactly one commit.
CREATE TABLE chain (
  bucket int NOT NULL, commit_no bigint NOT NULL, hash bytea NOT NULL, recorded_at bigint NOT NULL, last_usage bigint NOT NULL,
  last_posting bigint NOT NULL, last_hold bigint NOT NULL, last_setting bigint NOT NULL, last_finding bigint NOT NULL,
  last_outbox bigint NOT NULL, last_labels int NOT NULL, last_price int NOT NULL, last_account int NOT NULL, last_budget int NOT NULL,
  last_object bigint NOT NULL, last_lineage bigint NOT NULL, PRIMARY KEY (bucket, commit_no)
);
-- Where a time begins. Recorded times never go back within a bucket.
CREATE INDEX chain_recorded ON chain (bucket, recorded_at, commit_no);

-- Standing: how accounts, windows and cells stand, written in the commit that moves them. commit_no: the last that did, so that
-- another node's memory catches up with what it lacks.

CREATE TABLE accounts (
  bucket int NOT NULL, no int NOT NULL, org text NOT NULL, kind int NOT NULL, asset text NOT NULL, debits bigint NOT NULL,
  credits bigint NOT NULL, held bigint NOT NULL, version bigint NOT NULL, grants text NOT NULL, commit_no bigint NOT NULL,
  PRIMARY KEY (bucket, no)
) WITH (fillfactor = 50);
CREATE INDEX accounts_commit ON accounts (bucket, commit_no);

-- each: the end user of a budget that gives each end user a window; else empty.
CREATE TABLE windows (
  bucket int NOT NULL, budget int NOT NULL, start_at bigint NOT NULL, each text NOT NULL, end_at bigint NOT NULL, posted bigint NOT NULL,
  held bigint NOT NULL, told_percent int NOT NULL, commit_no bigint NOT NULL, PRIMARY KEY (bucket, budget, start_at, each)
) WITH (fillfactor = 50);
CREATE INDEX windows_commit ON windows (bucket, commit_no);
CREATE INDEX windows_end ON windows (bucket, end_at);
CREATE INDEX windows_held ON windows (bucket) WHERE held <> 0;

-- hour: hours since 1970-01-01 UTC, by the effective time.
CREATE TABLE cells (
  bucket int NOT NULL, hour bigint NOT NULL, attribution int NOT NULL, attempts bigint NOT NULL, failures bigint NOT NULL,
  input_tokens bigint NOT NULL, cache_read_tokens bigint NOT NULL, cache_write_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL, reasoning_tokens bigint NOT NULL, provider_cost bigint NOT NULL, charge bigint NOT NULL,
  PRIMARY KEY (bucket, hour, attribution)
) WITH (fillfactor = 50);
