-- Sums of amounts and counts are numeric, which has no range that adding could leave. Amounts and counts of single rows are bigint as before.
ALTER TABLE accounts ALTER COLUMN debits TYPE numeric, ALTER COLUMN credits TYPE numeric, ALTER COLUMN held TYPE numeric;
ALTER TABLE windows ALTER COLUMN posted TYPE numeric, ALTER COLUMN held TYPE numeric;
ALTER TABLE cells
  ALTER COLUMN input_tokens TYPE numeric, ALTER COLUMN cache_read_tokens TYPE numeric, ALTER COLUMN cache_write_tokens TYPE numeric,
  ALTER COLUMN output_tokens TYPE numeric, ALTER COLUMN reasoning_tokens TYPE numeric, ALTER COLUMN provider_cost TYPE numeric,
  ALTER COLUMN charge TYPE numeric;
