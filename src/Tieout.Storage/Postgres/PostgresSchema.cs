using System.Globalization;
using Npgsql;
using Tieout.Core.Ledger;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres;

/// <summary>Brings a database to the schema of this program: forward only, one file each, never edited once released.</summary>
internal static class PostgresSchema
{
    private const string Prefix = "postgres/";
    private const string Views = "postgres-views.sql";

    /// <summary>Held while migrating, so that any number of nodes may start at once. Any number that nobody else uses.</summary>
    private const long MigrationLock = 8_432_675_001;

    private static readonly (int Number, string Name)[] Migrations =
    [
        .. typeof(PostgresSchema).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => (int.Parse(name.AsSpan(Prefix.Length, 4), CultureInfo.InvariantCulture), name)),
    ];

    public static int Newest => Migrations[^1].Number;

    /// <summary>What makes the whole schema from nothing, in order.</summary>
    public static IEnumerable<string> Statements =>
        ["CREATE TABLE IF NOT EXISTS schema_version (number int PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
            .. Migrations.Select(migration => Read(migration.Name)), ViewWords.Fill(Read(Views))];

    /// <param name="buckets">How many buckets a database gets that has none yet.</param>
    /// <returns>How many buckets it has.</returns>
    /// <exception cref="StoreUnavailableException">A newer program has written here.</exception>
    public static async Task<Buckets> MigrateAsync(NpgsqlConnection connection, int buckets, CancellationToken cancellationToken)
    {
        await RunAsync(connection, $"SELECT pg_advisory_lock({MigrationLock})", cancellationToken);
        try
        {
            await RunAsync(connection, Statements.First(), cancellationToken);
            var version = await NumberAsync(connection, "SELECT coalesce(max(number), 0) FROM schema_version", cancellationToken);
            if (version > Newest)
            {
                throw new StoreUnavailableException(
                    $"The store has schema {version}; this program knows {Newest}. Use the newer program.", StoreEffect.None, StoreFault.NotWritable);
            }

            foreach (var (number, name) in Migrations)
            {
                if (number <= version) continue;

                // The views go with the newest tables, in one transaction: no program sees the ones without the others.
                var views = number == Newest ? ViewWords.Fill(Read(Views)) : "";
                await RunAsync(connection,
                    $"BEGIN;\n{Read(name)}\n{views}\nINSERT INTO schema_version (number, name) VALUES ({number}, '{name[Prefix.Length..]}');\nCOMMIT",
                    cancellationToken);
            }

            await LayOutAsync(connection, buckets, cancellationToken);
            await UsageMonths.MakeAheadAsync(connection, cancellationToken);
            return await LayoutAsync(connection, cancellationToken);
        }
        finally
        {
            // A migration that failed has left its transaction behind, which would hide why.
            if (connection.FullState == System.Data.ConnectionState.Open)
            {
                await RunAsync(connection, $"ROLLBACK; SELECT pg_advisory_unlock({MigrationLock})", cancellationToken);
            }
        }
    }

    /// <summary>How many buckets a database has that is of this program's schema.</summary>
    /// <exception cref="StoreUnavailableException">It has another schema.</exception>
    public static async Task<Buckets> CurrentAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var exists = await NumberAsync(connection, "SELECT count(*)::int FROM pg_class WHERE oid = to_regclass('schema_version')", cancellationToken) > 0;
        var version = exists ? await NumberAsync(connection, "SELECT coalesce(max(number), 0) FROM schema_version", cancellationToken) : 0;
        return version == Newest ? await LayoutAsync(connection, cancellationToken) : throw new StoreUnavailableException(
            $"The store has schema {version}, and this program has {Newest}: use the program of the servers.", StoreEffect.None, StoreFault.NotWritable);
    }

    /// <summary>How many buckets a database has that is laid out.</summary>
    public static async Task<Buckets> LayoutAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => Buckets.Of(
        await NumberAsync(connection, "SELECT buckets FROM layout", cancellationToken),
        await NumberAsync(connection, "SELECT count(*)::int FROM heads", cancellationToken));

    private static async Task LayOutAsync(NpgsqlConnection connection, int buckets, CancellationToken cancellationToken)
    {
        if (await NumberAsync(connection, "SELECT count(*)::int FROM layout", cancellationToken) > 0) return;
        // No commit yet: every column of the chain is zero, and the hash 32 zero bytes.
        var zeros = string.Join(
            ", ", TableColumns<ChainTable, ChainRow>.All.Select(column => column.Type is ColumnType.Bytes ? "decode(repeat('00', 32), 'hex')" : "0"));
        var heads = string.Join(", ", Enumerable.Range(0, new Buckets(buckets).All).Select(bucket => $"({bucket}, {zeros}, 1)"));
        await RunAsync(connection,
            $"BEGIN; INSERT INTO heads (bucket, {TableColumns<ChainTable, ChainRow>.Names}, first_open_hold) VALUES {heads}; INSERT INTO layout VALUES (1, {buckets}); COMMIT", cancellationToken);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        // All of it is our own text: resources of this assembly and numbers.
#pragma warning disable CA2100
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<int> NumberAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static string Read(string name)
    {
        using var stream = typeof(PostgresSchema).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
