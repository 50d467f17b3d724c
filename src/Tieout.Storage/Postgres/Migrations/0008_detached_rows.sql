-- What stays of rows that left a bucket for an archive. Empty until months are detached; cut: the last commit whose rows are detached.

-- An attempt's id counts once for ever (L3), also where its rows are gone. usage, hold: their numbers; 0: the attempt had none.
CREATE TABLE detached_ids (
  bucket int NOT NULL, id uuid NOT NULL, attribution int NOT NULL, usage bigint NOT NULL, hold bigint NOT NULL, PRIMARY KEY (bucket, id)
);

-- Rows up to the cut that stay, since later rows name them. of_table: usage, postings or holds.
CREATE TABLE detached_stay (bucket int NOT NULL, cut bigint NOT NULL, of_table text NOT NULL, seq bigint NOT NULL, PRIMARY KEY (bucket, cut, of_table, seq));

-- Accounts, windows and cells as of the cut: verification begins with them. They are hashed in the order of their keys, whatever the database's language.
CREATE TABLE detached_accounts (
  bucket int NOT NULL, cut bigint NOT NULL, no int NOT NULL, debits numeric NOT NULL, credits numeric NOT NULL, held numeric NOT NULL,
  version bigint NOT NULL, grants text NOT NULL, PRIMARY KEY (bucket, cut, no)
);
CREATE TABLE detached_windows (
  bucket int NOT NULL, cut bigint NOT NULL, budget int NOT NULL, start_at bigint NOT NULL, each text COLLATE "C" NOT NULL, end_at bigint NOT NULL,
  posted numeric NOT NULL, held numeric NOT NULL, told_percent int NOT NULL, PRIMARY KEY (bucket, cut, budget, start_at, each)
);
CREATE TABLE detached_cells (
  bucket int NOT NULL, cut bigint NOT NULL, hour bigint NOT NULL, attribution int NOT NULL, attempts bigint NOT NULL, failures bigint NOT NULL,
  input_tokens numeric NOT NULL, cache_read_tokens numeric NOT NULL, cache_write_tokens numeric NOT NULL,
  output_tokens numeric NOT NULL, reasoning_tokens numeric NOT NULL, provider_cost numeric NOT NULL, charge numeric NOT NULL,
  PRIMARY KEY (bucket, cut, hour, attribution)
);
