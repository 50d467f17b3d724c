-- Correlation ids that requests get here begin with their time, to a quarter of a second, as the ids of their attempts do: such usage is found by
-- its own id and costs the write path nothing. Only what came under another correlation id, or later, is in this index.
CREATE INDEX usage_correlation ON usage (bucket, correlation_id)
WHERE correlation_id IS NOT NULL AND left(correlation_id, 11) <> left(id::text, 11);

-- What was found about an attempt. Findings are few.
CREATE INDEX findings_attempt ON findings (bucket, attempt) WHERE attempt IS NOT NULL;
