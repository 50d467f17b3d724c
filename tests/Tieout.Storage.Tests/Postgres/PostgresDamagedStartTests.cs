using Npgsql;
using Tieout.Storage.Postgres;
using Tieout.Storage.Tests.Contract;
using Tieout.Storage.Writing;

namespace Tieout.Storage.Tests.Postgres;

/// <summary>A ledger on PostgreSQL whose rows are damaged one by one. One bucket, so that one start reads every row.</summary>
[Trait("Long", "yes")]
public sealed class PostgresDamagedStartTests : DamagedStartContract
{
    private readonly string _store = PostgresServer.Instance.NewDatabase();

    private bool _isKept;
    private string[]? _tables;

    private string[] Tables => _tables ??= [.. Columns().Select(column => column.Table).Distinct()];

    internal override int Stride => 37;

    private string Database => new Uri(_store).AbsolutePath[1..];

    internal override ILedger Open() => Task.Run(() => PostgresLedger.OpenAsync(_store, buckets: 1, LedgerWriter.BatchMax, Clock)).GetAwaiter().GetResult();

    internal override void AssertVerified() => PostgresVerified.Clean(_store);

    internal override IReadOnlyList<(string Table, string Column)> Columns() => [
        .. PostgresServer.Instance.Sql(Database, """
            SELECT string_agg(c.table_name || '.' || c.column_name, ' ' ORDER BY c.table_name, c.ordinal_position)
            FROM information_schema.columns c JOIN pg_class k ON k.relname = c.table_name AND k.relnamespace = 'public'::regnamespace
            WHERE c.table_schema = 'public' AND k.relkind IN ('r', 'p') AND NOT k.relispartition AND c.is_generated = 'NEVER' AND c.table_name <> 'schema_version'
            """).Split(' ').Select(name => name.Split('.')).Select(name => (name[0], name[1])),
    ];

    internal override bool TryDamage(string table, string column, string value, bool first)
    {
        if (!_isKept) PostgresServer.Instance.Sql(Database, Keep());
        _isKept = true;
        try
        {
            return PostgresServer.Instance.Sql(Database, $"""
                SET session_replication_role = replica;
                UPDATE {table} SET {column} = {value} WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM {table} t ORDER BY t::text {(first ? "" : "DESC")} LIMIT 1) AND {column} IS DISTINCT FROM {value} RETURNING 'damaged'
                """) == "damaged";
        }
        catch (PostgresException)
        {
            return false;
        }
    }

    // All tables: the ledger may have written in between.
    internal override void Restore(string table) => PostgresServer.Instance.Sql(
        Database, $"SET session_replication_role = replica; {string.Concat(Tables.Select(name => $"DELETE FROM {name}; INSERT INTO {name} SELECT * FROM kept.{name}; "))}");

    private string Keep() => $"CREATE SCHEMA kept; {string.Concat(Tables.Select(name => $"CREATE TABLE kept.{name} AS SELECT * FROM {name}; "))}";
}
