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

ALTER TABLE heads ADD COLUMN last_audit bigint NOT NULL DEFAULT 0;
ALTER TABLE chain ADD COLUMN last_audit bigint NOT NULL DEFAULT 0;
