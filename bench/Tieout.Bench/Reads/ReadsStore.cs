using System.Globalization;
using Npgsql;
using Tieout.Bench.Ledger;
using Tieout.Core;
using Tieout.Core.Ledger.Tables;
using Tieout.Storage;
using Tieout.Storage.Postgres;
using Tieout.Storage.Sqlite;
using Tieout.Storage.Sqlite.Follower;

namespace Tieout.Bench.Reads;

/// <summary>A store with a whole book, made once and left, on which reads are measured.</summary>
internal abstract class ReadsStore : IAsyncDisposable
{
    public abstract ILedger Ledger { get; }

    /// <summary>Bytes of the ledger, and of what the follower stored of it.</summary>
    public abstract Task<(long Ledger, long Derived)> BytesAsync();

    /// <summary>What is committed is in the tables that readers and the follower read.</summary>
    public abstract Task FlushAsync();

    public abstract ValueTask DisposeAsync();

    /// <param name="postgres">The address of any database of a server; null: the embedded store.</param>
    /// <exception cref="InvalidOperationException">The store has another number of rows: an earlier run did not finish it.</exception>
    public static async Task<ReadsStore> OpenAsync(string folder, string? postgres, long rows, CancellationToken cancellationToken)
    {
        ReadsStore store = postgres is null
            ? new SqliteReads(folder, (await BuiltBook.OpenAsync(folder, rows, cancellationToken)).Ledger)
            : await PostgresReads.OnServerAsync(postgres, folder, rows, cancellationToken);
        await store.FlushAsync();
        var found = 0L;
        foreach (var org in store.Ledger.Read.Orgs)
        {
            found += (await store.Ledger.Read.SumsAsync(new(org, Instant.UnixEpoch, Instant.EndOfTime), cancellationToken)).Sum(line => line.Sums.Attempts);
        }

        if (found == rows) return store;
        await store.DisposeAsync();
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
            $"The bench's store of {rows} usage records has {found}: an earlier run did not finish it. Delete it and run again."));
    }
}

/// <summary>The embedded store in a folder.</summary>
internal sealed class SqliteReads(string folder, SqliteLedger ledger) : ReadsStore
{
    public override ILedger Ledger => ledger;

    public override Task<(long Ledger, long Derived)> BytesAsync() =>
        Task.FromResult((new FileInfo(ledger.Store.Database).Length, new FileInfo(DerivedFile.In(folder)).Length));

    public override Task FlushAsync() => ledger.FlushAsync();

    public override ValueTask DisposeAsync() => ledger.DisposeAsync();
}

/// <summary>A database of its own for each size, on a server that is there.</summary>
internal sealed class PostgresReads(string address, PostgresLedger ledger) : ReadsStore
{
    private static readonly string[] Derived =
    [
        RecountTable.Name, StatusTable.Name, MonthTable.Name, HourRowsTable.Name, IdRunTable.Name, IdBlockTable.Name, UsageSketchTable.Name, ToolHourTable.Name,
        ClassCostTable.Name, "follower",
    ];

    public override ILedger Ledger => ledger;

    public static async Task<PostgresReads> OnServerAsync(string server, string folder, long rows, CancellationToken cancellationToken)
    {
        var database = string.Create(CultureInfo.InvariantCulture, $"tieout_bench_reads_{rows}");
        var isThere = await ScalarAsync(server, "SELECT count(*) FROM pg_database WHERE datname = $1", database) > 0;
        if (!isThere) await ScalarAsync(server, $"CREATE DATABASE {database}");
        var address = new UriBuilder(server) { Path = database }.Uri.ToString();
        var ledger = await PostgresLedger.OpenAsync(address);
        if (!isThere)
        {
            await BuiltBook.FillAsync(ledger, folder, rows, cancellationToken);

            // As a store is some minutes after it was written.
            await ScalarAsync(address, "VACUUM (ANALYZE)");
        }

        return new(address, ledger);
    }

    public override async Task<(long Ledger, long Derived)> BytesAsync()
    {
        const string tables =
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            + "WHERE n.nspname = 'public' AND c.relkind = 'r' AND (c.relname = ANY($1)) = ";
        return (await ScalarAsync(address, $"{tables}false", Derived), await ScalarAsync(address, $"{tables}true", Derived));
    }

    public override Task FlushAsync() => Task.CompletedTask;

    public override ValueTask DisposeAsync() => ledger.DisposeAsync();

    private static async Task<long> ScalarAsync(string store, string sql, object? value = null)
    {
        try
        {
            return await RunAsync(store, sql, value);
        }
        catch (NpgsqlException e)
        {
            throw new InvalidOperationException($"The server cannot be used for the bench: {e.Message}", e);
        }
    }

    private static async Task<long> RunAsync(string store, string sql, object? value)
    {
        await using var source = PostgresAddress.Source(store);
        await using var connection = await source.OpenConnectionAsync();
#pragma warning disable CA2100 // Names of our own making.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
        switch (value)
        {
            case string text: command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = text }); break;
            case string[] texts: command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = texts }); break;
            default: break;
        }

        return await command.ExecuteScalarAsync() is long number ? number : 0;
    }
}
