-- When each key was last used, to the minute: no money, and no part of the chain.
CREATE TABLE key_uses (bucket int NOT NULL, org text NOT NULL, key text NOT NULL, used_at bigint NOT NULL, PRIMARY KEY (bucket, org, key));
