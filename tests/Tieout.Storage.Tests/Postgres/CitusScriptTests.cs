using Tieout.Storage.Postgres;
using Tieout.Tests;

namespace Tieout.Storage.Tests.Postgres;

/// <summary><c>deploy/citus.sql</c> against the schema as it is: with stand-ins that write down what they are called with, since Citus is not here.</summary>
public sealed class CitusScriptTests
{
    /// <summary>With Citus' own names, parameters and defaults, so that a call that Citus would not resolve fails here too. A distributed table must have its
    /// column, and what it is laid beside must be distributed already by a column of the same type.</summary>
    private const string StandIns = """
        CREATE SCHEMA stand_in;
        CREATE TABLE stand_in.calls (no serial, name regclass, by text, beside text);
        CREATE VIEW stand_in.pg_dist_partition AS SELECT name AS logicalrelid FROM stand_in.calls;
        CREATE FUNCTION stand_in.sequential() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
          -- As Citus does: several tables in one transaction only one after the other.
          IF current_setting('citus.multi_shard_modify_mode', true) IS DISTINCT FROM 'sequential' THEN RAISE EXCEPTION 'cannot distribute: there was a parallel operation in the transaction'; END IF;
        END $$;
        CREATE FUNCTION create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS 'INSERT INTO stand_in.calls (name) VALUES (table_name)';
        CREATE FUNCTION create_distributed_table(table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash', colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL)
        RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM stand_in.sequential();
          IF EXISTS (SELECT FROM stand_in.calls WHERE name = table_name) THEN RAISE EXCEPTION 'table "%" is already distributed', table_name; END IF;
          IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = table_name AND attname = distribution_column AND atttypid = 'int'::regtype AND attnotnull) THEN
            RAISE EXCEPTION '% cannot be distributed by %', table_name, distribution_column;
          END IF;
          IF colocate_with NOT IN ('default', 'none') AND NOT EXISTS (SELECT FROM stand_in.calls WHERE name = colocate_with::regclass AND by = distribution_column) THEN
            RAISE EXCEPTION '% is to lie beside %, which is not distributed', table_name, colocate_with;
          END IF;
          INSERT INTO stand_in.calls (name, by, beside) VALUES (table_name, distribution_column, colocate_with);
        END $$;
        """;

    private const string Extension = "CREATE EXTENSION IF NOT EXISTS citus;";

    [Fact]
    public async Task Every_table_is_distributed_by_its_bucket_beside_the_heads_or_is_everywhere()
    {
        var store = PostgresServer.Instance.NewDatabase();
        await using (await PostgresLedger.OpenAsync(store))
        {
        }

        var database = new Uri(store).AbsolutePath[1..];
        string Answer(string sql) => PostgresServer.Instance.Sql(database, $"SELECT coalesce(string_agg(what::text, ', '), '') FROM ({sql}) answer (what)");
        var script = await File.ReadAllTextAsync(Repo.Path("deploy/citus.sql"), TestContext.Current.CancellationToken);
        Assert.Contains(Extension, script, StringComparison.Ordinal);
        PostgresServer.Instance.Sql(database, StandIns);
        var run = $"SET search_path = public, stand_in; {script.Replace(Extension, "", StringComparison.Ordinal)}";

        // One transaction: a failure on the way leaves nothing. Then whole, and once more, as after an upgrade.
        Assert.ThrowsAny<Npgsql.PostgresException>(
            () => PostgresServer.Instance.Sql(database, run.Replace("('cells', 'bucket'", "('cells', 'hour'", StringComparison.Ordinal)));
        Assert.Equal("0", Answer("SELECT count(*) FROM stand_in.calls"));
        PostgresServer.Instance.Sql(database, run);
        PostgresServer.Instance.Sql(database, run);

        // Partitions go where their table goes.
        const string tables = "SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition";
        Assert.Equal("", Answer($"SELECT oid::regclass FROM ({tables}) t WHERE (SELECT count(*) FROM stand_in.calls WHERE name = t.oid) <> 1"));
        Assert.Equal("", Answer($"SELECT name FROM stand_in.calls WHERE name NOT IN ({tables})"));
        Assert.Equal("",
            Answer("SELECT c.name FROM stand_in.calls c WHERE by IS NULL AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.name AND attname = 'bucket')"));
        Assert.Equal("heads", Answer("SELECT name FROM stand_in.calls WHERE by IS NOT NULL AND beside = 'none'"));
        Assert.Equal(
            "", Answer("SELECT name FROM stand_in.calls WHERE by IS NOT NULL AND (by <> 'bucket' OR (beside <> 'heads' AND name <> 'heads'::regclass))"));
        Assert.Equal("", Answer("""
            SELECT i.indexrelid::regclass FROM pg_index i JOIN stand_in.calls c ON c.name = i.indrelid
            WHERE i.indisunique AND by IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.name AND a.attname = c.by AND a.attnum = ANY (i.indkey))
            """));
        Assert.Equal("", Answer("SELECT conname FROM pg_constraint WHERE contype = 'f'"));
    }
}
