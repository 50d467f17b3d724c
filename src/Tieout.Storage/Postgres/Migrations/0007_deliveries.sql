-- What became of each message of the outbox at each endpoint. Ordinary rows, changed as deliveries go on: no money, and no part of the chain.

-- Up to which message a bucket's outbox has been gone through.
CREATE TABLE relay (bucket int PRIMARY KEY, routed bigint NOT NULL);

-- The messages of one org to one endpoint go one after another: a lane. next_at: when to look at it again; the largest number: when a message comes.
-- lease: of the node that is at it, until leased_until, by the database's clock.
CREATE TABLE lanes (
  bucket int NOT NULL, endpoint text NOT NULL, org text NOT NULL, next_at bigint NOT NULL, leased_until bigint NOT NULL, lease uuid,
  PRIMARY KEY (bucket, endpoint, org)
);
-- Only where something is to be done.
CREATE INDEX lanes_next ON lanes (bucket, next_at) WHERE next_at < 9223372036854775807;

-- seq: of the message. state: 0 waiting, 1 delivered, 2 dead, 3 dropped with its endpoint. status: of the last answer; null: there was none.
CREATE TABLE deliveries (
  bucket int NOT NULL, endpoint text NOT NULL, org text NOT NULL, seq bigint NOT NULL, message_id text NOT NULL, type text NOT NULL, state int NOT NULL,
  attempts int NOT NULL, recorded_at bigint NOT NULL, first_at bigint, last_at bigint, duration_ms int NOT NULL, status int, error text,
  PRIMARY KEY (bucket, endpoint, org, seq)
);
CREATE INDEX deliveries_waiting ON deliveries (bucket, endpoint, org, seq) WHERE state = 0;
CREATE INDEX deliveries_open ON deliveries (bucket, state, recorded_at) WHERE state IN (0, 2);
CREATE INDEX deliveries_org ON deliveries (bucket, org, seq);
