-- Correlation ids that requests get here begin with their time, to a quarter of a second, as the ids of their attempts do: such usage is found by
-- its own id and costs the write path nothing. Only what came under another correlation id, or later, is in this index.
CREATE INDEX usage_correlation ON usage (correlation_id)
WHERE correlation_id IS NOT NULL AND substr(correlation_id, 1, 8) || substr(correlation_id, 10, 2) <> lower(hex(substr(id, 1, 5)));

-- What was found about an attempt. Findings are few.
CREATE INDEX findings_attempt ON findings (attempt) WHERE attempt IS NOT NULL;
