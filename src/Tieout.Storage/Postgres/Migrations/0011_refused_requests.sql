-- Requests that the server refused, for a day: no money, and no part of the chain. org: empty for strangers and the platform's own people.
CREATE TABLE refused_requests (
  bucket int NOT NULL, id uuid NOT NULL, at bigint NOT NULL, org text NOT NULL, correlation_id text NOT NULL, token text NOT NULL, address text NOT NULL,
  method text NOT NULL, route text NOT NULL, status int NOT NULL, code text NOT NULL,
  PRIMARY KEY (bucket, id)
);
CREATE INDEX refused_requests_correlation ON refused_requests (bucket, org, correlation_id, at);
CREATE INDEX refused_requests_at ON refused_requests (bucket, org, at);
