-- What became of each message of the outbox at each endpoint. Ordinary rows, changed as deliveries go on: no money, and no part of the chain.

-- Up to which message the outbox has been gone through.
CREATE TABLE relay (one INTEGER PRIMARY KEY CHECK (one = 1), routed INTEGER NOT NULL) STRICT;
INSERT INTO relay VALUES (1, 0);

-- The messages of one org to one endpoint go one after another: a lane. next_at: when to look at it again; the largest number: when a message comes.
CREATE TABLE lanes (
  endpoint TEXT NOT NULL, org TEXT NOT NULL, next_at INTEGER NOT NULL, leased_until INTEGER NOT NULL, lease BLOB,
  PRIMARY KEY (endpoint, org)
) WITHOUT ROWID, STRICT;
CREATE INDEX lanes_next ON lanes (next_at);

-- seq: of the message. state: 0 waiting, 1 delivered, 2 dead, 3 dropped with its endpoint. status: of the last answer; null: there was none.
CREATE TABLE deliveries (
  endpoint TEXT NOT NULL, org TEXT NOT NULL, seq INTEGER NOT NULL, message_id TEXT NOT NULL, type TEXT NOT NULL, state INTEGER NOT NULL,
  attempts INTEGER NOT NULL, recorded_at INTEGER NOT NULL, first_at INTEGER, last_at INTEGER, duration_ms INTEGER NOT NULL, status INTEGER, error TEXT,
  PRIMARY KEY (endpoint, org, seq)
) WITHOUT ROWID, STRICT;
CREATE INDEX deliveries_waiting ON deliveries (endpoint, org, seq) WHERE state = 0;
CREATE INDEX deliveries_open ON deliveries (state, recorded_at) WHERE state IN (0, 2);
CREATE INDEX deliveries_org ON deliveries (org, seq);
