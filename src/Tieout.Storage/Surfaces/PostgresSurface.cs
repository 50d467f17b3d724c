using Npgsql;
using Tieout.Storage.Postgres;

namespace Tieout.Storage.Surfaces;

/// <summary>Rows of a database that is not ours, for comparisons. Nothing is ever written there.</summary>
/// <param name="address"><c>postgres://user@host:port/database</c>.</param>
/// <param name="timeout">For the whole reading; the server ends the statement by itself after it.</param>
public sealed class PostgresSurface(string address, TimeSpan timeout)
{
    /// <summary>A row at a time: the longest that a value may be, in characters.</summary>
    private const int TextMax = 64 * 1024;

    /// <summary>Reads a query's rows, each value as JSON would write it: times in ISO 8601 with their offset, numbers plain.</summary>
    /// <remarks>
    /// The query runs inside another, so it can only be one SELECT, VALUES or TABLE and cannot change anything; in a read-only transaction besides.
    /// What it may see is the database role's business.
    /// </remarks>
    /// <param name="columns">By name; a required one must be there.</param>
    /// <param name="rowsMax">One row more is refused.</param>
    /// <param name="row">Gets the values in the order of <paramref name="columns"/> (null: nothing, or no such column) and the row's number from 1.</param>
    /// <exception cref="SurfaceException">It cannot be reached or read.</exception>
    public async Task ReadAsync(
        string query, IReadOnlyList<(string Name, bool Required)> columns, long rowsMax, Action<string?[], long> row, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(timeout);
        try
        {
            await using var source = PostgresAddress.Source(address);
            await using var connection = await source.OpenConnectionAsync(limited.Token);
            await RunAsync(connection, "BEGIN TRANSACTION READ ONLY", limited.Token);
            await RunAsync(connection, $"SET LOCAL statement_timeout = {(long)timeout.TotalMilliseconds}", limited.Token);
            await RunAsync(connection, "SET LOCAL TimeZone = 'UTC'", limited.Token);
            await ReadAsync(connection, query.Trim().TrimEnd(';'), columns, rowsMax, row, limited.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SurfaceException($"The query took longer than {timeout.TotalSeconds} s.");
        }
        catch (NpgsqlException e)
        {
            throw new SurfaceException(e is PostgresException refused
                ? $"The database refused the query: {refused.MessageText}." : $"The database cannot be read: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private static async Task ReadAsync(
        NpgsqlConnection connection, string query, IReadOnlyList<(string Name, bool Required)> columns, long rowsMax, Action<string?[], long> row,
        CancellationToken cancellationToken)
    {
        var names = await NamesAsync(connection, query, cancellationToken);
        var places = columns.Select(column => names.Find(name => string.Equals(name, column.Name, StringComparison.OrdinalIgnoreCase))).ToArray();
        for (var i = 0; i < places.Length; i++)
        {
            if (places[i] is null && columns[i].Required)
            {
                throw new SurfaceException($"The query has no column '{columns[i].Name}'; it has {string.Join(", ", names)}.");
            }
        }

        var selected = places.Select(name => name is null ? "NULL" : $"left(to_jsonb(s.{Quoted(name)}) #>> '{{}}', {TextMax})");
        await using var batch = Single(connection, $"SELECT {string.Join(", ", selected)} FROM ({query}\n) s LIMIT {rowsMax + 1}");
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        for (var number = 1L; await reader.ReadAsync(cancellationToken); number++)
        {
            if (number > rowsMax) throw new SurfaceException($"The query has more than {rowsMax} rows: let it sum them.");
            row([.. Enumerable.Range(0, places.Length).Select(i => reader.IsDBNull(i) ? null : reader.GetString(i))], number);
        }
    }

    private static async Task<List<string>> NamesAsync(NpgsqlConnection connection, string query, CancellationToken cancellationToken)
    {
        await using var batch = Single(connection, $"SELECT * FROM ({query}\n) s LIMIT 0");
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];
    }

    /// <summary>A batch of one: its text goes to the server as it is, and the server takes one statement only.</summary>
    private static NpgsqlBatch Single(NpgsqlConnection connection, string sql) => new(connection) { BatchCommands = { new NpgsqlBatchCommand(sql) } };

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var batch = Single(connection, sql);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>Another book cannot be read: its message says why. Nothing of ours is changed by it.</summary>
public sealed class SurfaceException : Exception
{
    public SurfaceException()
    {
    }

    public SurfaceException(string message)
        : base(message)
    {
    }

    public SurfaceException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}
