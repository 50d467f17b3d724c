-- Spreads a Tieout database over the workers of a Citus cluster. Once, on the coordinator, after the first server has laid the database out and
-- before there is data to speak of (it works later too, and then moves it). Every table's key begins with bucket, and every ledger transaction
-- names one bucket only, so each is a transaction on one shard.

CREATE EXTENSION IF NOT EXISTS citus;

-- Small, never written after the layout, and needed everywhere.
SELECT create_reference_table('layout');
SELECT create_reference_table('schema_version');

-- 64 buckets and the platform's own: one shard each is enough for ever.
SET citus.shard_count = 64;
SELECT create_distributed_table('heads', 'bucket');
SELECT create_distributed_table(name, 'bucket', colocate_with => 'heads')
FROM unnest(ARRAY[
  'settings', 'attributions', 'prices', 'commands', 'holds', 'hold_ends', 'usage', 'usage_ids', 'postings', 'findings', 'outbox', 'objects', 'object_ends', 'lineage',
  'chain', 'accounts', 'windows', 'cells', 'relay', 'lanes', 'deliveries', 'refused_requests'
]) name;
