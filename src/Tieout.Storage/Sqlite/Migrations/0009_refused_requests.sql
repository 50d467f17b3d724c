-- Requests that the server refused, for a day: no money, and no part of the chain. org: empty for strangers and the platform's own people.
CREATE TABLE refused_requests (
  id BLOB PRIMARY KEY, at INTEGER NOT NULL, org TEXT NOT NULL, correlation_id TEXT NOT NULL, token TEXT NOT NULL, address TEXT NOT NULL,
  method TEXT NOT NULL, route TEXT NOT NULL, status INTEGER NOT NULL, code TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX refused_requests_correlation ON refused_requests (org, correlation_id, at);
CREATE INDEX refused_requests_at ON refused_requests (org, at);
