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
  last_object bigint NOT NULL, last_lineage bigint NOT NULL, last_audit bigint NOT NULL, last_record bigint NOT NULL,
  -- No hold before this one is open, so a start need not look at them.
  first_open_hold bigint NOT NULL
) WITH (fillfactor = 20);

CREATE TABLE settings (
  bucket int NOT NULL, seq bigint NOT NULL, kind int NOT NULL, org text NOT NULL, name text NOT NULL, body text NOT NULL,
  after_hold bigint NOT NULL, recorded_at bigint NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq)
);

-- Low-cardinality labels, stored once a bucket. app_instance and on: null in labels of usage that is not a runtime's.
-- control_plane: 1 if the component steers work instead of doing it; set in every label of a runtime.
CREATE TABLE attributions (
  bucket int NOT NULL, no int NOT NULL, org text NOT NULL, project text, team text, key text, feature text, provider text, model text,
  source int NOT NULL, trigger text, app_instance text, component text, control_plane int, operating_mode text, control_plane_scope text,
  runtime_backend text, crc int NOT NULL, PRIMARY KEY (bucket, no)
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

-- Usage lies by the month (UTC) in which it was recorded: the index of operation ids, which are random, is a month's, and a month can be vacuumed,
-- dumped and put on another disk by itself. Nothing is ever taken out.
CREATE TABLE usage (
  bucket int NOT NULL, seq bigint NOT NULL, id uuid NOT NULL, attribution int NOT NULL, operation_id text NOT NULL, attempt_no int NOT NULL,
  workflow_id text, correlation_id text, trace_id text, end_user text, occurred_at bigint NOT NULL, duration_ms int NOT NULL,
  status_code int NOT NULL, input_tokens bigint NOT NULL, cache_read_tokens bigint NOT NULL, cache_write_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL, reasoning_tokens bigint NOT NULL, more text, basis int NOT NULL, flags int NOT NULL,
  price int NOT NULL, provider_cost bigint NOT NULL, charge bigint NOT NULL, charge_flags int NOT NULL,
  effective_at bigint NOT NULL, recorded_at bigint NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX usage_operation ON usage (bucket, operation_id);
-- Correlation ids that requests get here begin with their time, to a quarter of a second, as the ids of their attempts do: such usage is found by
-- its own id and costs the write path nothing. Only what came under another correlation id, or later, is in this index.
CREATE INDEX usage_correlation ON usage (bucket, correlation_id)
WHERE correlation_id IS NOT NULL AND left(correlation_id, 11) <> left(id::text, 11);

-- That an id counts once for ever (L3), in whatever month its usage lies.
CREATE TABLE usage_ids (bucket int NOT NULL, id uuid NOT NULL, seq bigint NOT NULL, recorded_at bigint NOT NULL, PRIMARY KEY (bucket, id));

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

SELECT make_usage_parts(now());
-- So that nothing is ever refused for the time it is recorded at.
CREATE TABLE usage_rest PARTITION OF usage DEFAULT;

-- Account numbers: four an org, in the order customer, revenue, funding, promotion.
-- posting_repair: 1 for a correction that brings a posting to what its usage says; the usage itself is not corrected.
CREATE TABLE postings (
  bucket int NOT NULL, seq bigint NOT NULL, kind int NOT NULL, debit int NOT NULL, credit int NOT NULL, amount bigint NOT NULL,
  usage_seq bigint NOT NULL, command_id text, reverses bigint NOT NULL, reason text, effective_at bigint NOT NULL,
  recorded_at bigint NOT NULL, posting_repair int NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq)
);
-- Corrections alone, so charges pay nothing for it.
CREATE INDEX postings_reverses ON postings (bucket, reverses) WHERE reverses > 0;
-- What is not in its usage's commit. Charges with their usage pay nothing for it.
CREATE INDEX postings_later ON postings (bucket, seq) WHERE kind >= 3 AND command_id IS NOT NULL;

CREATE TABLE findings (
  bucket int NOT NULL, seq bigint NOT NULL, code text NOT NULL, severity text NOT NULL, org text NOT NULL, attempt uuid, detail text NOT NULL,
  recorded_at bigint NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq)
);
CREATE INDEX findings_org ON findings (bucket, org, recorded_at, seq);
CREATE INDEX findings_code ON findings (bucket, code, recorded_at, seq);
CREATE INDEX findings_time ON findings (bucket, recorded_at, seq);
-- What was found about an attempt. Findings are few.
CREATE INDEX findings_attempt ON findings (bucket, attempt) WHERE attempt IS NOT NULL;

