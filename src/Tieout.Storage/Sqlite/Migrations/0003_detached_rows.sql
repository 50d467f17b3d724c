-- What stays of rows that left the ledger for an archive. Empty until months are detached; cut: the last commit whose rows are detached.

-- An attempt's id counts once for ever (L3), also where its rows are gone. usage, hold: their numbers; null: the attempt had none.
CREATE TABLE detached_ids (id BLOB PRIMARY KEY, attribution INTEGER NOT NULL, usage INTEGER, hold INTEGER) WITHOUT ROWID, STRICT;

-- Rows up to the cut that stay, since later rows name them. of_table: usage, postings or holds.
CREATE TABLE detached_stay (cut INTEGER NOT NULL, of_table TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (cut, of_table, seq)) WITHOUT ROWID, STRICT;

-- Accounts, windows and cells as of the cut: verification begins with them.
CREATE TABLE detached_accounts (
  cut INTEGER NOT NULL, no INTEGER NOT NULL, debits ANY NOT NULL, credits ANY NOT NULL, held ANY NOT NULL, version INTEGER NOT NULL, grants TEXT NOT NULL,
  PRIMARY KEY (cut, no)
) WITHOUT ROWID, STRICT;
CREATE TABLE detached_windows (
  cut INTEGER NOT NULL, budget INTEGER NOT NULL, start_at INTEGER NOT NULL, each TEXT NOT NULL, end_at INTEGER NOT NULL, posted ANY NOT NULL,
  held ANY NOT NULL, told_percent INTEGER NOT NULL, PRIMARY KEY (cut, budget, start_at, each)
) WITHOUT ROWID, STRICT;
CREATE TABLE detached_cells (
  cut INTEGER NOT NULL, hour INTEGER NOT NULL, attribution INTEGER NOT NULL, attempts INTEGER NOT NULL, failures INTEGER NOT NULL,
  input_tokens ANY NOT NULL, cache_read_tokens ANY NOT NULL, cache_write_tokens ANY NOT NULL,
  output_tokens ANY NOT NULL, reasoning_tokens ANY NOT NULL, provider_cost ANY NOT NULL, charge ANY NOT NULL,
  PRIMARY KEY (cut, hour, attribution)
) WITHOUT ROWID, STRICT;
