-- Spreads a Tieout database over the workers of a Citus cluster. On the coordinator, after the first server has laid the database out; all or nothing, and safe to run again:
-- after an upgrade it distributes the tables that are new. Tables that have rows already are moved, while the servers are stopped.
-- Every table's key begins with bucket, and every ledger transaction names one bucket only, so each is a transaction on one shard. See docs/howto/run-on-citus.md.
--
--   psql --set ON_ERROR_STOP=1 --dbname tieout --file citus.sql

CREATE EXTENSION IF NOT EXISTS citus;

BEGIN;

-- One table after the other on each worker: a transaction that distributes several tables may not use several connections to a worker at once.
SET LOCAL citus.multi_shard_modify_mode TO 'sequential';

-- 64 buckets and the platform's own: one shard each is enough for ever.
SET LOCAL citus.shard_count TO 64;

-- Small, never written after the layout, and needed everywhere.
SELECT create_reference_table('layout') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'layout'::regclass);
SELECT create_reference_table('schema_version') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'schema_version'::regclass);

-- The rows of a bucket are on one worker, whatever their table.
SELECT create_distributed_table('heads', 'bucket', colocate_with => 'none') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'heads'::regclass);
SELECT create_distributed_table('settings', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'settings'::regclass);
SELECT create_distributed_table('attributions', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'attributions'::regclass);
SELECT create_distributed_table('prices', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'prices'::regclass);
SELECT create_distributed_table('commands', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'commands'::regclass);
SELECT create_distributed_table('holds', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'holds'::regclass);
SELECT create_distributed_table('hold_ends', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'hold_ends'::regclass);
SELECT create_distributed_table('usage', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'usage'::regclass);
SELECT create_distributed_table('usage_ids', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'usage_ids'::regclass);
SELECT create_distributed_table('postings', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'postings'::regclass);
SELECT create_distributed_table('findings', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'findings'::regclass);
SELECT create_distributed_table('outbox', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'outbox'::regclass);
SELECT create_distributed_table('objects', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'objects'::regclass);
SELECT create_distributed_table('object_ends', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'object_ends'::regclass);
SELECT create_distributed_table('lineage', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'lineage'::regclass);
SELECT create_distributed_table('audit', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'audit'::regclass);
SELECT create_distributed_table('records', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'records'::regclass);
SELECT create_distributed_table('chain', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'chain'::regclass);
SELECT create_distributed_table('accounts', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'accounts'::regclass);
SELECT create_distributed_table('windows', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'windows'::regclass);
SELECT create_distributed_table('cells', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'cells'::regclass);
SELECT create_distributed_table('relay', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'relay'::regclass);
SELECT create_distributed_table('lanes', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'lanes'::regclass);
SELECT create_distributed_table('deliveries', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'deliveries'::regclass);
SELECT create_distributed_table('refused_requests', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'refused_requests'::regclass);
SELECT create_distributed_table('key_uses', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'key_uses'::regclass);
SELECT create_distributed_table('follower', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'follower'::regclass);
SELECT create_distributed_table('recounts', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'recounts'::regclass);
SELECT create_distributed_table('recount_statuses', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'recount_statuses'::regclass);
SELECT create_distributed_table('recount_months', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'recount_months'::regclass);
SELECT create_distributed_table('usage_hours', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'usage_hours'::regclass);
SELECT create_distributed_table('usage_id_runs', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'usage_id_runs'::regclass);
SELECT create_distributed_table('usage_id_blocks', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'usage_id_blocks'::regclass);
SELECT create_distributed_table('usage_sketches', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'usage_sketches'::regclass);
SELECT create_distributed_table('detached_ids', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'detached_ids'::regclass);
SELECT create_distributed_table('detached_stay', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'detached_stay'::regclass);
SELECT create_distributed_table('detached_accounts', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'detached_accounts'::regclass);
SELECT create_distributed_table('detached_windows', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'detached_windows'::regclass);
SELECT create_distributed_table('detached_cells', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'detached_cells'::regclass);
SELECT create_distributed_table('tool_hours', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'tool_hours'::regclass);
SELECT create_distributed_table('recount_costs', 'bucket', colocate_with => 'heads') WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'recount_costs'::regclass);

COMMIT;
