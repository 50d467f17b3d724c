using Npgsql;
using Tieout.Storage.Postgres.Writing;
using Tieout.Storage.Verification;

namespace Tieout.Storage.Postgres.Verification;

/// <summary>The tables, columns, constraints, indexes, triggers, rules, policies, views and functions of a database against those that the migrations
/// make.</summary>
/// <remarks>
/// The migrations run in a schema of their own, in a transaction that is rolled back, and the server describes both schemas in its own words:
/// so the comparison holds for each version of PostgreSQL, and nothing is kept beside the migrations that could differ from them.
/// </remarks>
internal static class PostgresSchemaCheck
{
    private const string Scratch = "tieout_verify_schema";

    // Partitions by month are made while the program runs; what hangs on one of them (a trigger, a rule, a policy) is looked at all the same.
    private const string Describe = """
        WITH own AS (SELECT oid AS space FROM pg_namespace WHERE nspname = current_schema()),
        tables AS (SELECT c.* FROM pg_class c, own WHERE c.relnamespace = own.space AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')),
        whole AS (SELECT * FROM tables WHERE NOT relispartition)
        SELECT 'table ' || relname, relkind::text || relpersistence::text || CASE WHEN relrowsecurity THEN ' row security' ELSE '' END FROM whole
        UNION ALL SELECT 'column ' || t.relname || '.' || a.attname,
          format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid, true), '') || a.attgenerated::text || a.attidentity::text
          FROM whole t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        UNION ALL SELECT 'constraint ' || t.relname || '.' || o.conname, pg_get_constraintdef(o.oid, true) FROM whole t JOIN pg_constraint o ON o.conrelid = t.oid WHERE o.contype <> 'n'
        UNION ALL SELECT 'index ' || t.relname || '.' || i.relname, pg_get_indexdef(i.oid, 0, true) || CASE WHEN x.indisvalid THEN '' ELSE ' INVALID' END
          FROM whole t JOIN pg_index x ON x.indrelid = t.oid JOIN pg_class i ON i.oid = x.indexrelid
        UNION ALL SELECT 'trigger ' || t.relname || '.' || g.tgname, pg_get_triggerdef(g.oid, true) || g.tgenabled::text FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
        UNION ALL SELECT 'rule ' || t.relname || '.' || r.rulename, pg_get_ruledef(r.oid, true) FROM tables t JOIN pg_rewrite r ON r.ev_class = t.oid WHERE r.rulename <> '_RETURN'
        UNION ALL SELECT 'policy ' || t.relname || '.' || p.polname, coalesce(pg_get_expr(p.polqual, p.polrelid, true), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid, true), '') FROM tables t JOIN pg_policy p ON p.polrelid = t.oid
        UNION ALL SELECT 'view ' || relname, pg_get_viewdef(oid, true) FROM whole WHERE relkind IN ('v', 'm')
        UNION ALL SELECT 'function ' || f.proname || '(' || pg_get_function_identity_arguments(f.oid) || ')', replace(pg_get_functiondef(f.oid), current_schema() || '.', '') FROM pg_proc f, own
          WHERE f.pronamespace = own.space AND f.prokind = 'f' AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = f.oid AND d.deptype = 'e')
        """;

    public static async Task RunAsync(string store, Findings findings, CancellationToken cancellationToken)
    {
        try
        {
            await using var source = PostgresAddress.Source(store, PostgresUse.Alone);
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await ExecuteAsync(
                connection, $"BEGIN; SET LOCAL client_min_messages = error; CREATE SCHEMA {Scratch}; SET LOCAL search_path = {Scratch}", cancellationToken);
            foreach (var sql in PostgresSchema.Statements) await ExecuteAsync(connection, sql, cancellationToken);
            var expected = await ReadAsync(connection, cancellationToken);
            await ExecuteAsync(connection, "SET LOCAL search_path = public", cancellationToken);
            var found = await ReadAsync(connection, cancellationToken);
            await ExecuteAsync(connection, "ROLLBACK", cancellationToken);
            SchemaDifference.Report(expected, Own(found, expected), findings);
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.ReadOnlySqlTransaction)
        {
            findings.Broken(SchemaDifference.Id,
                $"The schema was not compared: {refused.MessageText}. Verify as a role that may create a schema in the database, on a server that can be written.");
        }
        catch (Exception failure) when (PostgresFailure.IsWorld(failure))
        {
            throw PostgresFailure.ToUnavailable(failure, StoreEffect.None);
        }
    }

    /// <summary>A database may hold other people's tables, views and functions. What hangs on one of ours is ours to explain.</summary>
    private static Dictionary<string, string> Own(Dictionary<string, string> found, Dictionary<string, string> expected)
    {
        var tables = found.Keys.Where(name => name.StartsWith("table ", StringComparison.Ordinal))
            .Select(name => name["table ".Length..]).Where(name => !expected.ContainsKey($"table {name}")).ToHashSet(StringComparer.Ordinal);
        return found.Where(entry => expected.ContainsKey(entry.Key) || !IsForeign(entry.Key, tables)).ToDictionary(StringComparer.Ordinal);
    }

    private static bool IsForeign(string name, HashSet<string> foreignTables)
    {
        var (kind, rest) = (name[..name.IndexOf(' ', StringComparison.Ordinal)], name[(name.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        return kind is "function" or "table" or "view" || foreignTables.Contains(rest.Split('.')[0]);
    }

    private static async Task<Dictionary<string, string>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var objects = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand(Describe, connection);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken)) objects[rows.GetString(0)] = rows.GetString(1);
        return objects;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        // All of it is our own text: resources of this assembly.
#pragma warning disable CA2100
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