CREATE TABLE outbox (
  bucket int NOT NULL, seq bigint NOT NULL, id text NOT NULL, org text NOT NULL, type text NOT NULL, body text NOT NULL,
  recorded_at bigint NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq)
);
-- A message is found by its id, so that what is announced twice is told once.
CREATE INDEX outbox_id ON outbox (bucket, org, id);

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

-- One row for each step in the life of an envelope. kind: 1 attempt, 2 hop. no: from 1 within the issuance.
-- link: 32 bytes that hang on the row before (see the envelope's specification); token_sha256: of the envelope's text, 32 bytes.
CREATE TABLE lineage (
  bucket int NOT NULL, seq bigint NOT NULL, org text NOT NULL, operation_id text NOT NULL, issuance_id text NOT NULL, no int NOT NULL,
  key_id text NOT NULL, token_sha256 bytea NOT NULL, kind int NOT NULL, id text NOT NULL, attempt_no int NOT NULL,
  executor text NOT NULL, target text NOT NULL, at bigint NOT NULL, link bytea NOT NULL, crc int NOT NULL,
  PRIMARY KEY (bucket, seq), UNIQUE (bucket, operation_id, org, issuance_id, no)
);

-- What people asked for, and what came of it (U1): written in the commit of the action, never changed, part of the chain (L7, L8).
-- org: empty for the platform. before, after: JSON; null: nothing. outcome: done, unchanged, proposed, or refused:reason.
CREATE TABLE audit (
  bucket int NOT NULL, seq bigint NOT NULL, org text NOT NULL, actor text NOT NULL, role text NOT NULL, correlation_id text NOT NULL, address text, agent text,
  action text NOT NULL, target text NOT NULL, before text, after text, outcome text NOT NULL, recorded_at bigint NOT NULL, crc int NOT NULL,
  PRIMARY KEY (bucket, seq)
);
CREATE INDEX audit_org ON audit (bucket, org, recorded_at, seq);
CREATE INDEX audit_actor ON audit (bucket, actor, recorded_at, seq);
CREATE INDEX audit_time ON audit (bucket, recorded_at, seq);

-- What happened: appended, never changed, part of the chain (L7, L8). It governs nothing, so it is read by query and never loaded.
-- org: empty for the platform. The newest row of a name says how it stands. Names are ordered by their bytes, whatever the database's language, as in every store.
CREATE TABLE records (
  bucket int NOT NULL, seq bigint NOT NULL, kind int NOT NULL, org text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, body text NOT NULL,
  recorded_at bigint NOT NULL, crc int NOT NULL, PRIMARY KEY (bucket, seq)
);
-- The newest of a name, and a page of a kind.
CREATE INDEX records_name ON records (bucket, kind, org, name, seq DESC);

-- One row a commit (L8). last_*: the last number given in each table, so each row belongs to exactly one commit.
CREATE TABLE chain (
  bucket int NOT NULL, commit_no bigint NOT NULL, hash bytea NOT NULL, recorded_at bigint NOT NULL, last_usage bigint NOT NULL,
  last_posting bigint NOT NULL, last_hold bigint NOT NULL, last_setting bigint NOT NULL, last_finding bigint NOT NULL,
  last_outbox bigint NOT NULL, last_labels int NOT NULL, last_price int NOT NULL, last_account int NOT NULL, last_budget int NOT NULL,
  last_object bigint NOT NULL, last_lineage bigint NOT NULL, last_audit bigint NOT NULL, last_record bigint NOT NULL, PRIMARY KEY (bucket, commit_no)
);
-- Where a time begins. Recorded times never go back within a bucket.
CREATE INDEX chain_recorded ON chain (bucket, recorded_at, commit_no);

-- Standing: how accounts, windows and cells stand, written in the commit that moves them. commit_no: the last that did, so that
-- another node's memory catches up with what it lacks. Sums of amounts and counts are numeric, which has no range that adding could leave;
-- amounts and counts of single rows are bigint.

CREATE TABLE accounts (
  bucket int NOT NULL, no int NOT NULL, org text NOT NULL, kind int NOT NULL, asset text NOT NULL, debits numeric NOT NULL,
  credits numeric NOT NULL, held numeric NOT NULL, version bigint NOT NULL, grants text NOT NULL, commit_no bigint NOT NULL,
  PRIMARY KEY (bucket, no)
) WITH (fillfactor = 50);
CREATE INDEX accounts_commit ON accounts (bucket, commit_no);

-- each: the end user of a budget that gives each end user a window; else empty.
CREATE TABLE windows (
  bucket int NOT NULL, budget int NOT NULL, start_at bigint NOT NULL, each text NOT NULL, end_at bigint NOT NULL, posted numeric NOT NULL,
  held numeric NOT NULL, told_percent int NOT NULL, commit_no bigint NOT NULL, PRIMARY KEY (bucket, budget, start_at, each)
) WITH (fillfactor = 50);
CREATE INDEX windows_commit ON windows (bucket, commit_no);
CREATE INDEX windows_end ON windows (bucket, end_at);
CREATE INDEX windows_held ON windows (bucket) WHERE held <> 0;

-- hour: hours since 1970-01-01 UTC, by the effective time.
CREATE TABLE cells (
  bucket int NOT NULL, hour bigint NOT NULL, attribution int NOT NULL, attempts bigint NOT NULL, failures bigint NOT NULL,
  input_tokens numeric NOT NULL, cache_read_tokens numeric NOT NULL, cache_write_tokens numeric NOT NULL,
  output_tokens numeric NOT NULL, reasoning_tokens numeric NOT NULL, provider_cost numeric NOT NULL, charge numeric NOT NULL,
  PRIMARY KEY (bucket, hour, attribution)
) WITH (fillfactor = 50);

-- What became of each message of the outbox at each endpoint. Ordinary rows, changed as deliveries go on: no money, and no part of the chain.

-- Up to which message a bucket's outbox has been gone through.
CREATE TABLE relay (bucket int PRIMARY KEY, routed bigint NOT NULL);

-- The messages of one org to one endpoint go one after another: a lane. next_at: when to look at it again; the largest number: when a message comes.
-- lease: of the node that is at it, until leased_until, by the database's clock.
CREATE TABLE lanes (
  bucket int NOT NULL, endpoint text NOT NULL, org text NOT NULL, next_at bigint NOT NULL, leased_until bigint NOT NULL, lease uuid,
  PRIMARY KEY (bucket, endpoint, org)
);
-- Only where something is to be done.
CREATE INDEX lanes_next ON lanes (bucket, next_at) WHERE next_at < 9223372036854775807;

-- seq: of the message. state: 0 waiting, 1 delivered, 2 dead, 3 dropped with its endpoint. status: of the last answer; null: there was none.
CREATE TABLE deliveries (
  bucket int NOT NULL, endpoint text NOT NULL, org text NOT NULL, seq bigint NOT NULL, message_id text NOT NULL, type text NOT NULL, state int NOT NULL,
  attempts int NOT NULL, recorded_at bigint NOT NULL, first_at bigint, last_at bigint, duration_ms int NOT NULL, status int, error text,
  PRIMARY KEY (bucket, endpoint, org, seq)
);
CREATE INDEX deliveries_waiting ON deliveries (bucket, endpoint, org, seq) WHERE state = 0;
CREATE INDEX deliveries_open ON deliveries (bucket, state, recorded_at) WHERE state IN (0, 2);
CREATE INDEX deliveries_org ON deliveries (bucket, org, seq);

-- Requests that the server refused, for a day: no money, and no part of the chain. org: empty for strangers and the platform's own people.
CREATE TABLE refused_requests (
  bucket int NOT NULL, id uuid NOT NULL, at bigint NOT NULL, org text NOT NULL, correlation_id text NOT NULL, token text NOT NULL, address text NOT NULL,
  method text NOT NULL, route text NOT NULL, status int NOT NULL, code text NOT NULL,
  PRIMARY KEY (bucket, id)
);
CREATE INDEX refused_requests_correlation ON refused_requests (bucket, org, correlation_id, at);
CREATE INDEX refused_requests_at ON refused_requests (bucket, org, at);

-- When each key was last used, to the minute: no money, and no part of the chain.
CREATE TABLE key_uses (bucket int NOT NULL, org text NOT NULL, key text NOT NULL, used_at bigint NOT NULL, PRIMARY KEY (bucket, org, key));
