using Npgsql;

namespace Tieout.Storage.Postgres.Rows;

/// <summary>A table whose key begins with the bucket, and the two ways of writing rows to it: COPY for many, arrays for few.</summary>
internal sealed class Table<T>
{
    /// <summary>From here on a COPY, which costs two round trips more, is the faster way.</summary>
    private const int RowsWorthCopying = 48;

    private readonly Column<T>[] _columns;
    private readonly string _insert;
    private readonly string _copy;

    /// <param name="then">What comes after the rows, for tables whose rows are replaced.</param>
    public Table(string name, Column<T>[] columns, string then = "")
    {
        _columns = columns;
        var names = string.Join(", ", columns.Select(column => column.Name));
        var arrays = string.Join(", ", columns.Select((column, index) => $"${index + 2}::{column.SqlType}[]"));
        _insert = $"INSERT INTO {name} (bucket, {names}) SELECT $1, rows.* FROM unnest({arrays}) rows {then}".TrimEnd();
        _copy = $"COPY {name} (bucket, {names}) FROM STDIN (FORMAT binary)";
    }

    /// <summary>Whether so many rows are copied, before the batch that the rest goes in.</summary>
    public static bool IsCopied(int rows) => rows >= RowsWorthCopying;

    /// <summary>Adds the rows to a batch, as one statement; nothing if there are none.</summary>
    public void Insert(NpgsqlBatch batch, int bucket, IReadOnlyList<T> rows)
    {
        if (rows.Count == 0) return;
        var command = new NpgsqlBatchCommand(_insert);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = bucket });
        foreach (var column in _columns) command.Parameters.Add(column.Values(rows));
        batch.BatchCommands.Add(command);
    }

    public async Task CopyAsync(NpgsqlConnection connection, CopyBuffer buffer, int bucket, IReadOnlyList<T> rows)
    {
        buffer.Begin();
        for (var i = 0; i < rows.Count; i++)
        {
            buffer.Row(_columns.Length + 1);
            buffer.Int(bucket);
            foreach (var column in _columns) column.Copy(buffer, rows[i]);
        }

        buffer.End();
        await using var stream = await connection.BeginRawBinaryCopyAsync(_copy);
        await stream.WriteAsync(buffer.Written);
    }
}
