-- Correlation ids that requests get here begin with their time, to a quarter of a second, as the ids of their attempts do: such usage is found by
-- its own id, and costs the write path nothing. Only what came under another correlation id, or later, is here. Follows from usage; in no chain.
CREATE TABLE correlations (correlation_id TEXT NOT NULL, usage INTEGER NOT NULL, PRIMARY KEY (correlation_id, usage)) WITHOUT ROWID, STRICT;

INSERT INTO correlations SELECT correlation_id, seq FROM usage
WHERE correlation_id IS NOT NULL AND substr(correlation_id, 1, 11) <> lower(hex(substr(id, 1, 4))) || '-' || lower(hex(substr(id, 5, 1)))
ORDER BY correlation_id, seq;

-- What was found about an attempt. Findings are few.
CREATE INDEX findings_attempt ON findings (attempt) WHERE attempt IS NOT NULL;
