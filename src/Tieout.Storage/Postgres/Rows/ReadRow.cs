using System.Numerics;
using Npgsql;
using Tieout.Core.Ledger;
using Tieout.Storage.Rows;

namespace Tieout.Storage.Postgres.Rows;

/// <summary>The row that a reader stands on.</summary>
internal sealed class ReadRow(NpgsqlDataReader reader) : IRow
{
    public bool IsNull(int column) => reader.IsDBNull(column);

    public long Int64(int column) => reader.GetInt64(column);

    /// <remarks>A stored sum is numeric, which has no range; a count or an amount of one row is a bigint.</remarks>
    public Int128 Int128(int column) =>
        reader.GetFieldType(column) == typeof(decimal) ? (Int128)reader.GetFieldValue<BigInteger>(column) : reader.GetInt64(column);

    public string Text(int column) => reader.GetString(column);

    public ReadOnlySpan<byte> Bytes(int column) => reader.GetFieldValue<byte[]>(column);

    public Guid Guid(int column) => reader.GetGuid(column);
}

/// <summary>Statements and their rows.</summary>
internal static class Reads
{
    /// <summary>Reads all rows of the current result and goes to the next.</summary>
    public static async Task<List<T>> ListAsync<T>(this NpgsqlDataReader reader, Func<IRow, T> read)
    {
        var rows = new List<T>();
        var row = new ReadRow(reader);
        while (await reader.ReadAsync()) rows.Add(read(row));
        await reader.NextResultAsync();
        return rows;
    }

    /// <param name="sql">With <c>$1</c> and on for the values. Never put together from anyone's input.</param>
    public static NpgsqlBatchCommand Add(this NpgsqlBatch batch, string sql, params ReadOnlySpan<object> values)
    {
#pragma warning disable CA2100 // Our own text: column lists and constants.
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        foreach (var value in values) command.Parameters.Add(Parameter(value));
        batch.BatchCommands.Add(command);
        return command;
    }

    public static NpgsqlParameter Parameter(object value) => value switch
    {
        int number => new NpgsqlParameter<int> { TypedValue = number },
        long number => new NpgsqlParameter<long> { TypedValue = number },
        string text => new NpgsqlParameter<string> { TypedValue = text },
        Guid id => new NpgsqlParameter<Guid> { TypedValue = id },
        _ => new NpgsqlParameter { Value = value },
    };

    public static readonly string HeadColumns = RowReads.ChainColumns + ", first_open_hold";

    public static Head Head(IRow row) => new(RowReads.Chain(row, []), row.Int64(RowReads.ChainColumnCount));
}

/// <summary>Where a bucket ends.</summary>
/// <param name="FirstOpenHold">No open hold comes before it.</param>
internal sealed record Head(ChainRow Chain, long FirstOpenHold);
