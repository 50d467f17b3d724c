-- A message is found by its id, so that what is announced twice is told once. Not unique: older programs could not see to it.
CREATE INDEX outbox_id ON outbox (org, id);
