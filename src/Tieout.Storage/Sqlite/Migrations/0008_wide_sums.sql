-- Sums of amounts and counts are up to 128 bits wide: an integer where 64 bits suffice, else its digits as text. SQLite's sum() and + fail
-- or round there, so the program adds with total_of() and wide_sum(). Amounts and counts of single rows are integers as before.
ALTER TABLE accounts RENAME TO narrow_accounts;
CREATE TABLE accounts (
  no INTEGER PRIMARY KEY, org TEXT NOT NULL, kind INTEGER NOT NULL, asset TEXT NOT NULL, debits ANY NOT NULL,
  credits ANY NOT NULL, held ANY NOT NULL, version INTEGER NOT NULL, grants TEXT NOT NULL
) STRICT;
INSERT INTO accounts SELECT * FROM narrow_accounts;
DROP TABLE narrow_accounts;

DROP INDEX windows_end;
DROP INDEX windows_held;
ALTER TABLE windows RENAME TO narrow_windows;
CREATE TABLE windows (
  budget INTEGER NOT NULL, start_at INTEGER NOT NULL, each TEXT NOT NULL, end_at INTEGER NOT NULL, posted ANY NOT NULL,
  held ANY NOT NULL, told_percent INTEGER NOT NULL, PRIMARY KEY (budget, start_at, each)
) WITHOUT ROWID, STRICT;
INSERT INTO windows SELECT * FROM narrow_windows;
DROP TABLE narrow_windows;
CREATE INDEX windows_end ON windows (end_at);
CREATE INDEX windows_held ON windows (held) WHERE held <> 0;

ALTER TABLE cells RENAME TO narrow_cells;
CREATE TABLE cells (
  hour INTEGER NOT NULL, attribution INTEGER NOT NULL, attempts INTEGER NOT NULL, failures INTEGER NOT NULL,
  input_tokens ANY NOT NULL, cache_read_tokens ANY NOT NULL, cache_write_tokens ANY NOT NULL,
  output_tokens ANY NOT NULL, reasoning_tokens ANY NOT NULL, provider_cost ANY NOT NULL, charge ANY NOT NULL,
  PRIMARY KEY (hour, attribution)
) WITHOUT ROWID, STRICT;
INSERT INTO cells SELECT * FROM narrow_cells;
DROP TABLE narrow_cells;
