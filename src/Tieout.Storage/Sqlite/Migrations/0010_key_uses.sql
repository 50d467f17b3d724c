-- When each key was last used, to the minute: no money, and no part of the chain.
CREATE TABLE key_uses (org TEXT NOT NULL, key TEXT NOT NULL, used_at INTEGER NOT NULL, PRIMARY KEY (org, key)) WITHOUT ROWID, STRICT;
