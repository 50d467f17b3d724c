-- What people asked for, and what came of it (U1): written in the commit of the action, never changed, part of the chain (L7, L8).
-- org: empty for the platform. before, after: JSON; null: nothing. outcome: done, unchanged, proposed, or refused:reason.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, org TEXT NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, correlation_id TEXT NOT NULL, address TEXT, agent TEXT,
  action TEXT NOT NULL, target TEXT NOT NULL, before TEXT, after TEXT, outcome TEXT NOT NULL, recorded_at INTEGER NOT NULL, crc INTEGER NOT NULL
) STRICT;
-- Recorded times never go back, so the number orders by time, too.
CREATE INDEX audit_org ON audit (org, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_time ON audit (recorded_at, seq);

ALTER TABLE chain ADD COLUMN last_audit INTEGER NOT NULL DEFAULT 0;
